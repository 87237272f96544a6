// agent/node/network.cc — see network.h.
#include "agent/node/network.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr const char* kOwn = "10-nodal.conflist";
const std::vector<std::string> kPrograms{"/usr/local/sbin", "/usr/sbin", "/sbin"};

bool is_configuration(const std::string& name) {
  return name.ends_with(".conf") || name.ends_with(".conflist") || name.ends_with(".json");
}

// The folders on the way to `folder`, and it, that are not there: the deepest first.
std::vector<std::string> missing_folders(std::string folder) {
  std::vector<std::string> out;
  while (folder.size() > 1 && !file::exists(folder)) {
    out.push_back(folder);
    folder.resize(folder.rfind('/'));
  }
  return out;
}

Result<> make_noted(const std::string& folder, const std::string& made) {
  const auto missing = missing_folders(folder);
  if (missing.empty()) return {};
  NODAL_TRY(file::make_folders(made.substr(0, made.rfind('/')), 0700));
  NODAL_TRY(file::write(made, text::join(missing, "\n"), 0600));
  return file::make_folders(folder, 0755);
}

Result<> remove_port_chain() {
  for (const auto& folder : kPrograms) {
    Subprocess iptables;
    iptables.program = text::cat(folder, "/iptables");
    if (::access(iptables.program.c_str(), X_OK) != 0) continue;
    const auto call = [&](std::vector<std::string> arguments) -> Result<std::string> {
      arguments.insert(arguments.begin(), {"-w", "5", "-t", "nat"});
      iptables.arguments = std::move(arguments);
      const auto ended = NODAL_TRY(run_program(iptables));
      if (ended.exit_code == 0) return ended.output;
      return fail(Errc::internal, text::cat("iptables: ", text::trim(ended.errors)));
    };
    // A kernel without the table has no such chain either.
    const auto rules = call({"-S"});
    if (!rules) return {};
    for (auto& arguments : unused_port_chain(*rules)) NODAL_TRY(call(std::move(arguments)));
    return {};
  }
  return {};
}

bool has_plugin(const std::vector<std::string>& folders, const char* name) {
  return std::ranges::any_of(folders, [&](const auto& folder) {
    return ::access(text::cat(folder, "/", name).c_str(), X_OK) == 0;
  });
}

}  // namespace

std::string ensure_network(const std::string& folder,
                           const std::vector<std::string>& plugin_folders,
                           const std::string& pod_cidr, const std::string& made) {
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
  auto written = make_noted(folder, made);
  if (written) written = file::write(path, config, 0644);
  return written ? std::string()
                 : text::cat("container runtime network not ready: ", written.error().message);
}

std::vector<std::vector<std::string>> unused_port_chain(std::string_view rules) {
  constexpr std::string_view kChain = "CNI-HOSTPORT-DNAT";
  std::vector<std::vector<std::string>> out;
  bool there = false;
  for (const auto line : text::split(rules, '\n')) {
    if (line == text::cat("-N ", kChain)) there = true;
    if (line.starts_with(text::cat("-A ", kChain, " "))) return {};
    if (!line.starts_with("-A ") || !line.ends_with(text::cat(" -j ", kChain))) continue;
    auto& rule = out.emplace_back();
    for (const auto word : text::split(line, ' ')) rule.emplace_back(word);
    rule[0] = "-D";
  }
  if (!there) return {};
  out.push_back({"-X", std::string(kChain)});
  return out;
}

Result<> remove_network(const std::string& folder, const std::string& made) {
  const auto own = text::cat(folder, "/", kOwn);
  const auto config = file::read(own, 1 << 16);
  if (config && config->find("portmap") != std::string::npos) NODAL_TRY(remove_port_chain());
  NODAL_TRY(file::remove(own));
  const auto noted = file::read(made, 1 << 16);
  if (!noted) return {};
  for (const auto each : text::split(*noted, '\n'))
    if (::rmdir(std::string(each).c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY)
      return fail_errno(errno, text::cat("remove ", each));
  return file::remove(made);
}

}  // namespace nodal::agent
