// nodectl/config_file.cc — see config_file.h.
#include "nodectl/config_file.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<const char*, const char*>, 3> kLists{
    {{"clusters", "cluster"}, {"users", "user"}, {"contexts", "context"}}};
constexpr std::array kFileKeys{"certificate-authority", "client-certificate", "client-key",
                               "tokenFile"};

const char* inside_of(std::string_view list) {
  for (const auto& [name, inside] : kLists)
    if (list == name) return inside;
  return "";
}

std::vector<std::string> paths_of(const std::string& named) {
  if (!named.empty()) return {named};
  std::vector<std::string> out;
  if (const char* list = std::getenv("KUBECONFIG"); list != nullptr)
    for (const auto part : text::split(list, ':'))
      if (!part.empty()) out.emplace_back(part);
  if (!out.empty()) return out;
  const char* home = std::getenv("HOME");
  return {text::cat(home == nullptr ? "/root" : home, "/.kube/config")};
}

Result<ConfigFile> read_one(const std::string& path) {
  ConfigFile out{path};
  if (!file::exists(path)) return out;
  const auto documents = yaml_to_json(NODAL_TRY(file::read(path, 4 << 20)));
  if (!documents) return wrap(text::cat("kubeconfig ", path), documents.error());
  if (documents->empty()) return out;
  auto document = NODAL_TRY(codec::parse(documents->front()));
  if (!document.is_object())
    return fail(Errc::invalid, text::cat("kubeconfig ", path, " is no map"));
  out.document = std::move(document.get_object());
  return out;
}

json::value whole_paths(json::value entry, std::string_view inside, const std::string& folder) {
  auto* object = entry.if_object();
  auto* keys = object == nullptr ? nullptr : object->if_contains(inside);
  if (keys == nullptr || !keys->is_object()) return entry;
  for (const char* key : kFileKeys)
    if (auto* path = keys->get_object().if_contains(key); path != nullptr && path->is_string() &&
                                                          !path->get_string().empty() &&
                                                          path->get_string()[0] != '/')
      *path = (std::filesystem::path(folder) / std::string(path->get_string()))
                  .lexically_normal()
                  .string();
  return entry;
}

json::object* find_context(json::object& document, std::string_view name) {
  auto* list = document.if_contains("contexts");
  if (list == nullptr || !list->is_array()) return nullptr;
  for (auto& entry : list->get_array())
    if (entry.is_object() && text_at(entry, "name") == name)
      return &make_object(entry.get_object(), "context");
  return nullptr;
}

}  // namespace

Result<std::vector<ConfigFile>> read_config_files(const std::string& named) {
  std::vector<ConfigFile> out;
  for (const auto& path : paths_of(named)) out.push_back(NODAL_TRY(read_one(path)));
  return out;
}

json::object joined_config(const std::vector<ConfigFile>& files) {
  json::object out{{"apiVersion", "v1"}, {"kind", "Config"}, {"preferences", json::object{}}};
  std::string current;
  for (const auto& each : files)
    if (current.empty()) current = text_at(each.document, "current-context");
  out["current-context"] = current;
  for (const auto& [list, inside] : kLists) {
    std::vector<std::pair<std::string, json::value>> entries;
    for (const auto& each : files) {
      const auto folder = std::filesystem::absolute(each.path).parent_path().string();
      for (const auto& entry : config_entries(each.document, list)) {
        const auto name = text_at(entry, "name");
        if (std::ranges::find(entries, name, [](const auto& one) { return one.first; }) ==
            entries.end())
          entries.emplace_back(name, whole_paths(entry, inside, folder));
      }
    }
    std::ranges::sort(entries, {}, [](const auto& one) { return one.first; });
    json::array sorted;
    for (auto& [name, entry] : entries) sorted.push_back(std::move(entry));
    // As kubectl has it, a list without entries is null.
    out[list] = sorted.empty() ? json::value(nullptr) : json::value(std::move(sorted));
  }
  return out;
}

const json::array& config_entries(const json::object& config, std::string_view list) {
  static const json::array kNone;
  const auto* entries = config.if_contains(list);
  return entries == nullptr || !entries->is_array() ? kNone : entries->get_array();
}

const json::object* config_entry(const json::object& config, std::string_view list,
                                 std::string_view name) {
  for (const auto& entry : config_entries(config, list))
    if (text_at(entry, "name") == name) return &object_at(entry, inside_of(list));
  return nullptr;
}

Result<json::object> minified_config(const json::object& config, const std::string& context) {
  const auto name = context.empty() ? text_at(config, "current-context") : context;
  if (name.empty()) return fail(Errc::not_found, "current-context must exist in order to minify");
  const auto* chosen = config_entry(config, "contexts", name);
  if (chosen == nullptr) return fail(Errc::not_found, text::cat("cannot locate context ", name));
  auto out = config;
  out["current-context"] = name;
  for (const auto& [list, inside] : kLists) {
    const auto keep =
        std::string_view(list) == "contexts" ? name : text_at(*chosen, std::string_view(inside));
    json::array kept;
    for (const auto& entry : config_entries(config, list))
      if (text_at(entry, "name") == keep) kept.push_back(entry);
    out[list] = kept.empty() ? json::value(nullptr) : json::value(std::move(kept));
  }
  return out;
}

json::object redacted_config(json::object config) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kSecret{
      {{"certificate-authority-data", "DATA+OMITTED"},
       {"client-certificate-data", "DATA+OMITTED"},
       {"client-key-data", "DATA+OMITTED"},
       {"token", "REDACTED"},
       {"password", "REDACTED"}}};
  for (const auto& [list, inside] : kLists) {
    auto* entries = config.if_contains(list);
    if (entries == nullptr || !entries->is_array()) continue;
    for (auto& entry : entries->get_array()) {
      auto* object = entry.if_object();
      auto* keys = object == nullptr ? nullptr : object->if_contains(inside);
      if (keys == nullptr || !keys->is_object()) continue;
      for (const auto& [key, shown] : kSecret)
        if (auto* value = keys->get_object().if_contains(key)) *value = shown;
    }
  }
  return config;
}

std::pair<std::size_t, bool> set_context(std::vector<ConfigFile>& files,
                                         const ContextChange& change) {
  std::size_t at = 0;
  json::object* context = nullptr;
  for (std::size_t i = 0; i < files.size() && context == nullptr; ++i)
    if ((context = find_context(files[i].document, change.name)) != nullptr) at = i;
  const bool made = context == nullptr;
  if (made) {
    auto& list = files[0].document["contexts"];
    if (!list.is_array()) list = json::array{};
    list.get_array().push_back(json::object{
        {"name", change.name}, {"context", json::object{{"cluster", ""}, {"user", ""}}}});
    context = find_context(files[0].document, change.name);
  }
  for (const auto& [key, value] :
       {std::pair{"namespace", &change.ns}, {"cluster", &change.cluster}, {"user", &change.user}})
    if (!value->empty()) (*context)[key] = *value;
  return {at, made};
}

Result<std::size_t> use_context(std::vector<ConfigFile>& files, const std::string& name) {
  if (config_entry(joined_config(files), "contexts", name) == nullptr)
    return fail(Errc::not_found, text::cat("no context exists with the name: \"", name, "\""));
  std::size_t at = 0;
  for (std::size_t i = files.size(); i-- > 0;)
    if (!text_at(files[i].document, "current-context").empty()) at = i;
  files[at].document["current-context"] = name;
  return at;
}

Result<> write_config_file(const ConfigFile& config) {
  auto document = config.document;
  document["apiVersion"] = "v1";
  document["kind"] = "Config";
  if (!document.contains("preferences")) document["preferences"] = json::object{};
  const auto folder = std::filesystem::absolute(config.path).parent_path().string();
  NODAL_TRY(file::make_folders(folder, 0700));
  return file::write(config.path, NODAL_TRY(json_to_yaml(json::serialize(document))), 0600);
}

}  // namespace nodal::nodectl
