// master/api/handlers/update.cc — PUT of an object or its status; the frame of every change.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/registry/conversion.h"

namespace nodal::master::handlers {

Answer<Written> write_change(Call& call, std::string_view subresource,
                             const ObjectStore::Change& change, Owners owners) {
  const schema::Resource& resource = call.stored();
  const bool pod = resource.group.empty() && resource.kind == "Pod" && subresource.empty();
  const bool service = resource.group.empty() && resource.kind == "Service" &&
                       subresource.empty() && call.api->parts().reserve_service;
  std::unique_ptr<ApiParts::Reservation> reserved;
  const auto prepared = [&](const boost::json::object& old) -> Answer<boost::json::object> {
    reserved.reset();  // of an attempt that lost
    boost::json::object object = NODAL_TRY(change(old));
    if (pod) tolerate_node_faults(object);
    NODAL_TRY(prepare_change(resource, subresource, object, old));
    NODAL_TRY(admit_own(call, object, &old));
    // Before addresses are given out: those belong to nobody, so no apply takes them away.
    if (owners == Owners::writer)
      NODAL_TRY(managed::own_changed(resource, old, object, writer_of(call)));
    else
      managed::keep_times(old, object);
    if (service)
      reserved = NODAL_TRY(call.api->parts().reserve_service(object, &old, call.dry_run));
    return object;
  };
  auto written = call.api->objects().update_with(resource, call.info.namespace_, call.info.name,
                                                 prepared, call.dry_run);
  if (written && reserved && !call.dry_run && !written->removed) reserved->keep();
  if (written && subresource.empty() && may_warn_of(resource))
    warn_of(call, parse_object(*written->bytes));
  return written;
}

Answer<> check_identity(const Call& call, const boost::json::object& object) {
  const auto name = string_at(object, "metadata", "name");
  if (!name.empty() && name != call.info.name)
    return errors::bad_request(text::cat("the name of the object (", name,
                                         ") does not match the name on the URL (", call.info.name,
                                         ")"));
  const auto ns = string_at(object, "metadata", "namespace");
  if (call.resource->namespaced && !ns.empty() && ns != call.info.namespace_)
    return errors::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  return {};
}

namespace {

constexpr int kAttempts = 8;  // against others that create and delete the object

// The kinds of which a PUT makes an object that is not there.
bool may_be_put(const schema::Resource& resource) {
  if (resource.group == "coordination.k8s.io") return resource.kind == "Lease";
  return resource.kind == "Event" ||
         (resource.group.empty() && (resource.kind == "Endpoints" || resource.kind == "Service"));
}

struct Put {
  Written written;
  bool created = false;
};

Answer<Put> update_object(Call& call) {
  const schema::Resource& resource = *call.resource;
  boost::json::object object = to_stored(resource, NODAL_TRY(posted(call, expected_of(resource))));
  NODAL_TRY(check_identity(call, object));
  for (int attempt = 1;; ++attempt) {
    auto written = write_change(
        call, call.info.subresource,
        [&](const boost::json::object&) -> Answer<boost::json::object> {
          if (resource.kind == "Lease" && string_at(object, "metadata", "resourceVersion").empty())
            return errors::invalid(resource, call.info.name,
                                   {{"FieldValueInvalid", "metadata.resourceVersion",
                                     "Invalid value: 0x0: must be specified for an update"}});
          return object;
        });
    if (written) return Put{std::move(*written), false};
    if (written.error().reason != "NotFound" || !call.info.subresource.empty() ||
        !may_be_put(resource))
      return std::unexpected(std::move(written.error()));
    NODAL_TRY(may_create(call));
    if (const auto uid = string_at(object, "metadata", "uid"); !uid.empty())
      return errors::conflict(
          resource, call.info.name,
          text::cat("Precondition failed: UID in precondition: ", uid, ", UID in object meta: "));
    boost::json::object fresh = object;
    metadata_of(fresh)["name"] = call.info.name;
    metadata_of(fresh).erase("resourceVersion");
    auto created = store_written(call, std::move(fresh));
    if (created) return Put{std::move(*created), true};
    if (created.error().reason != "AlreadyExists" || attempt == kAttempts)
      return std::unexpected(std::move(created.error()));
  }
}

}  // namespace

void update(Call& call) {
  const auto put = update_object(call);
  if (!put) return call.fail(put.error());
  call.answer_object(put->created ? 201 : 200, put->written.bytes);
}

}  // namespace nodal::master::handlers
