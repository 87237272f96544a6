// master/registry/strategy/labels.cc — see labels.h.
#include "master/registry/strategy/labels.h"

#include "api-client/codec/names.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kAnnotationsLimit = 256u << 10;

void invalid(FieldErrors& errors, const std::string& field, std::string_view value,
             std::string_view why) {
  if (errors.size() < kMostFieldErrors)
    errors.push_back(
        {"FieldValueInvalid", field, text::cat("Invalid value: ", quoted(value), ": ", why)});
}

void check_value(std::string_view value, const std::string& field, FieldErrors& errors) {
  if (const auto why = names::label_value(value); !why.empty()) invalid(errors, field, value, why);
}

}  // namespace

void validate_label_key(std::string_view key, const std::string& field, FieldErrors& errors) {
  if (const auto why = names::qualified_name(key); !why.empty()) invalid(errors, field, key, why);
}

void validate_labels(const json::object& labels, const std::string& field, FieldErrors& errors) {
  for (const auto& [key, value] : labels) {
    validate_label_key(view(key), field, errors);
    if (value.is_string()) check_value(view(value.get_string()), field, errors);
  }
}

void validate_annotations(const json::object& annotations, const std::string& field,
                          FieldErrors& errors) {
  std::size_t size = 0;
  for (const auto& [key, value] : annotations) {
    if (const auto why = names::qualified_name(text::lower(view(key))); !why.empty())
      invalid(errors, field, view(key), why);
    size += key.size() + (value.is_string() ? value.get_string().size() : 0);
  }
  if (size > kAnnotationsLimit)
    errors.push_back({"FieldValueTooLong", field,
                      text::cat("Too long: may not be more than ", kAnnotationsLimit, " bytes")});
}

void validate_label_selector(const json::object& selector, const std::string& field,
                             FieldErrors& errors) {
  if (const auto* labels = object_in(selector, "matchLabels"))
    validate_labels(*labels, field + ".matchLabels", errors);
  const auto* expressions = list_in(selector, "matchExpressions");
  if (!expressions) return;
  for (std::size_t i = 0; i < expressions->size() && errors.size() < kMostFieldErrors; ++i) {
    const auto* expression = (*expressions)[i].if_object();
    if (!expression) continue;
    const auto at = text::cat(field, ".matchExpressions[", i, "]");
    const auto op = string_in(*expression, "operator");
    const auto* values = list_in(*expression, "values");
    const bool any = values && !values->empty();
    if ((op == "In" || op == "NotIn") && !any)
      errors.push_back({"FieldValueRequired", at + ".values",
                        "Required value: must be specified when `operator` is 'In' or 'NotIn'"});
    if ((op == "Exists" || op == "DoesNotExist") && any)
      errors.push_back(
          {"FieldValueForbidden", at + ".values",
           "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"});
    // The empty key and the unknown operator are the descriptor's to refuse.
    if (const auto key = string_in(*expression, "key"); !key.empty())
      validate_label_key(key, at + ".key", errors);
    if (values)
      for (std::size_t n = 0; n < values->size(); ++n)
        if (const auto* value = (*values)[n].if_string())
          check_value(view(*value), text::cat(at, ".values[", n, "]"), errors);
  }
}

}  // namespace nodal::master
