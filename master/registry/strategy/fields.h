// master/registry/strategy/fields.h — reading and writing documents in few words.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "master/registry/api_error.h"
#include "master/registry/strategy.h"

namespace nodal::master::fields {

namespace json = boost::json;

inline std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
inline std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

template <class Object>
auto* object_in(Object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}
template <class Object>
auto* list_in(Object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}
inline std::string_view string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? view(*text) : std::string_view();
}
inline std::optional<std::int64_t> int_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return std::nullopt;
  if (const auto* n = value->if_int64()) return *n;
  if (const auto* n = value->if_uint64()) return static_cast<std::int64_t>(*n);
  return std::nullopt;
}
inline bool bool_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}
inline json::object& object_of(json::object& object, std::string_view key) {
  auto& value = object[key];
  return value.is_object() ? value.get_object() : value.emplace_object();
}
inline void default_to(json::object& object, std::string_view key, json::value value) {
  if (!object.contains(key)) object[key] = std::move(value);
}
inline void carry(json::object& to, const json::object& from, std::string_view key) {
  if (const auto* value = from.if_contains(key))
    to[key] = *value;
  else
    to.erase(key);
}

// Nothing when there is no such member.
inline void rename(json::object& object, std::string_view from, std::string_view to) {
  auto* value = object.if_contains(from);
  if (!value) return;
  json::value moved = std::move(*value);
  object.erase(from);
  object[to] = std::move(moved);
}

}  // namespace nodal::master::fields

namespace nodal::master {

/// What a Pod and a pod template share: pull policies, volumes without a source.
void default_pod_spec(boost::json::object& spec);
/// Names of volumes and mounts, of containers.
void validate_pod_spec(const boost::json::object& spec, const std::string& path,
                       FieldErrors& errors);

/// What a change of an existing Pod may be: images, the deadline, tolerations to add, gates to take
/// away; more while it is gated.
void validate_pod_change(const boost::json::object& pod, const boost::json::object& old,
                         FieldErrors& errors);

/// What of the ephemeral containers of an existing Pod may change: some may be added.
void validate_added_containers(const boost::json::object& pod, const boost::json::object& old,
                               FieldErrors& errors);

/// An address that traffic may be sent to: valid, and not the node's own (loopback, link-local),
/// nor multicast or unspecified.
void validate_endpoint_ip(std::string_view text, const std::string& field, FieldErrors& errors);

/// The class that an Ingress names in the way of before spec.ingressClassName; "" for none.
std::string_view ingress_class_annotation(const boost::json::object& ingress);

extern const Strategy kEndpointSliceStrategy, kEndpointsStrategy, kPodStrategy, kWorkloadStrategy,
    kDeploymentStrategy, kServiceStrategy, kNamespaceStrategy, kSecretStrategy, kConfigMapStrategy,
    kNodeStrategy, kIngressStrategy, kIngressClassStrategy;

}  // namespace nodal::master
