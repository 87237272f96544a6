// master/registry/strategy/network.cc — addresses that objects may name as endpoints: Endpoints,
// EndpointSlices, nodes, load balancers.
#include <algorithm>

#include "base/net/address.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kMostEndpoints = 1000;
constexpr std::size_t kMostPorts = 100;
constexpr std::size_t kMostAddresses = 100;

void too_many(FieldErrors& errors, const std::string& field, std::size_t count, std::size_t most) {
  errors.push_back({"FieldValueTooMany", field,
                    text::cat("Too many: ", count, ": must have at most ", most, " items")});
}

void validate_slice(const json::object& slice, FieldErrors& errors) {
  const auto type = string_in(slice, "addressType");
  if (const auto* ports = list_in(slice, "ports"); ports && ports->size() > kMostPorts)
    too_many(errors, "ports", ports->size(), kMostPorts);
  const auto* endpoints = list_in(slice, "endpoints");
  if (!endpoints) return;
  if (endpoints->size() > kMostEndpoints)
    return too_many(errors, "endpoints", endpoints->size(), kMostEndpoints);
  for (std::size_t i = 0; i < endpoints->size(); ++i) {
    const auto* endpoint = (*endpoints)[i].if_object();
    if (!endpoint) continue;
    const auto at = text::cat("endpoints[", i, "].addresses");
    const auto* addresses = list_in(*endpoint, "addresses");
    if (!addresses || addresses->empty()) {
      errors.push_back({"FieldValueRequired", at, "Required value: must contain at least 1 item"});
      continue;
    }
    if (addresses->size() > kMostAddresses) {
      too_many(errors, at, addresses->size(), kMostAddresses);
      continue;
    }
    if (type == "FQDN") continue;
    for (std::size_t n = 0; n < addresses->size(); ++n) {
      if (!(*addresses)[n].is_string()) continue;
      const auto text = view((*addresses)[n].get_string());
      const auto field = text::cat(at, "[", n, "]");
      const auto ip = net::IpAddress::parse(text);
      if (ip && ip->is_v4() != (type == "IPv4"))
        errors.push_back(
            {"FieldValueInvalid", field,
             text::cat("Invalid value: ", quoted(text), ": must be a valid ", type, " address")});
      else
        validate_endpoint_ip(text, field, errors);
    }
  }
}

void validate_slice_change(const json::object& slice, const json::object& old,
                           FieldErrors& errors) {
  if (string_in(slice, "addressType") != string_in(old, "addressType"))
    errors.push_back({"FieldValueInvalid", "addressType",
                      text::cat("Invalid value: ", quoted(string_in(slice, "addressType")),
                                ": field is immutable")});
}

void validate_endpoints(const json::object& object, FieldErrors& errors) {
  const auto* subsets = list_in(object, "subsets");
  if (!subsets) return;
  for (std::size_t s = 0; s < subsets->size(); ++s) {
    const auto* subset = (*subsets)[s].if_object();
    if (!subset) continue;
    for (const std::string_view list : {"addresses", "notReadyAddresses"}) {
      const auto* addresses = list_in(*subset, list);
      if (!addresses) continue;
      for (std::size_t i = 0; i < addresses->size(); ++i)
        if (const auto* address = (*addresses)[i].if_object())
          validate_endpoint_ip(string_in(*address, "ip"),
                               text::cat("subsets[", s, "].", list, "[", i, "].ip"), errors);
    }
  }
}

}  // namespace

// @source CVE-2021-25737: endpoints may not lead to the node's own loopback or link-local services
void validate_endpoint_ip(std::string_view text, const std::string& field, FieldErrors& errors) {
  const auto refuse = [&](std::string_view why) {
    errors.push_back(
        {"FieldValueInvalid", field, text::cat("Invalid value: ", quoted(text), ": ", why)});
  };
  const auto ip = net::IpAddress::parse(text);
  if (!ip) return refuse("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  // Else 127.0.0.1 would pass as ::ffff:127.0.0.1.
  if (ip->is_v4_mapped()) return refuse("must not be an IPv4-mapped IPv6 address");
  if (ip->is_unspecified()) return refuse("may not be unspecified (0.0.0.0 or ::)");
  if (ip->is_loopback()) return refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (ip->is_link_local())
    return refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (ip->is_multicast())
    return refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

const Strategy kEndpointSliceStrategy{
    nullptr, nullptr, nullptr, validate_slice, validate_slice_change, nullptr};
const Strategy kEndpointsStrategy{nullptr, nullptr, nullptr, validate_endpoints, nullptr, nullptr};

}  // namespace nodal::master
