// proxy/service_snapshot.cc — see service_snapshot.h.
#include "proxy/service_snapshot.h"

#include <functional>

namespace nodal::proxy {

std::string_view name(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "TCP";
    case Protocol::udp:
      return "UDP";
    case Protocol::sctp:
      return "SCTP";
  }
  return "TCP";
}

std::optional<Protocol> parse_protocol(std::string_view name) {
  if (name.empty() || name == "TCP") return Protocol::tcp;
  if (name == "UDP") return Protocol::udp;
  if (name == "SCTP") return Protocol::sctp;
  return std::nullopt;
}

namespace {
std::size_t shard_of(std::string_view key) {
  return std::hash<std::string_view>()(key) % ServiceSnapshot::kShards;
}
}  // namespace

ServiceSnapshot::ServiceSnapshot() : shards_(kShards, std::make_shared<const Shard>()) {}

ServicePtr ServiceSnapshot::find(std::string_view key) const {
  const Shard& shard = *shards_[shard_of(key)];
  const auto it = shard.find(key);
  return it == shard.end() ? nullptr : it->second;
}

ServiceSnapshot ServiceSnapshot::with(const std::string& key, ServicePtr entry) const {
  ServiceSnapshot out = *this;
  auto& slot = out.shards_[shard_of(key)];
  auto shard = std::make_shared<Shard>(*slot);
  out.size_ -= shard->size();
  if (entry) {
    (*shard)[key] = std::move(entry);
  } else {
    shard->erase(key);
  }
  out.size_ += shard->size();
  slot = std::move(shard);
  return out;
}

}  // namespace nodal::proxy
