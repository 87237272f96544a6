// agent/node/network.cc — see network.h.
#include "agent/node/network.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr const char* kOwn = "10-nodal.conflist";
const std::vector<std::string> kPrograms{"/usr/local/sbin", "/usr/sbin", "/sbin"};

bool is_configuration(const std::string& name) {
  return name.ends_with(".conf") || name.ends_with(".conflist") || name.ends_with(".json");
}

bool has_plugin(const std::vector<std::string>& folders, const char* name) {
  return std::ranges::any_of(folders, [&](const auto& folder) {
    return ::access(text::cat(folder, "/", name).c_str(), X_OK) == 0;
  });
}

}  // namespace

std::string ensure_network(const std::string& folder,
                           const std::vector<std::string>& plugin_folders,
                           const std::string& pod_cidr) {
  if (const auto names = file::list(folder))
    for (const auto& name : *names)
      if (is_configuration(name) && name != kOwn) return {};  // the host's owner has chosen
  if (pod_cidr.empty())
    return "container runtime network not ready: the node has no range of pod addresses yet";
  // Host ports are the work of the reference "portmap", which is made of iptables. Without snat it
  // leaves route_localnet alone (SECURITY 1): a host port answers at the node's addresses, not at
  // 127.0.0.1.
  const char* ports =
      has_plugin(plugin_folders, "portmap") && has_plugin(kPrograms, "iptables")
          ? R"(,{"type":"portmap","snat":false,"capabilities":{"portMappings":true}})"
          : "";
  std::string config;
  if (has_plugin(plugin_folders, "nodal-cni")) {
    config = text::cat(
        R"({"cniVersion":"1.0.0","name":"nodal","plugins":[{"type":"nodal-cni","ipam":{"type":"nodal","subnet":")",
        pod_cidr, "\"}}", ports, "]}\n");
  } else if (has_plugin(plugin_folders, "bridge") && has_plugin(plugin_folders, "host-local")) {
    config = text::cat(
        R"({"cniVersion":"0.4.0","name":"nodal","plugins":[{"type":"bridge","bridge":"nodal0","isGateway":true,"hairpinMode":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":")",
        pod_cidr, R"("}]],"routes":[{"dst":"0.0.0.0/0"}]}})", ports, "]}\n");
  } else {
    return text::cat("container runtime network not ready: no CNI plugin in ",
                     text::join(plugin_folders, ":"));
  }
  const std::string path = text::cat(folder, "/", kOwn);
  if (const auto now = file::read(path, 1 << 16); now && *now == config) return {};
  auto written = file::make_folders(folder, 0755);
  if (written) written = file::write(path, config, 0644);
  return written ? std::string()
                 : text::cat("container runtime network not ready: ", written.error().message);
}

}  // namespace nodal::agent
