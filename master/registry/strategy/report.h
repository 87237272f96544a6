// master/registry/strategy/report.h — saying what is wrong with a field, in few words.
#pragma once

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "master/registry/strategy/fields.h"

namespace nodal::master::fields {

/// Collects errors, one a field: the first said is the most telling.
class Report {
 public:
  explicit Report(FieldErrors& errors) : errors_(errors) {}
  void add(std::string_view reason, const std::string& field, std::string message) {
    if (errors_.size() >= kMostFieldErrors) return;
    if (std::ranges::none_of(errors_, [&](const FieldError& e) { return e.field == field; }))
      errors_.push_back({std::string(reason), field, std::move(message)});
  }
  void required(const std::string& field, std::string_view why = "") {
    add("FieldValueRequired", field, text::cat("Required value", why.empty() ? "" : ": ", why));
  }
  void invalid(const std::string& field, std::string_view value, std::string_view why) {
    add("FieldValueInvalid", field, text::cat("Invalid value: ", quoted(value), ": ", why));
  }
  void invalid(const std::string& field, std::int64_t value, std::string_view why) {
    add("FieldValueInvalid", field, text::cat("Invalid value: ", value, ": ", why));
  }
  void forbidden(const std::string& field, std::string_view why) {
    add("FieldValueForbidden", field, text::cat("Forbidden: ", why));
  }
  void duplicate(const std::string& field, std::string_view value) {
    add("FieldValueDuplicate", field, text::cat("Duplicate value: ", quoted(value)));
  }
  /// @param supported  sorted
  void unsupported(const std::string& field, std::string_view value,
                   std::span<const std::string_view> supported) {
    std::string list;
    for (const auto one : supported) list += text::cat(list.empty() ? "" : ", ", quoted(one));
    add("FieldValueNotSupported", field,
        text::cat("Unsupported value: ", quoted(value), ": supported values: ", list));
  }
  void not_found(const std::string& field, std::string_view value) {
    add("FieldValueNotFound", field, text::cat("Not found: ", quoted(value)));
  }
  /// For the checks that say all that they find.
  [[nodiscard]] FieldErrors& errors() { return errors_; }

 private:
  FieldErrors& errors_;
};

using Names = std::set<std::string, std::less<>>;

/// Every object of a list, with its path.
template <class Call>
void each(const json::object& object, std::string_view list, const std::string& at, Call call) {
  if (const auto* items = list_in(object, list))
    for (std::size_t i = 0; i < items->size(); ++i)
      if (const auto* item = (*items)[i].if_object())
        call(*item, text::cat(at, ".", list, "[", i, "]"));
}

/// Whether a path has a part that leads up.
bool climbs(std::string_view path);
/// A path inside a folder (a volume, the node's profiles): it may not lead out.
void check_inner_path(std::string_view path, const std::string& field, Report& report);
/// A port by number or by name.
/// @param name  of the member
void check_port(const json::object& object, std::string_view name, const std::string& field,
                Report& report);

}  // namespace nodal::master::fields

namespace nodal::master {

/// Where a pod may run: nodeSelector, affinity, tolerations, spread, gates.
void validate_placement(const boost::json::object& spec, const std::string& path,
                        FieldErrors& errors);
/// Hosts and resolvers that the pod names, and the conditions that make it ready.
void validate_names(const boost::json::object& spec, const std::string& path,
                    fields::Report& report);
/// Each volume has one source that says what it needs.
/// @returns the volumes' names
fields::Names validate_volumes(const boost::json::object& spec, const std::string& path,
                               fields::Report& report);
/// Mounts of a container, of those volumes.
void validate_mounts(const boost::json::object& container, const std::string& at,
                     const fields::Names& volumes, fields::Report& report);
/// Probes and hooks of a container: one handler each, that can be called.
void validate_probes(const boost::json::object& container, const std::string& at,
                     fields::Report& report);
/// None of them, for a container that runs to its end before the others start.
void refuse_probes(const boost::json::object& container, const std::string& at,
                   fields::Report& report);
/// What a container that is added to a running pod may not have, and whose processes it sees.
void validate_ephemeral(const boost::json::object& container, const boost::json::object& spec,
                        const std::string& at, fields::Report& report);
/// Variables of a container and where they come from.
void validate_environment(const boost::json::object& container, const std::string& at,
                          fields::Report& report);
/// What a variable or a file may take from its pod.
/// @param in_file  a file may have all labels; a variable addresses of the pod
void validate_field_ref(const boost::json::object& reference, const std::string& at, bool in_file,
                        fields::Report& report);
/// What a variable or a file may take from a container's resources.
void validate_resource_ref(const boost::json::object& reference, const std::string& at,
                           bool in_file, fields::Report& report);
/// Profiles and privileges of a security context, of the pod or of a container.
void validate_security_context(const boost::json::object& owner, const std::string& path,
                               fields::Report& report);

}  // namespace nodal::master
