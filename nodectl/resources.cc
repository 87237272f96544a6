// nodectl/resources.cc — see resources.h.
#include "nodectl/resources.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string string_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Calls `visit` with every object of a list member.
template <class Visit>
void each(const json::object& object, std::string_view name, Visit visit) {
  const auto* list = object.if_contains(name);
  if (list == nullptr || !list->is_array()) return;
  for (const auto& item : list->get_array())
    if (item.is_object()) visit(item.get_object());
}

std::vector<std::string> strings_of(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = object.if_contains(key); list != nullptr && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

Result<> add_group_version(client::Client& client, const std::string& group,
                           const std::string& version, std::vector<ResourceKind>& out) {
  const auto path =
      group.empty() ? text::cat("/api/", version) : text::cat("/apis/", group, "/", version);
  const auto document = NODAL_TRY(codec::parse(NODAL_TRY(client.get_text(path))));
  if (!document.is_object())
    return fail(Errc::invalid, text::cat(path, ": not a list of resources"));
  each(document.get_object(), "resources", [&](const json::object& item) {
    ResourceKind kind;
    kind.plural = string_of(item, "name");
    if (kind.plural.find('/') != std::string::npos) return;
    kind.group = group;
    kind.version = version;
    kind.kind = string_of(item, "kind");
    kind.singular = string_of(item, "singularName");
    const auto* namespaced = item.if_contains("namespaced");
    kind.namespaced = namespaced != nullptr && namespaced->is_bool() && namespaced->get_bool();
    kind.short_names = strings_of(item, "shortNames");
    kind.categories = strings_of(item, "categories");
    kind.verbs = strings_of(item, "verbs");
    out.push_back(std::move(kind));
  });
  return {};
}

}  // namespace

std::string ResourceKind::printed() const {
  return group.empty() ? text::lower(kind) : text::cat(text::lower(kind), ".", group);
}

std::string ResourceKind::api_version() const {
  return group.empty() ? version : text::cat(group, "/", version);
}

std::string ResourceKind::path(std::string_view ns, std::string_view name) const {
  std::string out =
      group.empty() ? text::cat("/api/", version) : text::cat("/apis/", group, "/", version);
  if (namespaced && !ns.empty()) out += text::cat("/namespaces/", http::percent_encode(ns));
  out += text::cat("/", plural);
  if (!name.empty()) out += text::cat("/", http::percent_encode(name));
  return out;
}

Result<Resources> Resources::discover(client::Client& client) {
  Resources out;
  NODAL_TRY(add_group_version(client, "", "v1", out.kinds_));
  const auto groups = NODAL_TRY(codec::parse(NODAL_TRY(client.get_text("/apis"))));
  if (!groups.is_object()) return fail(Errc::invalid, "/apis: not a list of groups");
  Result<> added;
  each(groups.get_object(), "groups", [&](const json::object& group) {
    each(group, "versions", [&](const json::object& version) {
      if (added)
        added = add_group_version(client, string_of(group, "name"), string_of(version, "version"),
                                  out.kinds_);
    });
  });
  if (!added) return std::unexpected(added.error());
  return out;
}

Result<ResourceKind> Resources::by_name(std::string_view name) const {
  const std::string lower = text::lower(name);
  for (const auto& kind : kinds_) {
    const auto fits = [&](std::string_view n) {
      return lower == n || lower == text::cat(n, ".", kind.group) ||
             lower == text::cat(n, ".", kind.version, ".", kind.group);
    };
    if (fits(kind.plural) || fits(text::lower(kind.kind)) ||
        std::ranges::find(kind.short_names, lower) != kind.short_names.end())
      return kind;
  }
  std::string near;
  for (const auto& kind : kinds_)
    if (kind.plural.starts_with(lower.substr(0, std::max<std::size_t>(lower.size() / 2, 2))))
      near += text::cat(near.empty() ? "\nhint: did you mean " : " or ", kind.plural);
  return fail(Errc::not_found,
              text::cat("the server doesn't have a resource type \"", name, "\"", near));
}

Result<std::vector<ResourceKind>> Resources::meant_by(std::string_view name) const {
  std::vector<ResourceKind> out;
  for (const auto& kind : kinds_)
    if (std::ranges::find(kind.categories, name) != kind.categories.end()) out.push_back(kind);
  if (out.empty()) out.push_back(NODAL_TRY(by_name(name)));
  return out;
}

Result<ResourceKind> Resources::by_kind(std::string_view api_version, std::string_view kind) const {
  std::string others;
  for (const auto& known : kinds_) {
    const auto version = known.api_version();
    if (known.kind != kind) continue;
    if (version == api_version) return known;
    others += text::cat(
        others.empty() ? "\nensure CRDs are installed first\nhint: it is served in version " : ", ",
        version);
  }
  if (others.empty())
    others =
        "\nensure CRDs are installed first\nhint: `nodectl api-resources` lists what is served";
  return fail(Errc::not_found, text::cat("no matches for kind \"", kind, "\" in version \"",
                                         api_version, "\"", others));
}

}  // namespace nodal::nodectl
