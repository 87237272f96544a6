// master/daemon/options.h — the flags of nodal-master.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::master {

struct Options {
  std::string data_dir = "/var/lib/nodal/master";
  std::string listen = "127.0.0.1:6443";
  std::string store = "sqlite";  ///< or memory
  net::Cidr service_cidr;
  net::Cidr cluster_cidr;
  std::uint16_t node_port_first = 30000, node_port_last = 32767;
  net::IpAddress advertise_address;  ///< where pods and nodes reach the API
  std::string kubeconfig;            ///< the administrator's, written at start
  std::string audit_log;             ///< a file; "" none
  std::size_t audit_bytes = 0;       ///< of the file before it is rotated
  std::size_t audit_files = 0;       ///< rotated ones that are kept
};

/// Nothing when the command line asked for help or the version, which has been printed.
/// @errors invalid, naming the flag
Result<std::optional<Options>> parse_options(int count, char** arguments);

}  // namespace nodal::master
