// proxy/nft/ledger.cc — see ledger.h.
#include "proxy/nft/ledger.h"

#include <algorithm>
#include <optional>

namespace nodal::proxy::nft {
namespace {

// The frontend an element belongs to, or nothing for those that many Services may share.
std::optional<Key> frontend_of(const Key& key) {
  switch (key.map) {
    case Map::services:
    case Map::no_endpoints:
    case Map::endpoints:
    case Map::slots:
    case Map::known:
    case Map::limited:
    case Map::sources:
      return Key{Map::services, key.protocol, key.address, key.port};
    case Map::node_ports:
    case Map::no_endpoint_ports:
    case Map::node_endpoints:
    case Map::node_slots:
    case Map::node_known:
      return Key{Map::node_ports, key.protocol, key.address, key.port};
    case Map::hairpin:
    case Map::cluster_ips:
    case Map::others:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_shared(const std::pair<const Key, Value>& element) { return !frontend_of(element.first); }

std::set<Key> frontends_of(const Elements& elements) {
  std::set<Key> out;
  for (const auto& [key, value] : elements)
    if (const auto frontend = frontend_of(key)) out.insert(*frontend);
  return out;
}

Elements planned(const ServicePtr& service, Family family) {
  return service ? plan(*service, family) : Elements{};
}

}  // namespace

Ledger::Counts& Ledger::counts(Map map) {
  if (map == Map::hairpin) return endpoints_;
  return map == Map::others ? others_ : cluster_ips_;
}

bool Ledger::holds(const std::string& key, const Key& frontend) const {
  const auto owner = owners_.find(frontend);
  return owner != owners_.end() && owner->second == key;
}

void Ledger::release(const std::string& key, const Key& frontend) {
  const auto waiting = waiting_.find(frontend);
  if (holds(key, frontend)) {
    owners_.erase(frontend);
    if (waiting != waiting_.end()) heirs_.insert(waiting->second.begin(), waiting->second.end());
  } else if (waiting != waiting_.end() && waiting->second.erase(key) != 0 &&
             waiting->second.empty()) {
    waiting_.erase(waiting);
  }
}

Transaction Ledger::change(const std::string& key, const ServicePtr& after) {
  const auto it = have_.find(key);
  Elements have = planned(it == have_.end() ? nullptr : it->second, family_);
  Elements want = planned(after, family_);
  const auto wanted = frontends_of(want);
  const auto had = frontends_of(have);
  std::erase_if(have, [&](const auto& element) {
    const auto frontend = frontend_of(element.first);
    return frontend && !holds(key, *frontend);
  });
  for (const auto& frontend : had)
    if (!wanted.contains(frontend)) release(key, frontend);
  for (const auto& frontend : wanted) {
    const auto owner = owners_.emplace(frontend, key).first;
    const auto waiting = waiting_.find(frontend);
    if (owner->second == key) {
      if (waiting != waiting_.end() && waiting->second.erase(key) != 0 && waiting->second.empty())
        waiting_.erase(waiting);
      continue;
    }
    if (waiting_[frontend].insert(key).second) losses_.emplace_back(frontend, key);
    std::erase_if(want,
                  [&](const auto& element) { return frontend_of(element.first) == frontend; });
  }

  Transaction out = diff(have, want);
  std::erase_if(out.remove, [&](const auto& element) {
    if (!is_shared(element)) return false;
    auto& all = counts(element.first.map);
    const auto count = all.find(element.first.address);
    if (count == all.end() || --count->second > 0) return true;
    all.erase(count);
    return false;
  });
  std::erase_if(out.add, [&](const auto& element) {
    return is_shared(element) && ++counts(element.first.map)[element.first.address] > 1;
  });
  if (after) {
    have_[key] = after;
  } else {
    have_.erase(key);
  }
  return out;
}

std::set<std::string> Ledger::take_heirs() { return std::exchange(heirs_, {}); }

std::vector<Ledger::Loss> Ledger::take_losses() {
  std::vector<Loss> out;
  for (auto& [frontend, key] : std::exchange(losses_, {})) {
    const auto waiting = waiting_.find(frontend);
    const auto owner = owners_.find(frontend);
    if (waiting == waiting_.end() || !waiting->second.contains(key) || owner == owners_.end())
      continue;
    out.push_back({frontend, owner->second, std::move(key)});
  }
  return out;
}

Elements Ledger::elements() const {
  Elements out;
  for (const auto& [key, service] : have_)
    for (auto& [element, value] : planned(service, family_))
      if (const auto frontend = frontend_of(element); frontend && holds(key, *frontend))
        out.emplace(element, value);
  return out;
}

void merge(Transaction& into, Transaction change) {
  for (auto& element : change.remove)
    if (!is_shared(element) || into.add.erase(element.first) == 0) into.remove.insert(element);
  for (auto& element : change.add)
    if (!is_shared(element) || into.remove.erase(element.first) == 0)
      into.add.insert_or_assign(element.first, element.second);
}

}  // namespace nodal::proxy::nft
