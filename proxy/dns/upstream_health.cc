// proxy/dns/upstream_health.cc — see upstream_health.h.
#include "proxy/dns/upstream_health.h"

#include <algorithm>

namespace nodal::proxy::dns {
namespace {
constexpr std::chrono::seconds kRest{10};
}  // namespace

std::vector<std::size_t> UpstreamHealth::order(Time now) {
  std::vector<std::size_t> out, last;
  for (std::size_t i = 0; i < rests_until_.size(); ++i) {
    auto& until = rests_until_[i];
    if (now < until) {
      last.push_back(i);
      continue;
    }
    if (until != Time{}) until = now + kRest;
    out.push_back(i);
  }
  out.insert(out.end(), last.begin(), last.end());
  return out;
}

void UpstreamHealth::failed(std::size_t server, Time now) { rests_until_[server] = now + kRest; }

bool UpstreamHealth::all_rest(Time now) const {
  return !rests_until_.empty() &&
         std::ranges::all_of(rests_until_, [&](const Time until) { return now < until; });
}

}  // namespace nodal::proxy::dns
