// master/api/documents.cc — see documents.h.
#include "master/api/documents.h"

#include <boost/json.hpp>

#include "api-client/codec/codec.h"
#include "api-client/codec/defaulting.h"
#include "api-client/codec/patch.h"
#include "api-client/codec/protobuf.h"
#include "api-client/codec/pruning.h"
#include "base/text.h"
#include "base/yaml.h"
#include "master/registry/object_store.h"
#include "master/registry/strategy.h"
#include "master/registry/validation.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

std::string string_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

// What the document says it is fits what it has to be.
Answer<> check_kind(const json::object& object, const Expected& expected) {
  for (const std::string_view key : {"kind", "apiVersion"})
    if (const auto* value = object.if_contains(key);
        value && !value->is_string() && !value->is_null())
      return errors::bad_request(
          text::cat("couldn't get version/kind; json parse error: ", key, " is not a string"));
  const auto kind = string_of(object, "kind");
  const auto version = string_of(object, "apiVersion");
  if (!expected.version.empty() && !version.empty() &&
      version != api_version(expected.group, expected.version))
    return errors::bad_request(text::cat("the API version in the data (", version,
                                         ") does not match the expected API version (",
                                         api_version(expected.group, expected.version), ")"));
  if (!kind.empty() && kind != expected.kind)
    return errors::bad_request(text::cat("the kind in the data (", kind,
                                         ") does not match the expected kind (", expected.kind,
                                         ")"));
  return {};
}

std::string join_problems(const std::vector<std::string>& unknown,
                          const std::vector<std::string>& duplicates) {
  std::string out;
  for (const auto& path : unknown)
    out += text::cat(out.empty() ? "" : ", ", "unknown field ", quoted(path));
  for (const auto& path : duplicates)
    out += text::cat(out.empty() ? "" : ", ", "duplicate field ", quoted(path));
  return out;
}

void warn_about(const std::vector<std::string>& unknown, const std::vector<std::string>& duplicates,
                Warnings& warnings) {
  for (const auto& path : unknown) warnings.push_back(text::cat("unknown field ", quoted(path)));
  for (const auto& path : duplicates)
    warnings.push_back(text::cat("duplicate field ", quoted(path)));
}

std::string cannot_handle(const Expected& expected, std::string_view why) {
  return text::cat(expected.kind, " in version ",
                   quoted(expected.version.empty() ? "v1" : expected.version),
                   " cannot be handled as a ", expected.kind, ": ", why);
}

Answer<json::value> parse_text(std::string_view body, BodyType type,
                               std::vector<std::string>& duplicates) {
  std::string converted;
  if (type == BodyType::yaml) {
    auto documents = yaml_to_json(body);
    if (!documents)
      return errors::bad_request(
          text::cat("error converting YAML to JSON: ", documents.error().message));
    if (documents->size() != 1)
      return errors::bad_request(
          text::cat("one YAML document is needed, the body has ", documents->size()));
    converted = std::move(documents->front());
    body = converted;
  }
  auto parsed = codec::parse(body);
  if (!parsed)
    return errors::bad_request(
        text::cat("couldn't get version/kind; json parse error: ", parsed.error().message));
  duplicates = codec::duplicate_fields(body);
  return std::move(*parsed);
}

// All validation of one document.
// @param part  what alone was to change; null: any of it
Answer<> validate(const schema::Resource& resource, const json::object& object,
                  const json::object* old, const SpecPart* part = nullptr) {
  FieldErrors found;
  validate_metadata(resource, object, found);
  if (resource.type) {
    validate_fields(object, *resource.type, found);
    if (old) validate_immutable(object, *old, *resource.type, found);
  }
  const Strategy& strategy = strategy_for(resource);
  if (strategy.validate) strategy.validate(object, found);
  const auto change = part ? part->validate_update : strategy.validate_update;
  if (old && change) change(object, *old, found);
  if (!old && strategy.validate_create) strategy.validate_create(object, found);
  if (found.empty()) return {};
  return errors::invalid(resource, string_at(object, "metadata", "name"), std::move(found));
}

void carry_member(json::object& to, const json::object& from, std::string_view key) {
  if (const auto* value = from.if_contains(key))
    to[key] = *value;
  else
    to.erase(key);
}

// Leaves of a change what it may be: that field of the spec, and preconditions.
void keep_part(json::object& object, const json::object& old, std::string_view field) {
  json::object changed = old;
  const auto* wanted = object.if_contains("spec");
  auto& spec = changed["spec"];
  if (!spec.is_object()) spec.emplace_object();
  carry_member(spec.get_object(),
               wanted && wanted->is_object() ? wanted->get_object() : json::object(), field);
  auto& metadata = metadata_of(changed);
  for (const std::string_view key : {"resourceVersion", "uid", "managedFields"})
    carry_member(metadata, metadata_of(object), key);
  object = std::move(changed);
}

}  // namespace

void fill_defaults(const schema::Resource& resource, json::object& object) {
  if (resource.type) codec::fill_defaults(object, *resource.type);
  if (const auto& strategy = strategy_for(resource); strategy.default_fields)
    strategy.default_fields(object);
}

Expected expected_of(const schema::Resource& resource) {
  return {resource.group, resource.version, resource.kind, resource.type};
}

Answer<json::object> decode_body(std::string_view body, BodyType type, const Expected& expected,
                                 FieldValidation validation, Warnings& warnings) {
  json::object object;
  std::vector<std::string> unknown, duplicates;
  if (type == BodyType::protobuf) {
    auto decoded = codec::decode_protobuf(body);
    if (!decoded) return errors::bad_request(decoded.error().message);
    object = std::move(*decoded);
  } else {
    if (text::trim(body).empty())
      return errors::bad_request("the request body is empty, an object is needed");
    auto value = NODAL_TRY(parse_text(body, type, duplicates));
    if (!value.is_object())
      return errors::bad_request(
          "couldn't get version/kind; json parse error: the body is not an object");
    object = std::move(value.get_object());
  }
  NODAL_TRY(check_kind(object, expected));
  if (expected.type)
    if (const auto pruned = codec::prune(object, *expected.type, unknown); !pruned)
      return errors::bad_request(cannot_handle(expected, pruned.error().message));
  if (validation == FieldValidation::strict && (!unknown.empty() || !duplicates.empty()))
    return errors::bad_request(cannot_handle(
        expected, text::cat("strict decoding error: ", join_problems(unknown, duplicates))));
  if (validation == FieldValidation::warn) warn_about(unknown, duplicates, warnings);
  return object;
}

Answer<> prepare_new(const schema::Resource& resource, json::object& object) {
  const Strategy& strategy = strategy_for(resource);
  // A node registers itself together with what it reports.
  if (resource.has_status && !(resource.group.empty() && resource.kind == "Node"))
    object.erase("status");
  if (strategy.prepare_create) strategy.prepare_create(object);
  fill_defaults(resource, object);
  return validate(resource, object, nullptr);
}

Answer<> prepare_change(const schema::Resource& resource, std::string_view subresource,
                        json::object& object, const json::object& old) {
  const Strategy& strategy = strategy_for(resource);
  if (subresource == "status") {
    json::object changed = old;
    carry_member(changed, object, "status");
    auto& metadata = metadata_of(changed);
    const auto& wanted = metadata_of(object);
    // Preconditions come along, and what is said about the object.
    for (const std::string_view key : {"resourceVersion", "uid", "managedFields", "annotations"})
      carry_member(metadata, wanted, key);
    if (!strategy.status_keeps_labels) carry_member(metadata, wanted, "labels");
    object = std::move(changed);
    fill_defaults(resource, object);
    FieldErrors found;
    validate_metadata(resource, object, found);
    if (strategy.validate_status) strategy.validate_status(object, found);
    if (!found.empty())
      return errors::invalid(resource, string_at(object, "metadata", "name"), std::move(found));
    return {};
  }
  const SpecPart* part = subresource.empty() ? nullptr : strategy.part;
  if (part && part->subresource == subresource) keep_part(object, old, part->field);
  if (resource.has_status) carry_member(object, old, "status");
  if (strategy.prepare_update) strategy.prepare_update(object, old);
  fill_defaults(resource, object);
  auto& metadata = metadata_of(object);
  const auto* before = old.if_contains("metadata");
  if (before && before->is_object())
    for (const std::string_view key : {"name", "namespace"})
      carry_member(metadata, before->get_object(), key);
  // What was stored before a default existed differs from it in nothing but age.
  json::object defaulted = old;
  fill_defaults(resource, defaulted);
  return validate(resource, object, &defaulted, part);
}

Answer<json::object> apply_patch(const Expected& expected, const json::object& object,
                                 std::string_view patch, BodyType type, FieldValidation validation,
                                 Warnings& warnings) {
  auto parsed = codec::parse(patch);
  if (!parsed)
    return errors::bad_request(text::cat("error decoding patch: ", parsed.error().message));
  json::value out;
  if (type == BodyType::json_patch) {
    if (!parsed->is_array())
      return errors::bad_request("error decoding patch: a JSON patch is a list of operations");
    auto patched = codec::json_patch(object, *parsed);
    if (!patched) {
      ApiError error;
      error.code = 422;
      error.reason = "Invalid";
      error.message = "the server rejected our request due to an error in our request";
      error.causes.push_back({"FieldValueInvalid", "patch", patched.error().message});
      return std::unexpected(std::move(error));
    }
    out = std::move(*patched);
  } else {
    const auto* changes = parsed->if_object();
    if (!changes) return errors::bad_request("error decoding patch: the patch is not an object");
    if (type == BodyType::strategic_merge_patch && expected.type) {
      auto patched = codec::strategic_merge_patch(object, *changes, *expected.type);
      if (!patched) return errors::bad_request(patched.error().message);
      out = std::move(*patched);
    } else {
      out = codec::merge_patch(object, *parsed);
    }
  }
  if (!out.is_object()) return errors::bad_request("the patch does not leave an object");
  json::object& result = out.get_object();
  NODAL_TRY(check_kind(result, expected));
  std::vector<std::string> unknown;
  if (expected.type)
    if (const auto pruned = codec::prune(result, *expected.type, unknown); !pruned)
      return errors::bad_request(cannot_handle(expected, pruned.error().message));
  const auto duplicates = codec::duplicate_fields(patch);
  if (validation == FieldValidation::strict && (!unknown.empty() || !duplicates.empty())) {
    std::string message =
        text::cat("Invalid value: ", quoted(json::serialize(*parsed)),
                  ": strict decoding error: ", join_problems(unknown, duplicates));
    auto error = errors::invalid("", "", "", {{"FieldValueInvalid", "patch", std::move(message)}});
    return error;
  }
  if (validation == FieldValidation::warn) warn_about(unknown, duplicates, warnings);
  return std::move(result);
}

}  // namespace nodal::master
