// proxy/daemon/options.h — the proxy's flags.
#pragma once

#include <string>
#include <vector>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::proxy {

struct Options {
  std::string kubeconfig;
  std::string node_name;
  net::Cidr cluster_cidr, service_cidr;
  std::vector<net::IpAddress> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::vector<net::SocketAddress> upstreams;  ///< empty: those of resolv.conf
  std::string resolv_conf = "/etc/resolv.conf";
  std::string health_listen = "127.0.0.1:10256";
  std::string debug_socket = "/run/nodal/proxy.sock";
  std::string pod_addresses = "/run/nodal/pods";
  bool remove = false;  ///< take everything out of the kernel and end
};

/// The options, or how to end when help was asked for or a flag is wrong (both are printed here).
struct Parsed {
  Options options;
  int exit_code = -1;  ///< -1: go on
};
Parsed parse_options(int argc, char** argv);

}  // namespace nodal::proxy
