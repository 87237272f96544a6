// nodectl/commands/node.cc — docker-env and service: how people and their programs reach what runs
// on this node.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

#include "base/text.h"
#include "gen/core_v1.h"
#include "nodectl/commands.h"
#include "nodectl/print/format.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

Result<int> docker_env() {
  const auto where = NODAL_TRY(layout());
  const auto settings = NODAL_TRY(settings_here(where));
  std::puts(text::cat("export DOCKER_HOST=\"unix://", settings.docker_socket, "\"").c_str());
  std::puts("unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH");
  std::puts("# To use the node's Docker in this shell, run:\n# eval $(nodectl docker-env)");
  return 0;
}

Result<int> service_url(const Globals& globals, const std::string& name, bool url_only,
                        std::string_view output) {
  auto cluster = NODAL_TRY(connect(globals));
  const auto service = NODAL_TRY(cluster.client->get<core_v1::Service>(cluster.ns, name));
  const auto nodes = NODAL_TRY(cluster.client->list<core_v1::Node>());
  std::string address;
  for (const auto& node : nodes.items)
    for (const auto& a : node.status.addresses)
      if (a.type == "InternalIP" && address.empty()) address = a.address;
  if (address.empty())
    return fail(Errc::unavailable, "no node has an address yet; see `nodectl get nodes`");
  std::vector<std::vector<std::string>> rows{{"NAMESPACE", "NAME", "TARGET PORT", "URL"}};
  json::array document;
  for (const auto& port : service.spec.ports) {
    if (port.node_port == 0) continue;
    const auto url = text::cat("http://", address, ":", port.node_port);
    document.push_back(json::object{{"namespace", cluster.ns},
                                    {"name", name},
                                    {"portName", port.name},
                                    {"port", port.port},
                                    {"nodePort", port.node_port},
                                    {"url", url}});
    if (url_only && output.empty()) std::puts(url.c_str());
    rows.push_back({cluster.ns, name,
                    text::cat(port.name.empty() ? "" : text::cat(port.name, "/"), port.port), url});
  }
  if (rows.size() == 1)
    return fail(Errc::invalid, text::cat("service ", name, " has no node port (its type is ",
                                         service.spec.type, "); make it one with type: NodePort"));
  if (!output.empty())
    std::fputs(NODAL_TRY(print_document(document, output)).c_str(), stdout);
  else if (!url_only)
    std::fputs(text::table(rows).c_str(), stdout);
  return 0;
}

}  // namespace

Command docker_env_command() {
  return {.name = "docker-env",
          .help = "For eval: use the node's Docker in this shell",
          .group = kClusterGroup,
          .examples = {"eval $(nodectl docker-env)",
                       "docker build -t web:1 .     then pods can use web:1 at once"},
          .run = [] { return docker_env(); },
          .own = true};
}

Command service_command(const Globals& globals) {
  struct Options {
    std::vector<std::string> names;
    std::string output;
    bool url = false;
  };
  const auto options = std::make_shared<Options>();
  return {.name = "service",
          .help = "Where a Service answers on this node",
          .usage = "NAME",
          .group = kClusterGroup,
          .flags = {{.names = "--url", .help = "Only the URL", .target = &options->url},
                    document_flag(options->output)},
          .args = &options->names,
          .least_args = 1,
          .most_args = 1,
          .offer = Offer::services,
          .examples = {"nodectl service web", "curl $(nodectl service web --url)"},
          .run =
              [options, &globals] {
                return service_url(globals, options->names[0], options->url, options->output);
              },
          .own = true};
}

}  // namespace nodal::nodectl
