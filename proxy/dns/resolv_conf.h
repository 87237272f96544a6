// proxy/dns/resolv_conf.h — what a resolv.conf says. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/net/address.h"
#include "proxy/dns/message.h"

namespace nodal::proxy::dns {

/// The search domains of a resolv.conf.
std::vector<Name> search_domains(std::string_view resolv_conf);

/// The nameservers of a resolv.conf, but for those in `without` (our own addresses: no loops).
std::vector<net::SocketAddress> nameservers(std::string_view resolv_conf,
                                            const std::vector<net::IpAddress>& without);

}  // namespace nodal::proxy::dns
