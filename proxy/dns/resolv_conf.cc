// proxy/dns/resolv_conf.cc — see resolv_conf.h.
#include "proxy/dns/resolv_conf.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::proxy::dns {

std::vector<Name> search_domains(std::string_view resolv_conf) {
  std::vector<Name> out;
  for (const auto line : text::split(resolv_conf, '\n')) {
    if (!text::trim(line).starts_with("search")) continue;
    out.clear();  // the last line counts
    for (const auto word : text::split(text::trim(line).substr(6), ' '))
      if (const auto name = normalize(text::trim(word)); !name.empty()) out.push_back(name);
  }
  return out;
}

std::vector<net::SocketAddress> nameservers(std::string_view resolv_conf,
                                            const std::vector<net::IpAddress>& without) {
  std::vector<net::SocketAddress> out;
  for (const auto line : text::split(resolv_conf, '\n')) {
    const auto words = text::trim(line);
    if (!words.starts_with("nameserver") || words.size() < 12) continue;
    const auto ip = net::IpAddress::parse(text::trim(words.substr(10)));
    if (ip && std::ranges::find(without, *ip) == without.end() && out.size() < 3)
      out.push_back({*ip, 53});
  }
  return out;
}

}  // namespace nodal::proxy::dns
