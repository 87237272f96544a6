// proxy/dns/search_memory.h — which questions of a client follow from a search path that was
// denied.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/net/address.h"
#include "proxy/dns/message.h"

namespace nodal::proxy::dns {

/// A resolver whose first step was denied goes on to ask the other names of its path one by one.
/// Each is meant as it stands, also where it looks like a first step of its own:
/// www.example.com.shop.svc.DOMAIN, then www.example.com.svc.DOMAIN from a pod of a namespace
/// "com". Bounded, the oldest first out. Time is an argument. Thread: one owner.
class SearchMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void note(const net::IpAddress& asker, const std::vector<Name>& path, Time now);
  [[nodiscard]] bool follows(const net::IpAddress& asker, const Name& name, Time now) const;
  [[nodiscard]] std::size_t size() const { return until_.size(); }

 private:
  using Id = std::pair<net::IpAddress, Name>;
  std::map<Id, Time> until_;
  std::deque<std::pair<Id, Time>> order_;  // each note once, the oldest first
};

}  // namespace nodal::proxy::dns
