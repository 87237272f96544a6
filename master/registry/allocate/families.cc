// master/registry/allocate/families.cc — see families.h.
#include "master/registry/allocate/families.h"

#include "base/net/address.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kMostFamilies = 2;

std::vector<std::string> strings_in(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = list_in(object, key))
    for (const auto& item : *list)
      out.emplace_back(item.is_string() ? view(item.get_string()) : std::string_view());
  return out;
}

std::string_view family(bool v6) { return v6 ? "IPv6" : "IPv4"; }

void check_addresses(const json::object& spec, const std::vector<std::string>& addresses, bool v6,
                     Report& report) {
  const auto invalid = [&](const std::string& field, std::string_view why) {
    std::string list;
    for (const auto& address : addresses)
      list += text::cat(list.empty() ? "" : ", ", quoted(address));
    report.add("FieldValueInvalid", field, text::cat("Invalid value: []string{", list, "}: ", why));
  };
  const auto first = string_in(spec, "clusterIP");
  if (addresses.empty()) return;
  if (first.empty()) invalid("spec.clusterIPs", "must be empty when `clusterIP` is not specified");
  if (!first.empty() && addresses.front() != first)
    invalid("spec.clusterIPs", "first value must match `clusterIP`");
  if (addresses.size() > kMostFamilies) invalid("spec.clusterIPs", "may only hold up to 2 values");
  if (first == "None" && addresses.size() > 1)
    invalid("spec.clusterIPs", "'None' must be the first and only value");
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    const auto ip = net::IpAddress::parse(addresses[i]);
    const auto field = text::cat("spec.clusterIPs[", i, "]");
    if (!ip)
      report.invalid(field, addresses[i],
                     "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    else if (ip->is_v6() == v6)
      invalid("spec.clusterIPs", "may specify no more than one IP for each IP family");
    else
      invalid(field, text::cat(family(!v6), " is not configured on this cluster"));
  }
}

}  // namespace

void settle_families(json::object& spec, bool v6, FieldErrors& errors) {
  if (string_in(spec, "type") == "ExternalName") return;
  Report report(errors);
  const auto addresses = strings_in(spec, "clusterIPs");
  const auto families = strings_in(spec, "ipFamilies");
  const bool two = addresses.size() > 1 || families.size() > 1;
  if (string_in(spec, "ipFamilyPolicy").empty())
    spec["ipFamilyPolicy"] = two ? "RequireDualStack" : "SingleStack";
  const auto policy = std::string(string_in(spec, "ipFamilyPolicy"));

  if (policy == "SingleStack" && two)
    report.invalid(
        "spec.ipFamilyPolicy", policy,
        text::cat("must be 'RequireDualStack' or 'PreferDualStack' when multiple ",
                  addresses.size() > 1 ? "cluster IPs" : "IP families", " are specified"));
  for (std::size_t i = 1; i < families.size(); ++i)
    if (std::find(families.begin(), families.begin() + static_cast<std::ptrdiff_t>(i),
                  families[i]) != families.begin() + static_cast<std::ptrdiff_t>(i))
      report.duplicate(text::cat("spec.ipFamilies[", i, "]"), families[i]);
  check_addresses(spec, addresses, v6, report);

  // Without a selector somebody else says what addresses it has, of whichever family.
  const auto* selector = object_in(spec, "selector");
  const bool anything = string_in(spec, "clusterIP") == "None" && (!selector || selector->empty());
  if (!anything && policy == "RequireDualStack")
    report.invalid("spec.ipFamilyPolicy", policy,
                   "this cluster is not configured for dual-stack services");
  for (std::size_t i = 0; !anything && i < families.size(); ++i)
    if (families[i] != family(v6))
      report.invalid(text::cat("spec.ipFamilies[", i, "]"), families[i],
                     "not configured on this cluster");
  if (families.empty()) spec["ipFamilies"] = json::array{family(v6)};
}

}  // namespace nodal::master
