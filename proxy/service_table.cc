// proxy/service_table.cc — see service_table.h.
#include "proxy/service_table.h"

namespace nodal::proxy {

ServiceTable::ServiceTable(std::function<void()> changed) : changed_(std::move(changed)) {
  slices_.add_index(
      "service", [](const SliceRecord& slice) { return std::vector<std::string>{slice.service}; });
  services_.on_change([this](const client::Change<ServiceRecord>& change) { note(change.key); });
  slices_.on_change([this](const client::Change<SliceRecord>& change) {
    for (const auto& slice : {change.before, change.after})
      if (slice && !slice->service.empty()) note(slice->service);
  });
  const auto listed = [this](std::atomic<bool>& which) {
    which = true;
    if (has_synced()) changed_();
  };
  services_.on_synced([this, listed] { listed(services_listed_); });
  slices_.on_synced([this, listed] { listed(slices_listed_); });
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
  const bool complete = has_synced();  // before what was noted is taken: then it is all there
  std::set<std::string> noted;
  {
    const std::lock_guard lock(mutex_);
    noted.swap(noted_);
  }
  ServiceSnapshot next = *snapshot_.read();
  for (const auto& key : noted) {
    const auto service = services_.get(key);
    ServicePtr entry = service ? join(*service, slices_.by_index("service", key)) : nullptr;
    const ServicePtr before = next.find(key);
    if (entry && before && *entry == *before) continue;  // e.g. only an annotation changed
    if (!entry && !before) continue;
    next = next.with(key, std::move(entry));
    changes.services.insert(key);
  }
  const bool completed = complete && !next.is_complete();
  if (completed) next.set_complete();
  if (completed || !changes.services.empty())
    snapshot_.publish(std::make_shared<const ServiceSnapshot>(std::move(next)));
  return changes;
}

}  // namespace nodal::proxy
