// nodectl/cluster/ports.h — the ports that the parts of a node listen on: whether they can be had,
// and who has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/address.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

struct Port {
  std::string part;  ///< "master"
  net::SocketAddress at;
  bool udp = false;
  bool added = false;  ///< the part itself gives its interface the address
  std::string remedy;  ///< when somebody else has it
};

/// Those of all parts. Pure.
std::vector<Port> ports_of(const Settings& settings);

/// Why the part could not listen, and what to do; "" when it could.
std::string obstacle(const Port& port);

/// The inode of the socket that is in the way, in the text of /proc/net/tcp, tcp6, udp or udp6: on
/// that port and the same address or all of them. Pure.
std::optional<std::uint64_t> inode_in_the_way(std::string_view table, const net::SocketAddress& at,
                                              bool udp);

}  // namespace nodal::nodectl
