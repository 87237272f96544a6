// master/registry/strategy/config.cc — Secret and ConfigMap: their keys, their size, what a Secret
// of a type holds, and those that are frozen.
#include "api-client/codec/codec.h"
#include "api-client/codec/names.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kDataLimit = 1u << 20;  // all values of a ConfigMap or Secret
constexpr std::string_view kAccountAnnotation = "kubernetes.io/service-account.name";

void default_secret(json::object& secret) {
  const auto* plain = object_in(secret, "stringData");
  if (!plain) return;
  const json::object given = *plain;
  auto& data = object_of(secret, "data");
  for (const auto& [key, value] : given)
    if (value.is_string()) data[key] = text::base64(view(value.get_string()));
  secret.erase("stringData");
}

// How many bytes a base64 text stands for.
std::size_t bytes_of(std::string_view base64) {
  const auto padding = base64.ends_with("==") ? 2u : base64.ends_with("=") ? 1u : 0u;
  const auto bytes = base64.size() / 4 * 3;
  return bytes - std::min<std::size_t>(bytes, padding);
}

// @param plain  the member whose values are text; the others' are base64
void validate_keys(const json::object& object, std::initializer_list<std::string_view> members,
                   std::string_view plain, FieldErrors& errors) {
  std::size_t size = 0;
  for (const auto member : members) {
    const auto* data = object_in(object, member);
    if (!data) continue;
    for (const auto& [key, value] : *data) {
      if (const auto why = names::config_key(view(key)); !why.empty())
        errors.push_back({"FieldValueInvalid", text::cat(member, "[", view(key), "]"),
                          text::cat("Invalid value: ", quoted(view(key)), ": ", why)});
      if (value.is_string())
        size += member == plain ? value.get_string().size() : bytes_of(view(value.get_string()));
    }
  }
  if (size > kDataLimit)
    errors.push_back({"FieldValueTooLong", std::string(*members.begin()),
                      text::cat("Too long: may not be more than ", kDataLimit, " bytes")});
}

void validate_frozen(const json::object& object, const json::object& old,
                     std::initializer_list<std::string_view> members, FieldErrors& errors) {
  if (!bool_in(old, "immutable")) return;
  if (!bool_in(object, "immutable"))
    errors.push_back({"FieldValueForbidden", "immutable",
                      "Forbidden: field is immutable when `immutable` is set"});
  for (const auto member : members) {
    const auto* now = object.if_contains(member);
    const auto* before = old.if_contains(member);
    if ((now && before) ? *now != *before : now != before)
      errors.push_back({"FieldValueForbidden", std::string(member),
                        "Forbidden: field is immutable when `immutable` is set"});
  }
}

// Why a text is no JSON object, in the words of Go's decoder as far as they are known.
std::string json_problem(std::string_view text) {
  const auto trimmed = text::trim(text);
  if (trimmed.empty()) return "unexpected end of JSON input";
  const auto parsed = codec::parse(trimmed);
  if (parsed && parsed->is_object()) return {};
  if (parsed)
    return "json: cannot unmarshal the value into Go value of type map[string]interface {}";
  return text::cat("invalid JSON: ", parsed.error().message);
}

void validate_type(const json::object& secret, FieldErrors& errors) {
  Report report(errors);
  const auto type = string_in(secret, "type");
  const auto* data = object_in(secret, "data");
  const auto required = [&](std::string_view key) {
    report.required(text::cat("data[", key, "]"));
  };
  const auto has = [&](std::string_view key) { return data && data->contains(key); };
  const auto document = [&](std::string_view key) {
    if (!has(key)) return required(key);
    const auto bytes = text::unbase64(string_in(*data, key));
    if (const auto why = json_problem(bytes.value_or("")); !why.empty())
      report.invalid(text::cat("data[", key, "]"), "<secret contents redacted>", why);
  };
  if (type == "kubernetes.io/tls") {
    for (const std::string_view key : {"tls.crt", "tls.key"})
      if (!has(key)) required(key);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    document(".dockerconfigjson");
  } else if (type == "kubernetes.io/dockercfg") {
    document(".dockercfg");
  } else if (type == "kubernetes.io/basic-auth") {
    if (has("username") || has("password")) return;
    required("username");
    required("password");
  } else if (type == "kubernetes.io/ssh-auth") {
    if (!data || string_in(*data, "ssh-privatekey").empty()) required("ssh-privatekey");
  } else if (type == "kubernetes.io/service-account-token") {
    const auto* metadata = object_in(secret, "metadata");
    const auto* annotations = metadata ? object_in(*metadata, "annotations") : nullptr;
    if (!annotations || string_in(*annotations, kAccountAnnotation).empty())
      report.required(text::cat("metadata.annotations[", kAccountAnnotation, "]"));
  }
}

void validate_secret(const json::object& secret, FieldErrors& errors) {
  validate_keys(secret, {"data"}, "", errors);
  validate_type(secret, errors);
}
void validate_secret_change(const json::object& secret, const json::object& old,
                            FieldErrors& errors) {
  validate_frozen(secret, old, {"data"}, errors);
}
void validate_config_map(const json::object& map, FieldErrors& errors) {
  validate_keys(map, {"data", "binaryData"}, "data", errors);
  const auto* data = object_in(map, "data");
  const auto* binary = object_in(map, "binaryData");
  if (!data || !binary) return;
  Report report(errors);
  for (const auto& [key, value] : *data)
    if (binary->contains(key))
      report.invalid(text::cat("data[", view(key), "]"), view(key),
                     "duplicate of key present in binaryData");
}
void validate_config_map_change(const json::object& map, const json::object& old,
                                FieldErrors& errors) {
  validate_frozen(map, old, {"data", "binaryData"}, errors);
}

}  // namespace

const Strategy kSecretStrategy{default_secret,         nullptr, nullptr, validate_secret,
                               validate_secret_change, nullptr};
const Strategy kConfigMapStrategy{
    nullptr, nullptr, nullptr, validate_config_map, validate_config_map_change, nullptr};

}  // namespace nodal::master
