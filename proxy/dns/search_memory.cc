// proxy/dns/search_memory.cc — see search_memory.h.
#include "proxy/dns/search_memory.h"

namespace nodal::proxy::dns {
namespace {
// Longer than a resolver takes for all steps: glibc waits 5 s for each try of one.
constexpr std::chrono::seconds kKept{30};
constexpr std::size_t kMost = 4096;
}  // namespace

void SearchMemory::note(const net::IpAddress& asker, const std::vector<Name>& path, Time now) {
  for (const auto& name : path) {
    Id id{asker, name};
    until_[id] = now + kKept;
    order_.emplace_back(std::move(id), now + kKept);
  }
  while (!order_.empty() && (order_.size() > kMost || order_.front().second <= now)) {
    // A note that was renewed since has a later time, and a later place.
    if (const auto it = until_.find(order_.front().first);
        it != until_.end() && it->second == order_.front().second)
      until_.erase(it);
    order_.pop_front();
  }
}

bool SearchMemory::follows(const net::IpAddress& asker, const Name& name, Time now) const {
  const auto it = until_.find({asker, name});
  return it != until_.end() && now < it->second;
}

}  // namespace nodal::proxy::dns
