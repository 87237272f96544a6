// master/registry/strategy/pod_names.cc — hosts and resolvers that a pod names, and its readiness
// gates.
#include "api-client/codec/names.h"
#include "master/registry/strategy/labels.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kMostNameservers = 3;
constexpr std::size_t kMostSearchPaths = 32;
constexpr std::size_t kLongestSearchList = 2048;  ///< bytes

// A search path may have underscores, unlike a host, and a dot at its end.
// @source KEP-4427
std::string search_problem(std::string_view path) {
  if (path == ".") return {};
  if (path.ends_with('.')) path.remove_suffix(1);
  std::string plain(path);
  std::ranges::replace(plain, '_', 'x');
  return names::dns_subdomain(plain);
}

void check_searches(const json::array& searches, const std::string& at, Report& report) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    const auto* path = searches[i].if_string();
    if (!path) continue;
    size += path->size() + (i > 0);
    if (const auto why = search_problem(view(*path)); !why.empty())
      report.invalid(text::cat(at, "[", i, "]"), view(*path), why);
  }
  const auto refuse = [&](std::string_view why) {
    report.add("FieldValueInvalid", at,
               text::cat("Invalid value: ", json::serialize(searches), ": ", why));
  };
  if (searches.size() > kMostSearchPaths)
    refuse(text::cat("must not have more than ", kMostSearchPaths, " search paths"));
  if (size > kLongestSearchList)
    refuse(text::cat("must not have more than ", kLongestSearchList,
                     " characters (including spaces) in the search list"));
}

void check_resolver(const json::object& spec, const std::string& path, Report& report) {
  const auto at = path + ".dnsConfig";
  const auto* config = object_in(spec, "dnsConfig");
  const bool none = string_in(spec, "dnsPolicy") == "None";
  if (!config) {
    if (none) report.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
    return;
  }
  const auto* servers = list_in(*config, "nameservers");
  if (none && (!servers || servers->empty()))
    report.required(at + ".nameservers",
                    "must provide at least one DNS nameserver when `dnsPolicy` is None");
  if (servers && servers->size() > kMostNameservers)
    report.add("FieldValueInvalid", at + ".nameservers",
               text::cat("Invalid value: ", json::serialize(*servers), ": must not have more than ",
                         kMostNameservers, " nameservers"));
  if (const auto* searches = list_in(*config, "searches"))
    check_searches(*searches, at + ".searches", report);
  each(*config, "options", at, [&](const json::object& option, const std::string& field) {
    if (string_in(option, "name").empty()) report.required(field, "must not be empty");
  });
}

}  // namespace

void validate_names(const json::object& spec, const std::string& path, Report& report) {
  check_resolver(spec, path, report);
  each(spec, "hostAliases", path, [&](const json::object& alias, const std::string& at) {
    const auto* hosts = list_in(alias, "hostnames");
    for (std::size_t i = 0; hosts && i < hosts->size(); ++i)
      if (const auto* host = (*hosts)[i].if_string())
        if (const auto why = names::dns_subdomain(view(*host)); !why.empty())
          report.invalid(text::cat(at, ".hostnames[", i, "]"), view(*host), why);
  });
  each(spec, "readinessGates", path, [&](const json::object& gate, const std::string& at) {
    if (const auto type = string_in(gate, "conditionType"); !type.empty())
      validate_label_key(type, at + ".conditionType", report.errors());
  });
}

}  // namespace nodal::master
