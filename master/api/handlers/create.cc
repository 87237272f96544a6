// master/api/handlers/create.cc — a new object: decoded, admitted, defaulted, validated, stored.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/registry/conversion.h"

namespace nodal::master::handlers {
namespace {

constexpr int kNameAttempts = 8;

Answer<Written> create_object(Call& call) {
  return store_written(
      call, to_stored(*call.resource, NODAL_TRY(posted(call, expected_of(*call.resource)))));
}

}  // namespace

Answer<> may_create(const Call& call) {
  RequestInfo creation = call.info;
  creation.verb = "create";
  if (auto refused = call.api->refusal(call.caller, creation))
    return std::unexpected(std::move(*refused));
  return {};
}

Answer<Written> store_written(Call& call, boost::json::object object) {
  const schema::Resource& resource = call.stored();
  // Events are many and short-lived, and nobody applies them.
  const bool owned = resource.kind != "Event";
  return store_new(call, std::move(object), [&](boost::json::object& object) -> Answer<> {
    if (owned) return managed::own_new(resource, object, writer_of(call));
    metadata_of(object).erase("managedFields");
    return {};
  });
}

Answer<Written> store_new(Call& call, boost::json::object object,
                          const std::function<Answer<>(boost::json::object&)>& own) {
  const schema::Resource& resource = call.stored();
  auto& metadata = metadata_of(object);
  if (resource.namespaced) {
    const auto ns = string_at(object, "metadata", "namespace");
    if (!ns.empty() && ns != call.info.namespace_)
      return errors::bad_request(
          "the namespace of the provided object does not match the namespace sent on the request");
    metadata["namespace"] = call.info.namespace_;
  }
  if (!string_at(object, "metadata", "resourceVersion").empty())
    return errors::bad_request("resourceVersion should not be set on objects to be created");
  const std::string prefix(string_at(object, "metadata", "generateName"));
  const bool generated = string_at(object, "metadata", "name").empty();
  if (generated && prefix.empty())
    return errors::invalid(resource, "",
                           {{"FieldValueRequired", "metadata.name",
                             "Required value: name or generateName is required"}});
  if (generated) metadata["name"] = generate_name(prefix);
  if (resource.namespaced)
    NODAL_TRY(namespace_open(call, call.info.namespace_, string_at(object, "metadata", "name")));
  ObjectStore& objects = call.api->objects();
  objects.stamp_new(resource, object);
  fill_defaults(resource, object);
  NODAL_TRY(own(object));
  const bool core = resource.group.empty();
  if (core && resource.kind == "Pod") NODAL_TRY(admit_pod(call, object));
  if (is_ingress(resource)) NODAL_TRY(admit_ingress(call, object));
  NODAL_TRY(admit_own(call, object, nullptr));
  NODAL_TRY(prepare_new(resource, object));

  std::unique_ptr<ApiParts::Reservation> reserved;
  if (core && resource.kind == "Service" && call.api->parts().reserve_service)
    reserved = NODAL_TRY(call.api->parts().reserve_service(object, nullptr, call.dry_run));
  for (int attempt = 1;; ++attempt) {
    auto written = objects.create(resource, object, call.dry_run);
    if (written) {
      if (reserved && !call.dry_run) reserved->keep();
      warn_of(call, object);
      call.created = string_at(object, "metadata", "name");
      return written;
    }
    if (!generated || written.error().reason != "AlreadyExists") return written;
    if (attempt == kNameAttempts) {
      written.error().message +=
          ", the server was not able to generate a unique name for the object";
      return written;
    }
    metadata_of(object)["name"] = generate_name(prefix);
  }
}

Answer<> namespace_open(Call& call, std::string_view ns, std::string_view name) {
  const schema::Resource* namespaces = schema::find_resource("", "v1", "namespaces");
  if (!namespaces) return {};
  const auto entry = call.api->objects().get(*namespaces, "", ns);
  if (!entry) return std::unexpected(entry.error());
  // Only a parse tells for sure, and only a text with the word needs one.
  if (entry->value->find("\"Terminating\"") == std::string::npos) return {};
  if (string_at(parse_object(*entry->value), "status", "phase") != "Terminating") return {};
  auto error = errors::forbidden(*call.resource, name,
                                 text::cat("unable to create new content in namespace ", ns,
                                           " because it is being terminated"));
  error.error().causes.push_back({"NamespaceTerminating", "metadata.namespace",
                                  text::cat("namespace ", ns, " is being terminated")});
  return error;
}

void create(Call& call) {
  const auto written = create_object(call);
  if (!written) return call.fail(written.error());
  call.answer_object(201, written->bytes);
}

}  // namespace nodal::master::handlers
