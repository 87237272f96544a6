// nodectl/access_rules.cc — see access_rules.h.
#include "nodectl/access_rules.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Rule {
  std::string group, resource, url, name;
  std::vector<std::string> verbs;
};

std::vector<std::string> texts(const json::value& rule, std::string_view field) {
  std::vector<std::string> out;
  for (const auto& item : list_at(rule, field)) out.push_back(text_of(item));
  return out;
}

void add(std::vector<Rule>& rules, Rule rule) {
  const auto same = std::ranges::find_if(rules, [&](const Rule& one) {
    return std::tie(one.group, one.resource, one.url, one.name) ==
           std::tie(rule.group, rule.resource, rule.url, rule.name);
  });
  if (same == rules.end()) return rules.push_back(std::move(rule));
  for (auto& verb : rule.verbs)
    if (std::ranges::find(same->verbs, verb) == same->verbs.end())
      same->verbs.push_back(std::move(verb));
}

std::string bracketed(const std::string& inside) { return text::cat("[", inside, "]"); }

}  // namespace

std::string access_rules(const json::value& review) {
  std::vector<Rule> rules;
  for (const auto& rule : list_at(review, "status.resourceRules")) {
    auto names = texts(rule, "resourceNames");
    if (names.empty()) names.emplace_back();
    for (const auto& group : texts(rule, "apiGroups"))
      for (const auto& resource : texts(rule, "resources"))
        for (const auto& name : names)
          add(rules, {group, resource, "", name, texts(rule, "verbs")});
  }
  for (const auto& rule : list_at(review, "status.nonResourceRules"))
    for (const auto& url : texts(rule, "nonResourceURLs"))
      add(rules, {"", "", url, "", texts(rule, "verbs")});
  // As kubectl has it, by the rule as text, brackets and all.
  std::ranges::stable_sort(rules, {}, [](const Rule& rule) {
    return text::cat(bracketed(text::join(rule.verbs, " ")), bracketed(rule.group),
                     bracketed(rule.resource), bracketed(rule.name), bracketed(rule.url));
  });
  std::string out;
  for (const auto& rule : rules)
    out += text::cat(rule.resource, rule.group.empty() ? "" : ".", rule.group, "\t",
                     bracketed(rule.url), "\t", bracketed(rule.name), "\t",
                     bracketed(text::join(rule.verbs, " ")), "\n");
  return out;
}

bool is_known_verb(std::string_view verb) {
  constexpr std::array<std::string_view, 19> kVerbs{
      "get", "list", "watch",       "create", "update",  "patch", "delete",   "deletecollection",
      "use", "bind", "impersonate", "*",      "approve", "sign",  "escalate", "attest",
      "put", "post", "head"};
  return std::ranges::find(kVerbs, verb) != kVerbs.end();
}

}  // namespace nodal::nodectl
