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
// The addresses by which reverse DNS finds a Service.
std::set<net::IpAddress> reverse_addresses(const ServiceEntry& entry) {
  std::set<net::IpAddress> out(entry.cluster_ips.begin(), entry.cluster_ips.end());
  if (entry.headless)
    for (const auto& port : entry.ports)
      for (const auto& endpoint : port.endpoints) out.insert(endpoint.address.ip);
  return out;
}

}  // namespace

ServiceSnapshot::ServiceSnapshot()
    : shards_(kShards, std::make_shared<const Shard>()),
      addresses_(kShards, std::make_shared<const AddressShard>()),
      namespaces_(std::make_shared<const Namespaces>()) {}

bool is_programmed(const ServiceEntry& entry) {
  return !entry.headless && !entry.other_proxy && entry.type != ServiceType::external_name;
}

bool serves(const ServiceEntry& entry, std::string_view pod) {
  return std::ranges::any_of(entry.ports, [&](const ServicePort& port) {
    return std::ranges::any_of(port.endpoints, [&](const Endpoint& endpoint) {
      return endpoint.ready && !endpoint.terminating && endpoint.pod == pod;
    });
  });
}

std::vector<std::string> ServiceSnapshot::serving(std::string_view pod) const {
  const auto ns = pod.substr(0, pod.find('/'));
  std::vector<std::string> out;
  for (const auto& shard : shards_)
    for (const auto& [key, entry] : *shard)
      if (entry->namespace_ == ns && serves(*entry, pod)) out.push_back(key);
  return out;
}

ServicePtr ServiceSnapshot::find(std::string_view key) const {
  const Shard& shard = *shards_[shard_of(key)];
  const auto it = shard.find(key);
  return it == shard.end() ? nullptr : it->second;
}

std::vector<ServicePtr> ServiceSnapshot::find(const net::IpAddress& address) const {
  const AddressShard& shard = *addresses_[std::hash<net::IpAddress>()(address) % kShards];
  const auto it = shard.find(address);
  return it == shard.end() ? std::vector<ServicePtr>() : it->second;
}

void ServiceSnapshot::index(const ServicePtr& entry, bool add) {
  for (const auto& address : reverse_addresses(*entry)) {
    auto& slot = addresses_[std::hash<net::IpAddress>()(address) % kShards];
    auto shard = std::make_shared<AddressShard>(*slot);
    auto& services = (*shard)[address];
    if (add) {
      services.push_back(entry);
    } else {
      std::erase(services, entry);
      if (services.empty()) shard->erase(address);
    }
    slot = std::move(shard);
  }
  auto namespaces = std::make_shared<Namespaces>(*namespaces_);
  if (add) {
    ++(*namespaces)[entry->namespace_];
  } else if (--(*namespaces)[entry->namespace_] == 0) {
    namespaces->erase(entry->namespace_);
  }
  namespaces_ = std::move(namespaces);
}

ServiceSnapshot ServiceSnapshot::with(const std::string& key, ServicePtr entry) const {
  ServiceSnapshot out = *this;
  auto& slot = out.shards_[shard_of(key)];
  auto shard = std::make_shared<Shard>(*slot);
  out.size_ -= shard->size();
  if (const auto before = shard->find(key); before != shard->end())
    out.index(before->second, false);
  if (entry) {
    out.index(entry, true);
    (*shard)[key] = std::move(entry);
  } else {
    shard->erase(key);
  }
  out.size_ += shard->size();
  slot = std::move(shard);
  return out;
}

}  // namespace nodal::proxy
