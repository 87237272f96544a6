// proxy/service_table.cc — see service_table.h.
#include "proxy/service_table.h"

#include "proxy/join.h"

namespace nodal::proxy {

ServiceTable::ServiceTable(std::string node, std::function<void()> changed)
    : node_(std::move(node)), changed_(std::move(changed)) {
  slices_.add_index("service", [](const discovery_v1::EndpointSlice& slice) {
    return std::vector<std::string>{service_of(slice)};
  });
  services_.on_change([this](const client::Change<core_v1::Service>& change) { note(change.key); });
  slices_.on_change([this](const client::Change<discovery_v1::EndpointSlice>& change) {
    for (const auto& slice : {change.before, change.after})
      if (slice)
        if (auto key = service_of(*slice); !key.empty()) note(std::move(key));
  });
  const auto synced = [this] {
    if (has_synced()) changed_();
  };
  services_.on_synced(synced);
  slices_.on_synced(synced);
}

void ServiceTable::note(std::string key) {
  {
    const std::lock_guard lock(mutex_);
    noted_.insert(std::move(key));
  }
  if (has_synced()) changed_();
}

Changes ServiceTable::take() {
  Changes changes{false, {}};
  std::set<std::string> noted;
  {
    const std::lock_guard lock(mutex_);
    noted.swap(noted_);
  }
  ServiceSnapshot next = *snapshot_.read();
  for (const auto& key : noted) {
    const auto service = services_.get(key);
    ServicePtr entry = service ? join(*service, slices_.by_index("service", key), node_) : nullptr;
    const ServicePtr before = next.find(key);
    if (entry && before && *entry == *before) continue;  // e.g. only an annotation changed
    if (!entry && !before) continue;
    next = next.with(key, std::move(entry));
    changes.services.insert(key);
  }
  if (!changes.services.empty())
    snapshot_.publish(std::make_shared<const ServiceSnapshot>(std::move(next)));
  return changes;
}

}  // namespace nodal::proxy
