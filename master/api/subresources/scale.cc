// master/api/subresources/scale.cc — autoscaling/v1 Scale over spec.replicas of its parent.
#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

Expected scale_type() {
  return {"autoscaling", "v1", "Scale", schema::find_type("io.k8s.api.autoscaling.v1.Scale")};
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

std::int64_t int_in(const json::object* object, std::string_view key) {
  const auto* value = object ? object->if_contains(key) : nullptr;
  if (!value) return 0;
  return value->is_int64()    ? value->get_int64()
         : value->is_uint64() ? static_cast<std::int64_t>(value->get_uint64())
                              : 0;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string().data(), value.get_string().size())
                           : std::string();
}

// A LabelSelector as a query would write it.
std::string selector_text(const json::object* selector) {
  std::vector<std::string> terms;
  if (const auto* labels = selector ? object_in(*selector, "matchLabels") : nullptr)
    for (const auto& [key, value] : *labels)
      terms.push_back(text::cat(std::string_view(key), "=", text_of(value)));
  const auto* expressions = selector ? selector->if_contains("matchExpressions") : nullptr;
  if (expressions && expressions->is_array())
    for (const auto& item : expressions->get_array()) {
      const auto* expression = item.if_object();
      if (!expression) continue;
      const auto* key = expression->if_contains("key");
      const auto* op = expression->if_contains("operator");
      const auto* values = expression->if_contains("values");
      if (!key || !op) continue;
      std::vector<std::string> list;
      if (values && values->is_array())
        for (const auto& value : values->get_array()) list.push_back(text_of(value));
      std::ranges::sort(list);
      const auto k = text_of(*key), o = text_of(*op);
      if (o == "Exists")
        terms.push_back(k);
      else if (o == "DoesNotExist")
        terms.push_back("!" + k);
      else
        terms.push_back(
            text::cat(k, o == "NotIn" ? " notin (" : " in (", text::join(list, ","), ")"));
    }
  std::ranges::sort(terms);
  return text::join(terms, ",");
}

json::object scale_of(const json::object& parent) {
  const auto* metadata = object_in(parent, "metadata");
  const auto* spec = object_in(parent, "spec");
  json::object scale{{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}};
  auto& out = scale["metadata"].emplace_object();
  for (const std::string_view key :
       {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const auto* value = metadata ? metadata->if_contains(key) : nullptr) out[key] = *value;
  auto& wanted = scale["spec"].emplace_object();
  if (const auto replicas = int_in(spec, "replicas"); replicas != 0) wanted["replicas"] = replicas;
  auto& status = scale["status"].emplace_object();
  status["replicas"] = int_in(object_in(parent, "status"), "replicas");
  if (const auto selector = selector_text(spec ? object_in(*spec, "selector") : nullptr);
      !selector.empty())
    status["selector"] = selector;
  return scale;
}

// The Scale of a stored parent, in the form that was asked for.
void answer_scale(Call& call, const Bytes& parent) {
  const json::object scale = scale_of(parse_object(*parent));
  if (call.form != Form::table) return call.answer(200, json::serialize(scale));
  schema::Resource kind;
  kind.group = "autoscaling";
  kind.version = "v1";
  kind.kind = "Scale";
  call.answer_table(200, kind, scale);
}

// The parent with the replicas of the Scale, its resourceVersion and uid as preconditions.
Answer<json::object> scaled(const json::object& parent, const json::object& scale) {
  const auto* spec = object_in(scale, "spec");
  const auto replicas = int_in(spec, "replicas");
  if (replicas < 0)
    return errors::invalid(
        "autoscaling", "Scale", string_at(parent, "metadata", "name"),
        {{"FieldValueInvalid", "spec.replicas",
          text::cat("Invalid value: ", replicas, ": must be greater than or equal to 0")}});
  json::object out = parent;
  auto& inner = out["spec"];
  if (!inner.is_object()) inner.emplace_object();
  inner.get_object()["replicas"] = replicas;
  auto& metadata = metadata_of(out);
  for (const std::string_view key : {"resourceVersion", "uid"})
    if (const auto value = string_at(scale, "metadata", key); !value.empty()) metadata[key] = value;
  return out;
}

// An apply of the Scale is one of the parent that names nothing but the replicas.
Answer<Written> apply_scale(Call& call) {
  const json::object scale = NODAL_TRY(applied_document(call, scale_type()));
  json::object applied;
  applied["metadata"] = scale.at("metadata");
  if (const auto* spec = object_in(scale, "spec"))
    if (const auto* replicas = spec->if_contains("replicas"))
      applied["spec"] = json::object{{"replicas", *replicas}};
  auto& metadata = metadata_of(applied);
  for (const std::string_view key : {"labels", "annotations", "finalizers", "ownerReferences"})
    metadata.erase(key);
  return write_change(
      call, "",
      [&](const json::object& old) {
        return managed::apply(*call.resource, old, applied, writer_of(call),
                              call.info.flag("force"));
      },
      Owners::change);
}

}  // namespace

void get_scale(Call& call) {
  const auto entry = call.api->objects().get(*call.resource, call.info.namespace_, call.info.name);
  if (!entry) return call.fail(entry.error());
  answer_scale(call, entry->value);
}

void write_scale(Call& call) {
  const bool put = call.info.verb == "update";
  const auto type = body_type(call.request.headers.get("Content-Type"));
  if (!put && type == BodyType::apply_patch) {
    const auto applied = apply_scale(call);
    if (!applied) return call.fail(applied.error());
    return answer_scale(call, applied->bytes);
  }
  const bool plain =
      type && (*type == BodyType::json || *type == BodyType::yaml || *type == BodyType::protobuf);
  if (!type || plain != put || *type == BodyType::apply_patch)
    return call.fail(
        errors::unsupported_media_type(
            put ? "application/json, application/yaml, application/vnd.kubernetes.protobuf"
                : "application/json-patch+json, application/merge-patch+json, "
                  "application/strategic-merge-patch+json, "
                  "application/apply-patch+yaml")
            .error());
  json::object body;
  if (put) {
    auto decoded =
        decode_body(call.request.body, *type, scale_type(), call.validation, call.warnings);
    if (!decoded) return call.fail(decoded.error());
    body = std::move(*decoded);
    if (const auto name = string_at(body, "metadata", "name");
        !name.empty() && name != call.info.name)
      return call.fail(errors::bad_request(text::cat("the name of the object (", name,
                                                     ") does not match the name on the URL (",
                                                     call.info.name, ")"))
                           .error());
  }
  const auto written = write_change(call, "", [&](const json::object& old) -> Answer<json::object> {
    if (put) return scaled(old, body);
    call.warnings.clear();
    const auto patched = NODAL_TRY(apply_patch(scale_type(), scale_of(old), call.request.body,
                                               *type, call.validation, call.warnings));
    return scaled(old, patched);
  });
  if (!written) return call.fail(written.error());
  answer_scale(call, written->bytes);
}

}  // namespace nodal::master::handlers
