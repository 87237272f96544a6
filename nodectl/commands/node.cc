// nodectl/commands/node.cc — up, status, stop, supervise, docker-env, service: rows of the table
// about this node's cluster.
#include <cstdio>

#include "base/text.h"
#include "gen/core_v1.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

Result<int> zero(const Result<>& done) {
  if (!done) return std::unexpected(done.error());
  return 0;
}

Result<> docker_env() {
  const auto where = NODAL_TRY(layout());
  const auto settings = read_settings(where);
  if (!settings) return fail(Errc::not_found, "no cluster on this node; `nodectl up` starts one");
  std::puts(text::cat("export DOCKER_HOST=\"unix://", settings->docker_socket, "\"").c_str());
  std::puts("unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH");
  std::puts("# To use the node's Docker in this shell, run:\n# eval $(nodectl docker-env)");
  return {};
}

Result<> service_url(const Globals& globals, const std::string& name, bool url_only) {
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
  for (const auto& port : service.spec.ports) {
    if (port.node_port == 0) continue;
    const auto url = text::cat("http://", address, ":", port.node_port);
    if (url_only) std::puts(url.c_str());
    rows.push_back({cluster.ns, name,
                    text::cat(port.name.empty() ? "" : text::cat(port.name, "/"), port.port), url});
  }
  if (rows.size() == 1)
    return fail(Errc::invalid, text::cat("service ", name, " has no node port (its type is ",
                                         service.spec.type, "); make it one with type: NodePort"));
  if (!url_only) std::fputs(text::table(rows).c_str(), stdout);
  return {};
}

}  // namespace

Command up_command() {
  const auto options = std::make_shared<UpOptions>();
  auto& settings = options->settings;
  const auto flag = [](std::string names, std::string value, std::string help, std::string& to) {
    if (!to.empty()) help += text::cat(" (", to, ")");
    return Flag{.names = std::move(names),
                .value = std::move(value),
                .help = std::move(help),
                .target = &to};
  };
  const auto no_docker = std::make_shared<bool>(false);
  return {
      .name = "up",
      .help = "Start the cluster of this node, or what of it does not run",
      .group = kClusterGroup,
      .flags = {flag("--node-name", "NAME", "Name of the node; default: the host's",
                     settings.node_name),
                flag("--node-ip", "IP",
                     "Address of the node; default: that of the default route's interface",
                     settings.node_ip),
                flag("--listen", "ADDRESS:PORT",
                     "Address of the API server; default: all, port 6443", settings.listen),
                flag("--docker-socket", "PATH", "Docker's socket", settings.docker_socket),
                flag("--service-cidr", "CIDR", "Range of cluster IPs", settings.service_cidr),
                flag("--cluster-cidr", "CIDR", "Range of pods", settings.cluster_cidr),
                flag("--cluster-dns", "IP", "Address of the cluster's DNS", settings.cluster_dns),
                {.names = "--no-start-docker",
                 .help = "Do not start Docker when it does not run",
                 .target = no_docker.get()}},
      .run =
          [options, no_docker] {
            options->start_docker = !*no_docker;
            return zero(up(*options));
          },
      .own = true};
}

Command status_command() {
  const auto output = std::make_shared<std::string>();
  return {.name = "status",
          .help = "How the parts of this node are",
          .group = kClusterGroup,
          .flags = {{.names = "-o,--output",
                     .value = "FORMAT",
                     .help = "json or yaml",
                     .target = output.get(),
                     .offer = Offer::words,
                     .words = "json yaml"}},
          .run = [output] { return zero(status(*output)); },
          .own = true};
}

Command stop_command() {
  return {.name = "stop",
          .help = "Stop the parts; pods go on running",
          .group = kClusterGroup,
          .run = [] { return zero(stop()); },
          .own = true};
}

Command supervise_command() {
  return {.name = "supervise",
          .help = "Keep the parts running (what `up` starts)",
          .run = [] { return zero(supervise()); },
          .own = true};
}

Command docker_env_command() {
  return {.name = "docker-env",
          .help = "For eval: use the node's Docker in this shell",
          .group = kClusterGroup,
          .run = [] { return zero(docker_env()); },
          .own = true};
}

Command service_command(const Globals& globals) {
  struct Options {
    std::vector<std::string> names;
    bool url = false;
  };
  const auto options = std::make_shared<Options>();
  return {.name = "service",
          .help = "Where a Service answers on this node",
          .usage = "NAME",
          .group = kClusterGroup,
          .flags = {{.names = "--url", .help = "Only the URL", .target = &options->url}},
          .args = &options->names,
          .least_args = 1,
          .most_args = 1,
          .offer = Offer::services,
          .run = [options,
                  &globals] { return zero(service_url(globals, options->names[0], options->url)); },
          .own = true};
}

}  // namespace nodal::nodectl
