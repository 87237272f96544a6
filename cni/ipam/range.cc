// cni/ipam/range.cc — a walk around the subnet.
#include "cni/ipam/range.h"

namespace nodal::cni::ipam {

net::IpAddress gateway(const net::Cidr& subnet) { return subnet.base().plus(1); }

std::optional<net::IpAddress> next_free(const net::Cidr& subnet, std::optional<net::IpAddress> last,
                                        const std::function<bool(const net::IpAddress&)>& taken) {
  const std::uint32_t base = subnet.base().v4_value();
  const std::uint64_t size = subnet.size();
  if (size < 4) return std::nullopt;
  const std::uint64_t count = size - 3;  // offsets 2 … size-2
  std::uint64_t start = 0;
  if (last && subnet.contains(*last))
    if (const std::uint64_t offset = last->v4_value() - base; offset >= 2 && offset <= size - 2)
      start = offset - 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto candidate = subnet.base().plus(2 + (start + i) % count);
    if (!taken(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace nodal::cni::ipam
