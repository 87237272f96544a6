// master/controllers/endpointslice/writer.cc — see writer.h.
#include "master/controllers/endpointslice/writer.h"

namespace nodal::master::controllers::endpointslice {

void SliceWriter::follow(std::function<void(const std::string& service)> wake) {
  context_.mirrors.slices.on_change(
      [this, wake = std::move(wake)](const client::Change<discovery_v1::EndpointSlice>& change) {
        if (!change.after) unseen_.gone(change.before->metadata.uid);
        for (const auto& slice : {change.before, change.after})
          if (slice)
            if (const auto service = service_of(*slice); !service.empty()) wake(service);
      });
}

bool SliceWriter::is_ours(const meta_v1::ObjectMeta& metadata) const {
  const auto it = metadata.labels.find(kManager);
  return it != metadata.labels.end() && it->second == hand_;
}

std::string SliceWriter::service_of(const discovery_v1::EndpointSlice& slice) const {
  const auto it = slice.metadata.labels.find(kServiceName);
  return is_ours(slice.metadata) && it != slice.metadata.labels.end()
             ? client::object_key(slice.metadata.namespace_, it->second)
             : std::string();
}

std::vector<SlicePtr> SliceWriter::existing(const std::string& service) const {
  auto out = context_.mirrors.slices.by_index(kByService, service);
  std::erase_if(out, [&](const auto& slice) { return !is_ours(slice->metadata); });
  return out;
}

bool SliceWriter::is_waiting(const std::string& service) {
  const auto has = [&](const std::string& slice, const std::string&) {
    return context_.mirrors.slices.get(slice) != nullptr;
  };
  return unseen_.is_waiting(service, has, context_.clock.now());
}

Result<> SliceWriter::write(const std::string& service, const Plan& plan) {
  for (const auto& [before, after] : plan.change) {
    const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*before), codec::encode(after)));
    if (patch == "{}") continue;
    NODAL_TRY(context_.client->patch<discovery_v1::EndpointSlice>(
        before->metadata.namespace_, before->metadata.name, client::PatchType::merge, patch));
  }
  for (const auto& slice : plan.create) {
    const auto created = NODAL_TRY(context_.client->create(slice));
    unseen_.add(service, created.metadata.uid, client::key_of(created), context_.clock.now());
  }
  for (const auto& slice : plan.remove)
    if (auto removed = context_.client->remove<discovery_v1::EndpointSlice>(
            slice->metadata.namespace_, slice->metadata.name);
        !removed && removed.error().code != Errc::not_found)
      return wrap("delete endpoint slice", removed.error());
  return {};
}

}  // namespace nodal::master::controllers::endpointslice
