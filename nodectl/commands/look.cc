// nodectl/commands/look.cc — logs, service, docker-env, version: ways to look at and reach what
// runs.
#include <cstdio>

#include "api-client/client/status.h"
#include "base/text.h"
#include "gen/core_v1.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {

Result<> logs(const Globals& globals, const LogOptions& options) {
  auto cluster = NODAL_TRY(connect(globals));
  std::string name = options.pod;
  if (name.starts_with("pod/")) name.erase(0, 4);
  std::string path = text::cat(client::Client::path<core_v1::Pod>(cluster.ns, name, "log"),
                               "?container=", http::percent_encode(options.container));
  if (options.follow) path += "&follow=true";
  if (options.previous) path += "&previous=true";
  if (options.timestamps) path += "&timestamps=true";
  if (options.tail) path += text::cat("&tailLines=", *options.tail);
  http::Request request;
  request.target = path;
  const auto response = NODAL_TRY(
      cluster.client->transport().stream(request,
                                         [](std::string_view bytes) {
                                           std::fwrite(bytes.data(), 1, bytes.size(), stdout);
                                           std::fflush(stdout);
                                           return true;
                                         },
                                         {}));
  if (response.status != 200)
    return std::unexpected(client::error_of(response.status, response.text()));
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

Result<> docker_env() {
  const auto where = NODAL_TRY(layout());
  const auto settings = read_settings(where);
  if (!settings) return fail(Errc::not_found, "no cluster on this node; `nodectl up` starts one");
  std::puts(text::cat("export DOCKER_HOST=\"unix://", settings->docker_socket, "\"").c_str());
  std::puts("unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH");
  std::puts("# To use the node's Docker in this shell, run:\n# eval $(nodectl docker-env)");
  return {};
}

Result<> print_version(const Globals& globals, bool client_only) {
  std::puts("Client: " NODAL_VERSION);
  if (client_only) return {};
  auto cluster = NODAL_TRY(connect(globals));
  const auto text = NODAL_TRY(cluster.client->get_text("/version"));
  const auto at = text.find("\"gitVersion\":\"");
  if (at == std::string::npos) return fail(Errc::invalid, "the server does not tell its version");
  const auto begin = at + 14;
  std::puts(
      text::cat("Server: ", printable(text.substr(begin, text.find('"', begin) - begin))).c_str());
  return {};
}

}  // namespace nodal::nodectl
