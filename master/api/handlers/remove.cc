// master/api/handlers/remove.cc — DELETE of one object or a collection.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/selection.h"

namespace nodal::master::handlers {
namespace {

std::optional<std::int64_t> int_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return std::nullopt;
  if (const auto* n = value->if_int64()) return *n;
  if (const auto* n = value->if_uint64()) return static_cast<std::int64_t>(*n);
  return std::nullopt;
}

std::string_view string_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::unexpected<ApiError> bad_option(std::string_view field, std::string_view reason,
                                     std::string message) {
  return errors::invalid("meta.k8s.io", "DeleteOptions", "",
                         {{std::string(reason), std::string(field), std::move(message)}});
}

}  // namespace

Answer<DeleteRequest> delete_request(Call& call) {
  DeleteRequest out;
  out.dry_run = call.dry_run;
  boost::json::object options;
  if (!text::trim(call.request.body).empty()) {
    const auto type = body_type(call.request.headers.get("Content-Type"));
    if (!type ||
        (*type != BodyType::json && *type != BodyType::yaml && *type != BodyType::protobuf))
      return errors::unsupported_media_type(
          "application/json, application/yaml, application/vnd.kubernetes.protobuf");
    const Expected expected{
        "", "", "DeleteOptions",
        schema::find_type("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")};
    options = NODAL_TRY(
        decode_body(call.request.body, *type, expected, FieldValidation::ignore, call.warnings));
  }
  out.grace_period_seconds = int_of(options, "gracePeriodSeconds");
  out.propagation_policy = string_of(options, "propagationPolicy");
  const auto* orphan = options.if_contains("orphanDependents");
  std::optional<bool> orphan_dependents;
  if (orphan && orphan->is_bool()) orphan_dependents = orphan->get_bool();
  out.uid = string_at(options, "preconditions", "uid");
  out.resource_version = string_at(options, "preconditions", "resourceVersion");
  if (const auto* dry = options.if_contains("dryRun"); dry && dry->is_array()) {
    for (const auto& value : dry->get_array()) {
      if (!value.is_string() || value.get_string() != "All")
        return bad_option("dryRun", "FieldValueNotSupported",
                          text::cat("Unsupported value: ", boost::json::serialize(value),
                                    R"(: supported values: "All")"));
      out.dry_run = true;
    }
  }
  const RequestInfo& info = call.info;
  if (info.has_parameter("gracePeriodSeconds") && !out.grace_period_seconds) {
    out.grace_period_seconds = text::number<std::int64_t>(info.parameter("gracePeriodSeconds"));
    if (!out.grace_period_seconds)
      return errors::bad_request(
          text::cat("invalid gracePeriodSeconds ", quoted(info.parameter("gracePeriodSeconds"))));
  }
  if (info.has_parameter("propagationPolicy") && out.propagation_policy.empty())
    out.propagation_policy = info.parameter("propagationPolicy");
  if (info.has_parameter("orphanDependents") && !orphan_dependents)
    orphan_dependents = info.flag("orphanDependents");

  if (out.grace_period_seconds && *out.grace_period_seconds < 0)
    return bad_option("gracePeriodSeconds", "FieldValueInvalid",
                      text::cat("Invalid value: ", *out.grace_period_seconds,
                                ": must be greater than or equal to 0"));
  if (!out.propagation_policy.empty()) {
    if (orphan_dependents)
      return bad_option("propagationPolicy", "FieldValueInvalid",
                        text::cat("Invalid value: ", quoted(out.propagation_policy),
                                  ": orphanDependents and deletionPropagation cannot be both set"));
    if (out.propagation_policy != "Background" && out.propagation_policy != "Foreground" &&
        out.propagation_policy != "Orphan")
      return bad_option("propagationPolicy", "FieldValueNotSupported",
                        text::cat("Unsupported value: ", quoted(out.propagation_policy),
                                  R"(: supported values: "Background", "Foreground", "Orphan")"));
  } else if (orphan_dependents) {
    out.propagation_policy = *orphan_dependents ? "Orphan" : "Background";
  }
  return out;
}

namespace {

Answer<Written> remove_one(Call& call, std::string_view ns, std::string_view name,
                           const DeleteRequest& request) {
  const schema::Resource& resource = call.stored();
  if (resource.group.empty() && resource.kind == "Namespace" &&
      (name == "default" || name == "kube-system" || name == "kube-public"))
    return errors::forbidden(resource, name, "this namespace may not be deleted");
  return call.api->objects().remove(resource, ns, name, request);
}

}  // namespace

void remove(Call& call) {
  const auto request = delete_request(call);
  if (!request) return call.fail(request.error());
  const auto written = remove_one(call, call.info.namespace_, call.info.name, *request);
  if (!written) return call.fail(written.error());
  const bool is_pod = call.resource->group.empty() && call.resource->kind == "Pod";
  if (!written->removed || is_pod) return call.answer_object(200, written->bytes);
  call.answer(200, render_success(*call.resource, call.info.name,
                                  string_at(parse_object(*written->bytes), "metadata", "uid")));
}

void remove_collection(Call& call) {
  const auto request = delete_request(call);
  if (!request) return call.fail(request.error());
  const auto selection = Selection::parse(*call.resource, call.info);
  if (!selection) return call.fail(selection.error());
  const schema::Resource& resource = call.stored();
  const std::string prefix =
      key_prefix(resource, resource.namespaced ? call.info.namespace_ : std::string());
  const auto page = call.api->parts().kv->list(prefix, 0, "", 0);
  if (!page) return call.fail(errors::from(page.error(), resource, "").error());

  std::vector<Bytes> removed;
  for (const auto& entry : page->entries) {
    const auto name = std::string_view(entry.key).substr(prefix.size());
    if (!selection->key_fits(call.info.namespace_, name)) continue;
    if (selection->needs_object() && !selection->fits(parse_object(*entry.value))) continue;
    auto written = remove_one(call, call.info.namespace_, name, *request);
    if (!written) {
      if (written.error().reason == "NotFound") continue;  // somebody was faster
      return call.fail(written.error());
    }
    removed.push_back(std::move(written->bytes));
  }
  std::string out = text::cat(call.opening("List"), R"(,"metadata":{"resourceVersion":")",
                              page->revision, R"("},"items":[)");
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (i > 0) out += ',';
    out += *call.shown(removed[i]);
  }
  call.answer(200, out + "]}");
}

}  // namespace nodal::master::handlers
