// nodectl/cluster/parts.cc — see parts.h.
#include "nodectl/cluster/parts.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"
#include "api-client/codec/time.h"
#include "base/file.h"
#include "base/text.h"
#include "nodectl/cluster/process.h"

namespace nodal::nodectl {

namespace json = boost::json;

std::vector<Part> parts_of(const Layout& layout, const Settings& settings) {
  const auto program = [&](const char* name) { return layout.programs + "/" + name; };
  std::vector<Part> out{
      {"master",
       "API server, store, controllers and scheduler",
       {program("nodal-master"), "--data-dir", layout.state + "/master", "--listen",
        settings.listen, "--service-cidr", settings.service_cidr, "--cluster-cidr",
        settings.cluster_cidr, "--advertise-address", api_address(settings), "--audit-log-path",
        layout.log + "/audit.log"}},
      {"agent",
       "runs pods through Docker",
       {program("nodal-agent"), "--kubeconfig", layout.state + "/agent.kubeconfig", "--node-name",
        settings.node_name, "--node-ip", settings.node_ip, "--docker-socket",
        settings.docker_socket, "--root-dir", layout.state + "/agent", "--cni-conf-dir",
        layout.cni_config, "--cni-bin-dir", layout.cni_programs(), "--cluster-dns",
        settings.cluster_dns, "--cluster-domain", settings.cluster_domain, "--listen",
        settings.node_ip + ":10250", "--tls-cert", layout.state + "/pki/agent.crt", "--tls-key",
        layout.state + "/pki/agent.key", "--client-ca", layout.state + "/pki/ca.crt",
        // A single node's Docker is often somebody's own as well: their images are theirs.
        "--image-gc-high-threshold", "100", "--register-labels",
        "node-role.kubernetes.io/control-plane="}},
      {"proxy",
       "programs Services and answers DNS",
       {program("nodal-proxy"), "--kubeconfig", layout.state + "/proxy.kubeconfig", "--node-name",
        settings.node_name, "--cluster-cidr", settings.cluster_cidr, "--service-cidr",
        settings.service_cidr, "--cluster-dns", settings.cluster_dns, "--cluster-domain",
        settings.cluster_domain, "--debug-socket", layout.proxy_socket()}},
  };
  for (const auto& addon : addons_of(settings))
    if (addon == "ingress")
      out.push_back(
          {"ingress",
           "brings HTTP from outside to Services",
           {program("nodal-ingress"), "--kubeconfig", layout.state + "/ingress.kubeconfig",
            "--node-ip", settings.node_ip, "--folder", layout.run + "/ingress", "--error-log",
            layout.log + "/nginx.log"}});
  return out;
}

bool is_running(const PartState& part) {
  return part.pid > 0 && start_ticks(part.pid) == part.start_ticks;
}

Result<std::vector<PartState>> read_parts(const Layout& layout) {
  const auto document = NODAL_TRY(codec::parse(NODAL_TRY(file::read(layout.parts(), 1 << 20))));
  const auto* list = document.if_array();
  if (list == nullptr) return fail(Errc::invalid, layout.parts() + ": not a JSON list");
  std::vector<PartState> out;
  for (const auto& item : *list) {
    const auto* object = item.if_object();
    if (object == nullptr) continue;
    const auto number = [&](const char* name) {
      const auto* value = object->if_contains(name);
      return value != nullptr && value->is_int64() ? value->get_int64() : 0;
    };
    const auto string = [&](const char* name) {
      const auto* value = object->if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                    : std::string();
    };
    PartState part;
    part.name = string("name");
    part.pid = static_cast<pid_t>(number("pid"));
    part.start_ticks = static_cast<std::uint64_t>(number("startTicks"));
    part.started_at = parse_time(string("startedAt")).value_or(TimePoint{});
    part.restarts = static_cast<int>(number("restarts"));
    part.last_exit = string("lastExit");
    part.last_exit_code = static_cast<int>(number("lastExitCode"));
    part.last_exit_at = parse_time(string("lastExitAt")).value_or(TimePoint{});
    out.push_back(std::move(part));
  }
  return out;
}

Result<> write_parts(const Layout& layout, const std::vector<PartState>& parts) {
  json::array list;
  for (const auto& part : parts)
    list.push_back(json::object{{"name", part.name},
                                {"pid", part.pid},
                                {"startTicks", static_cast<std::int64_t>(part.start_ticks)},
                                {"startedAt", format_micro_time(part.started_at)},
                                {"restarts", part.restarts},
                                {"lastExit", part.last_exit},
                                {"lastExitCode", part.last_exit_code},
                                {"lastExitAt", format_micro_time(part.last_exit_at)}});
  return file::write(layout.parts(), json::serialize(list) + "\n", 0600);
}

}  // namespace nodal::nodectl
