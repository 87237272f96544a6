// master/registry/validation.cc — see validation.h.
#include "master/registry/validation.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/names.h"
#include "base/net/address.h"
#include "base/text.h"
#include "master/registry/api_error.h"
#include "master/registry/strategy/labels.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

using schema::Field;
using schema::Kind;

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

std::string shown(const json::value& value) {
  if (value.is_string()) return quoted(view(value.get_string()));
  return json::serialize(value);
}

std::string format_problem(schema::Format format, std::string_view text) {
  switch (format) {
    case schema::Format::none:
    case schema::Format::int32:
    case schema::Format::int64:
      return {};
    case schema::Format::dns_label:
      return names::dns_label(text);
    case schema::Format::dns_subdomain:
      return names::dns_subdomain(text);
    case schema::Format::dns_1035_label:
      return names::dns_1035_label(text);
    case schema::Format::label_value:
      return names::label_value(text);
    case schema::Format::ip:
      return net::IpAddress::parse(text)
                 ? ""
                 : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    case schema::Format::cidr:
      return net::Cidr::parse(text)
                 ? ""
                 : "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  }
  return {};
}

class Validator {
 public:
  explicit Validator(FieldErrors& errors) : errors_(errors) {}

  void object(const json::object& object, const schema::Type& type, bool top) {
    for (const Field& field : type.fields) {
      if (field.spliced || errors_.size() >= kMostFieldErrors) continue;
      if (top && (field.name == "metadata" || field.name == "status")) continue;
      const auto* value = object.if_contains(field.name);
      const std::size_t size = path_.size();
      path_ += text::cat(path_.empty() ? "" : ".", field.name);
      if (!value || value->is_null() || (field.required && is_empty(*value))) {
        if (field.required) add("FieldValueRequired", "Required value");
      } else {
        whole(*value, field);
      }
      path_.resize(size);
    }
  }

 private:
  static bool is_empty(const json::value& value) {
    if (const auto* text = value.if_string()) return text->empty();
    if (const auto* list = value.if_array()) return list->empty();
    return false;
  }

  void add(std::string reason, std::string message) {
    if (errors_.size() < kMostFieldErrors)
      errors_.push_back({std::move(reason), path_, std::move(message)});
  }

  void whole(const json::value& value, const Field& field) {
    if (field.kind == Kind::array) {
      const auto& list = value.get_array();
      if (field.min_items && static_cast<std::int64_t>(list.size()) < *field.min_items)
        add("FieldValueInvalid", text::cat("Invalid value: ", list.size(), ": must have at least ",
                                           *field.min_items, " items"));
      std::size_t index = 0;
      for (const auto& item : list) {
        const std::size_t size = path_.size();
        path_ += text::cat("[", index++, "]");
        one(item, field.element, field);
        path_.resize(size);
      }
      return;
    }
    if (field.kind == Kind::map) {
      for (const auto& [key, item] : value.get_object()) {
        const std::size_t size = path_.size();
        path_ += text::cat("[", std::string_view(key.data(), key.size()), "]");
        one(item, field.element, field);
        path_.resize(size);
      }
      return;
    }
    one(value, field.kind, field);
  }

  void one(const json::value& value, Kind kind, const Field& field) {
    if (kind == Kind::object) {
      if (field.type)
        if (const auto* inner = value.if_object()) object(*inner, *field.type, false);
      return;
    }
    if (const auto* string = value.if_string(); string && kind == Kind::string) {
      const auto text = view(*string);
      // "" stands for absence, but where absence can be told from it.
      if (!field.enum_values.empty() && (!text.empty() || field.pointer) &&
          std::ranges::find(field.enum_values, text) == field.enum_values.end()) {
        std::string list;
        for (const auto allowed : field.enum_values)
          list += text::cat(list.empty() ? "" : ", ", quoted(allowed));
        add("FieldValueNotSupported",
            text::cat("Unsupported value: ", quoted(text), ": supported values: ", list));
      }
      if (field.max_length && static_cast<std::int64_t>(text.size()) > *field.max_length)
        add("FieldValueTooLong",
            text::cat("Too long: may not be more than ", *field.max_length, " bytes"));
      if (!text.empty() && !(field.format == schema::Format::ip && text == "None"))
        if (const auto problem = format_problem(field.format, text); !problem.empty())
          add("FieldValueInvalid", text::cat("Invalid value: ", quoted(text), ": ", problem));
      return;
    }
    if (const auto* number = value.if_int64();
        number && (kind == Kind::integer || kind == Kind::int_or_string)) {
      const bool below = field.minimum && *number < *field.minimum;
      const bool above = field.maximum && *number > *field.maximum;
      if (!below && !above) return;
      const std::string rule =
          field.minimum && field.maximum ? text::cat("must be between ", *field.minimum, " and ",
                                                     *field.maximum, ", inclusive")
          : below ? text::cat("must be greater than or equal to ", *field.minimum)
                  : text::cat("must be less than or equal to ", *field.maximum);
      add("FieldValueInvalid", text::cat("Invalid value: ", *number, ": ", rule));
    }
  }

  FieldErrors& errors_;
  std::string path_;
};

void immutable(const json::object& object, const json::object& old, const schema::Type& type,
               std::string& path, FieldErrors& errors, bool top) {
  for (const Field& field : type.fields) {
    if (field.spliced || (top && (field.name == "metadata" || field.name == "status"))) continue;
    const auto* now = object.if_contains(field.name);
    const auto* before = old.if_contains(field.name);
    const std::size_t size = path.size();
    path += text::cat(path.empty() ? "" : ".", field.name);
    if (field.immutable) {
      const bool same = now && before ? *now == *before : !now && !before;
      if (!same)
        errors.push_back({"FieldValueInvalid", path,
                          text::cat("Invalid value: ", now ? shown(*now) : std::string("null"),
                                    ": field is immutable")});
    } else if (field.kind == Kind::object && field.type && now && before && now->is_object() &&
               before->is_object()) {
      immutable(now->get_object(), before->get_object(), *field.type, path, errors, false);
    }
    path.resize(size);
  }
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

std::string string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(view(*text)) : std::string();
}

}  // namespace

void validate_fields(const json::object& object, const schema::Type& type, FieldErrors& errors) {
  Validator(errors).object(object, type, true);
}

void validate_immutable(const json::object& object, const json::object& old,
                        const schema::Type& type, FieldErrors& errors) {
  std::string path;
  immutable(object, old, type, path, errors, true);
}

void validate_metadata(const schema::Resource& resource, const json::object& object,
                       FieldErrors& errors) {
  const auto* metadata = object_in(object, "metadata");
  if (!metadata) return;
  const auto invalid = [&](std::string field, std::string_view value, std::string_view why) {
    errors.push_back({"FieldValueInvalid", std::move(field),
                      text::cat("Invalid value: ", quoted(value), ": ", why)});
  };
  const std::string name = string_in(*metadata, "name");
  const bool core = resource.group.empty();
  const std::string problem = core && resource.kind == "Namespace" ? names::dns_label(name)
                              : core && resource.kind == "Service" ? names::dns_1035_label(name)
                                                                   : names::dns_subdomain(name);
  if (!problem.empty()) invalid("metadata.name", name, problem);
  if (const auto* labels = object_in(*metadata, "labels"))
    validate_labels(*labels, "metadata.labels", errors);
  if (const auto* annotations = object_in(*metadata, "annotations"))
    validate_annotations(*annotations, "metadata.annotations", errors);
  if (const auto* finalizers = metadata->if_contains("finalizers");
      finalizers && finalizers->is_array()) {
    std::size_t index = 0;
    for (const auto& finalizer : finalizers->get_array()) {
      const auto text = finalizer.is_string() ? view(finalizer.get_string()) : std::string_view();
      const auto at = text::cat("metadata.finalizers[", index++, "]");
      if (const auto why = names::qualified_name(text); !why.empty())
        invalid("metadata.finalizers", text, why);
      else if (text.find('/') == std::string_view::npos && text != "kubernetes" &&
               text != "orphan" && text != "foregroundDeletion")
        invalid(at, text, "name is neither a standard finalizer name nor is it fully qualified");
    }
  }
  if (const auto* owners = metadata->if_contains("ownerReferences"); owners && owners->is_array()) {
    std::size_t index = 0;
    int controllers = 0;
    for (const auto& owner : owners->get_array()) {
      const auto* reference = owner.if_object();
      if (!reference) continue;
      const std::string path = text::cat("metadata.ownerReferences[", index++, "]");
      for (const std::string_view key : {"apiVersion", "kind", "name", "uid"})
        if (string_in(*reference, key).empty())
          invalid(text::cat(path, ".", key), "",
                  text::cat(key == "apiVersion" ? std::string_view("version") : key,
                            " must not be empty"));
      const auto* controller = reference->if_contains("controller");
      if (controller && controller->is_bool() && controller->get_bool()) ++controllers;
    }
    if (controllers > 1)
      errors.push_back({"FieldValueInvalid", "metadata.ownerReferences",
                        text::cat("Invalid value: ", json::serialize(*owners),
                                  ": Only one reference can have Controller set to true")});
  }
}

}  // namespace nodal::master
