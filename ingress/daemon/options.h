// ingress/daemon/options.h — the ingress's flags.
#pragma once

#include <string>

namespace nodal::ingress {

struct Options {
  std::string kubeconfig;
  std::string node_ip;
  std::string folder = "/run/nodal/ingress";
  std::string error_log = "/var/log/nodal/nginx.log";
  std::string nginx = "/usr/sbin/nginx";
  std::string user = "www-data";
  std::string ingress_class = "nginx";
  int http_port = 80, https_port = 443;
  bool remove = false;  ///< end nginx, remove the folder, and end
};

/// The options, or how to end when help was asked for or a flag is wrong (both are printed here).
struct Parsed {
  Options options;
  int exit_code = -1;  ///< -1: go on
};
Parsed parse_options(int argc, char** argv);

}  // namespace nodal::ingress
