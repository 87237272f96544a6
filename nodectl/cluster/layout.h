// nodectl/cluster/layout.h — where a node's state, sockets, logs and programs are.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

/// Everything that `up` makes lies below these; `delete` removes them whole.
struct Layout {
  std::string state = "/var/lib/nodal";
  std::string run = "/run/nodal";
  std::string log = "/var/log/nodal";
  std::string cni_config = "/etc/cni/net.d";
  std::string programs;  ///< the folder of nodal-master, nodal-agent, …: where nodectl itself is

  [[nodiscard]] std::string admin_kubeconfig() const { return state + "/master/admin.kubeconfig"; }
  [[nodiscard]] std::string supervisor_pid() const { return run + "/supervisor.pid"; }
  [[nodiscard]] std::string parts() const { return run + "/parts.json"; }
  [[nodiscard]] std::string settings() const { return state + "/node.json"; }
  [[nodiscard]] std::string proxy_socket() const { return run + "/proxy.sock"; }
  [[nodiscard]] std::string log_of(std::string_view part) const {
    return log + "/" + std::string(part) + ".log";
  }
  /// The folders of CNI plugins, parted by colons.
  [[nodiscard]] std::string cni_programs() const { return programs + ":/usr/lib/cni:/opt/cni/bin"; }
};

/// The default layout with the folder of this very program.
Result<Layout> layout();

/// What `up` was told, kept so that a second `up` starts the same node.
struct Settings {
  std::string node_name;
  std::string listen =
      "0.0.0.0:6443";  ///< of the API server; pods come to it by the node's address
  std::string node_ip;
  std::string docker_socket = "/var/run/docker.sock";
  std::string service_cidr = "10.96.0.0/16";
  std::string cluster_cidr = "10.244.0.0/16";
  std::string cluster_dns = "10.96.0.10";
  std::string cluster_domain = "cluster.local";
  std::string addons;  ///< names, separated by commas
  bool operator==(const Settings&) const = default;
};

/// The names in `addons`.
[[nodiscard]] std::vector<std::string> addons_of(const Settings& settings);

/// Where the node's own parts reach the API server: "https://127.0.0.1:6443".
[[nodiscard]] std::string api_server(const Settings& settings);
/// The address by which pods and other hosts reach it.
[[nodiscard]] std::string api_address(const Settings& settings);

/// Whether a node can be made of these: addresses, ranges that do not overlap, DNS inside the
/// Services' range. Pure.
/// @errors invalid, naming the flag
Result<> check_settings(const Settings& settings);
/// What a second `up` means: `before`, where `wanted` says nothing else.
/// @param running  its parts run: what they were started with cannot change
/// @errors conflict when `wanted` names something that `before` has otherwise
Result<Settings> continue_with(const Settings& before, const Settings& wanted, bool running);

Result<Settings> read_settings(const Layout& layout);
/// The same for people: what to do when there are none.
/// @errors not_found: no cluster; forbidden: only root may know
Result<Settings> settings_here(const Layout& layout);
Result<> write_settings(const Layout& layout, const Settings& settings);

}  // namespace nodal::nodectl
