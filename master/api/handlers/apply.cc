// master/api/handlers/apply.cc — PATCH with an apply patch: server-side apply.
#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/registry/conversion.h"
#include "master/registry/strategy.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr int kAttempts = 8;  // against others that create and delete the object

// Only what the request may set: a status or a part of the spec through its subresource, and
// nothing else there.
void restrict(const Call& call, json::object& applied) {
  const auto* part = strategy_for(call.stored()).part;
  if (part && part->subresource == call.info.subresource) {
    json::object spec;
    if (auto* whole = applied.if_contains("spec"); whole && whole->is_object())
      if (auto* value = whole->get_object().if_contains(part->field))
        spec[part->field] = std::move(*value);
    applied["spec"] = std::move(spec);
    for (const std::string_view key : {"labels", "annotations", "finalizers", "ownerReferences"})
      metadata_of(applied).erase(key);
  }
  if (call.info.subresource != "status") {
    if (call.resource->has_status) applied.erase("status");
    return;
  }
  json::object out;
  for (const std::string_view key : {"kind", "apiVersion", "metadata", "status"})
    if (auto* value = applied.if_contains(key)) out[key] = std::move(*value);
  auto& metadata = metadata_of(out);
  json::object kept;
  if (strategy_for(call.stored()).status_keeps_labels) metadata.erase("labels");
  for (const std::string_view key :
       {"name", "namespace", "uid", "resourceVersion", "labels", "annotations"})
    if (auto* value = metadata.if_contains(key)) kept[key] = std::move(*value);
  metadata = std::move(kept);
  applied = std::move(out);
}

Answer<Written> create_applied(Call& call, const json::object& applied) {
  NODAL_TRY(may_create(call));
  for (const std::string_view key : {"uid", "resourceVersion"})
    if (const auto value = string_at(applied, "metadata", key); !value.empty())
      return errors::conflict(*call.resource, call.info.name,
                              text::cat("the applied object has the ", key, " ", value,
                                        ", but there is no such object yet"));
  return store_new(call, applied, [&](json::object& object) {
    return managed::own_applied(call.stored(), object, applied, writer_of(call));
  });
}

struct Applied {
  Written written;
  bool created = false;
};

Answer<Applied> apply_object(Call& call) {
  const bool force = call.info.flag("force");
  json::object applied =
      to_stored(*call.resource, NODAL_TRY(applied_document(call, expected_of(*call.resource))));
  managed::settle_written(call.stored(), applied);
  restrict(call, applied);
  for (int attempt = 1;; ++attempt) {
    auto written = write_change(
        call, call.info.subresource,
        [&](const json::object& old) {
          return managed::apply(call.stored(), old, applied, writer_of(call), force);
        },
        Owners::change);
    if (written) return Applied{std::move(*written), false};
    const bool absent = written.error().reason == "NotFound" && call.info.subresource.empty();
    if (!absent) return std::unexpected(std::move(written.error()));
    auto created = create_applied(call, applied);
    if (created) return Applied{std::move(*created), true};
    if (created.error().reason != "AlreadyExists" || attempt == kAttempts)
      return std::unexpected(std::move(created.error()));
  }
}

}  // namespace

Answer<json::object> applied_document(Call& call, const Expected& expected) {
  if (call.info.parameter("fieldManager").empty())
    return errors::invalid(
        "meta.k8s.io", "PatchOptions", "",
        {{"FieldValueRequired", "fieldManager", "Required value: is required for apply patch"}});
  const schema::Resource& resource = *call.resource;
  const std::string& body = call.request.body;
  const bool is_json = text::trim(body).starts_with('{');
  const bool strict = call.validation == FieldValidation::strict;
  Warnings found;
  json::object applied =
      NODAL_TRY(decode_body(body, is_json ? BodyType::json : BodyType::yaml, expected,
                            strict ? call.validation : FieldValidation::warn, found));
  for (const std::string_view key : {"kind", "apiVersion"})
    if (const auto* value = applied.if_contains(key); !value || value->as_string().empty())
      return errors::bad_request(
          text::cat("an applied object must say its kind and apiVersion, it has no ", key));
  const auto name = string_at(applied, "metadata", "name");
  if (!name.empty() && name != call.info.name)
    return errors::bad_request(text::cat("the name of the object (", name,
                                         ") does not match the name on the URL (", call.info.name,
                                         ")"));
  const auto ns = string_at(applied, "metadata", "namespace");
  if (resource.namespaced && !ns.empty() && ns != call.info.namespace_)
    return errors::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  auto& metadata = metadata_of(applied);
  if (const auto* fields = metadata.if_contains("managedFields");
      fields && (!fields->is_array() || !fields->get_array().empty()))
    return errors::bad_request("metadata.managedFields must be nil");
  metadata.erase("managedFields");
  metadata["name"] = call.info.name;
  if (resource.namespaced) metadata["namespace"] = call.info.namespace_;
  for (auto& warning : found) {
    constexpr std::string_view kUnknown = "unknown field \"";
    if (warning.starts_with(kUnknown)) {
      const auto path = std::string_view(warning).substr(kUnknown.size());
      const std::string_view api_version = applied.at("apiVersion").as_string();
      return errors::bad_request(
          text::cat("failed to create typed patch object (",
                    resource.namespaced ? call.info.namespace_ : "", resource.namespaced ? "/" : "",
                    call.info.name, "; ", api_version, ", Kind=", expected.kind, "): .",
                    path.substr(0, path.size() - 1), ": field not declared in schema"));
    }
    if (call.validation == FieldValidation::warn) call.warnings.push_back(std::move(warning));
  }
  return applied;
}

void apply(Call& call) {
  const auto done = apply_object(call);
  if (!done) return call.fail(done.error());
  call.answer_object(done->created ? 201 : 200, done->written.bytes);
}

}  // namespace nodal::master::handlers
