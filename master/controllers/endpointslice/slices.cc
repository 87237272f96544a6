// master/controllers/endpointslice/slices.cc — see slices.h.
#include "master/controllers/endpointslice/slices.h"

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace nodal::master::controllers::endpointslice {
namespace {

std::string group_key(std::string_view address_type, const Ports& ports) {
  return text::cat(address_type, "|", ports_key(ports));
}

// One group over the slices that have its ports.
void fit_group(Group group, const std::vector<SlicePtr>& slices,
               const discovery_v1::EndpointSlice& pattern, Plan& out) {
  std::vector<std::pair<SlicePtr, discovery_v1::EndpointSlice>> kept;
  for (const auto& slice : slices) {
    discovery_v1::EndpointSlice next = *slice;
    next.endpoints.clear();
    for (const auto& endpoint : slice->endpoints) {
      if (endpoint.addresses.empty()) continue;
      const auto it = group.endpoints.find(endpoint.addresses[0]);
      if (it == group.endpoints.end()) continue;
      next.endpoints.push_back(std::move(it->second));
      group.endpoints.erase(it);
    }
    next.metadata.labels = pattern.metadata.labels;
    kept.emplace_back(slice, std::move(next));
  }
  // New ones fill what has room, the fullest first, then slices of their own.
  std::ranges::sort(kept, std::greater{},
                    [](const auto& pair) { return pair.second.endpoints.size(); });
  auto next = group.endpoints.begin();
  for (auto& [before, after] : kept)
    while (after.endpoints.size() < kMostPerSlice && next != group.endpoints.end())
      after.endpoints.push_back(std::move((next++)->second));
  while (next != group.endpoints.end()) {
    discovery_v1::EndpointSlice slice = pattern;
    slice.address_type = group.address_type;
    slice.ports = group.ports;
    while (slice.endpoints.size() < kMostPerSlice && next != group.endpoints.end())
      slice.endpoints.push_back(std::move((next++)->second));
    out.create.push_back(std::move(slice));
  }
  for (auto& [before, after] : kept) {
    if (after.endpoints.empty() && kept.size() + out.create.size() > 1) {
      out.remove.push_back(before);
    } else if (after != *before) {
      out.change.emplace_back(before, std::move(after));
    }
  }
}

}  // namespace

std::string ports_key(const Ports& ports) {
  std::string out;
  for (const auto& p : ports)
    out += text::cat(p.name.value_or(""), "/", p.protocol.value_or(""), "/", p.port.value_or(0),
                     "/", p.app_protocol.value_or(""), ";");
  return out;
}

void add(Groups& groups, std::string_view address_type, const Ports& ports,
         const std::string& address, discovery_v1::Endpoint endpoint) {
  auto& group = groups[group_key(address_type, ports)];
  group.address_type = address_type;
  group.ports = ports;
  group.endpoints.emplace(address, std::move(endpoint));
}

Plan fit(Groups groups, const std::vector<SlicePtr>& existing,
         const discovery_v1::EndpointSlice& pattern) {
  Plan out;
  std::map<std::string, std::vector<SlicePtr>> slices;
  for (const auto& slice : existing)
    if (!slice->metadata.deletion_timestamp)
      slices[group_key(slice->address_type, slice->ports)].push_back(slice);
  const bool none = groups.empty();
  for (auto& [key, group] : groups) {
    fit_group(std::move(group), slices[key], pattern, out);
    slices.erase(key);
  }
  for (const auto& [key, rest] : slices)
    out.remove.insert(out.remove.end(), rest.begin(), rest.end());
  if (!none) return out;
  if (out.remove.empty()) {
    out.create.push_back(pattern);
    return out;
  }
  const auto keep = out.remove.back();
  out.remove.pop_back();
  auto after = *keep;
  after.endpoints.clear();
  after.metadata.labels = pattern.metadata.labels;
  if (after != *keep) out.change.emplace_back(keep, std::move(after));
  return out;
}

}  // namespace nodal::master::controllers::endpointslice
