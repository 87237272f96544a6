// agent/daemon/options.h — the agent's flags.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace nodal::agent {

struct Options {
  std::string kubeconfig, node_name, node_ip;
  std::string docker_socket = "/var/run/docker.sock";
  std::string root_dir = "/var/lib/nodal/agent";
  std::string cni_conf_dir = "/etc/cni/net.d";
  std::vector<std::string> cni_bin_dirs;
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  std::string listen;
  std::string tls_cert, tls_key, client_ca;
  std::string debug_socket = "/run/nodal/agent.sock";
  std::string proxy_socket = "/run/nodal/proxy.sock";
  std::string pod_addresses = "/run/nodal/pods";
  int max_pods = 110;
  int image_gc_high = 85, image_gc_low = 80, image_least_age = 120;
  std::map<std::string, std::string> labels;
  bool remove = false;  ///< take all pods away and end
};

struct Parsed {
  Options options;
  int exit_code = -1;  ///< -1: go on
};
/// Prints help, or what is wrong.
Parsed parse_options(int argc, char** argv);

}  // namespace nodal::agent
