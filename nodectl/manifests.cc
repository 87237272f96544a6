// nodectl/manifests.cc — see manifests.h.
#include "nodectl/manifests.h"

#include <sys/stat.h>

#include <unistd.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <cerrno>
#include <iterator>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string string_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool has_generate_name(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  return metadata != nullptr && metadata->is_object() &&
         !string_of(metadata->get_object(), "generateName").empty();
}

Result<std::string> read_source(const std::string& path) {
  if (path != "-") return file::read(path, 16 << 20);
  std::string out;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read standard input");
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > (16u << 20))
      return fail(Errc::invalid, "standard input is larger than 16 MiB");
  }
}

void add(json::object object, const std::string& source, const std::string& file, Manifests& out) {
  // "List", and what `get -o json` of one kind has: "PodList".
  if (const auto* items = object.if_contains("items");
      string_of(object, "kind").ends_with("List") && items != nullptr && items->is_array()) {
    for (const auto& item : items->get_array()) {
      if (item.is_object())
        add(item.get_object(), source, file, out);
      else
        out.bad.push_back(
            {Errc::invalid, text::cat(source, ": the list has an item that is no object")});
    }
    return;
  }
  Manifest manifest;
  manifest.api_version = string_of(object, "apiVersion");
  manifest.kind = string_of(object, "kind");
  if (const auto* metadata = object.if_contains("metadata");
      metadata != nullptr && metadata->is_object()) {
    manifest.name = string_of(metadata->get_object(), "name");
    manifest.ns = string_of(metadata->get_object(), "namespace");
  }
  // `create` may leave the name to the server.
  const bool named = !manifest.name.empty() || has_generate_name(object);
  for (const auto& [what, missing] : {std::pair{"apiVersion", manifest.api_version.empty()},
                                      {"kind", manifest.kind.empty()},
                                      {"metadata.name", !named}})
    if (missing) {
      out.bad.push_back({Errc::invalid, text::cat(source, ": ", what, " is missing")});
      return;
    }
  manifest.object = std::move(object);
  manifest.source = source;
  manifest.file = file;
  out.objects.push_back(std::move(manifest));
}

// The documents of a text, each as JSON or what is wrong with it.
std::vector<Result<std::string>> documents_of(std::string_view text) {
  std::vector<Result<std::string>> out;
  const auto add_all = [&](Result<std::vector<std::string>> read) {
    if (!read) return out.emplace_back(std::unexpected(read.error())), void();
    for (auto& document : *read) out.emplace_back(std::move(document));
  };
  auto whole = yaml_to_json(text);
  if (whole) {
    add_all(std::move(whole));
    return out;
  }
  std::size_t lines = 0;
  while (!text.empty()) {
    const auto next = text.find("\n---");
    const auto document = text.substr(0, next == std::string_view::npos ? text.size() : next + 1);
    text.remove_prefix(document.size());
    auto read = yaml_to_json(document);
    // Once more where it stands, for the number of the line.
    if (!read) read = yaml_to_json(text::cat(std::string(lines, '\n'), document));
    add_all(std::move(read));
    lines += static_cast<std::size_t>(std::ranges::count(document, '\n'));
  }
  return out;
}

Result<> add_file(const std::string& path, Manifests& out) {
  if (path != "-" && !file::exists(path))
    return fail(Errc::not_found, text::cat("the path \"", path, "\" does not exist"));
  const auto documents = documents_of(NODAL_TRY(read_source(path)));
  const std::string shown = path == "-" ? "standard input" : path;
  std::size_t number = 0;
  for (const auto& text : documents) {
    const std::string source =
        documents.size() == 1 ? shown : text::cat(shown, ", document ", ++number);
    auto document = text ? codec::parse(*text) : Result<json::value>(std::unexpected(text.error()));
    if (document && !document->is_object())
      document = fail(Errc::invalid, "an object is needed (a map with apiVersion and kind)");
    if (document)
      add(std::move(document->get_object()), source, path == "-" ? "STDIN" : path, out);
    else
      out.bad.push_back(wrap(source, document.error()).error());
  }
  return {};
}

bool is_folder(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

Result<> add_folder(const std::string& folder, bool recursive, Manifests& out) {
  for (const auto& name : NODAL_TRY(file::list(folder))) {
    const auto path = text::cat(folder.ends_with('/') ? folder : folder + "/", name);
    if (is_folder(path)) {
      if (recursive) NODAL_TRY(add_folder(path, recursive, out));
    } else if (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json")) {
      NODAL_TRY(add_file(path, out));
    }
  }
  return {};
}

const json::object* element(const json::array& list, const std::string& key,
                            const json::value& value) {
  for (const auto& item : list)
    if (item.is_object())
      if (const auto* found = item.get_object().if_contains(key);
          found != nullptr && *found == value)
        return &item.get_object();
  return nullptr;
}

bool all_have(const json::array& list, const std::string& key) {
  return std::ranges::all_of(
      list, [&](const auto& item) { return item.is_object() && item.get_object().contains(key); });
}

bool holds(const json::array& list, const json::value& value) {
  return std::ranges::find(list, value) != list.end();
}

// For fields of which the server keeps only what is named: one of several alternatives.
json::array keys_of(const json::object& object) {
  json::array out;
  for (const auto& member : object) out.emplace_back(member.key());
  return out;
}

// The patch of one list merged by `key`: changed and new elements, and deletions of those that were
// applied before.
json::array list_patch(const json::array& last, const json::array& wanted, const json::array& live,
                       const std::string& key, const schema::Field& field) {
  json::array out;
  for (const auto& item : wanted) {
    const auto& object = item.get_object();
    const auto& value = object.at(key);
    const auto* now = element(live, key, value);
    if (now == nullptr) {
      out.push_back(item);
      continue;
    }
    const auto* before = element(last, key, value);
    auto change =
        apply_patch(before != nullptr ? *before : json::object{}, object, *now, field.type);
    if (change.empty()) continue;
    if (field.retain_keys) change["$retainKeys"] = keys_of(object);
    change[key] = value;
    out.push_back(std::move(change));
  }
  for (const auto& item : last) {
    if (!item.is_object() || !item.get_object().contains(key)) continue;
    const auto& value = item.get_object().at(key);
    if (element(wanted, key, value) == nullptr && element(live, key, value) != nullptr)
      out.push_back(json::object{{"$patch", "delete"}, {key, value}});
  }
  return out;
}

std::vector<std::string> sorted_keys(const json::object& object) {
  std::vector<std::string> out;
  for (const auto& member : object) out.emplace_back(member.key());
  std::ranges::sort(out);
  return out;
}

// As Go writes it: harmless inside of HTML.
std::string escaped(const json::value& value) {
  std::string out;
  for (const char c : codec::to_text(value)) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

void print(const json::value& value, std::string& out, std::size_t indent) {
  const auto line = [&](std::size_t depth) {
    out += '\n';
    out.append(depth * 4, ' ');
  };
  if (value.is_object() && !value.get_object().empty()) {
    out += '{';
    bool first = true;
    for (const auto& key : sorted_keys(value.get_object())) {
      if (!first) out += ',';
      first = false;
      line(indent + 1);
      out += escaped(json::string(key));
      out += ": ";
      print(value.get_object().at(key), out, indent + 1);
    }
    line(indent);
    out += '}';
  } else if (value.is_array() && !value.get_array().empty()) {
    out += '[';
    bool first = true;
    for (const auto& item : value.get_array()) {
      if (!first) out += ',';
      first = false;
      line(indent + 1);
      print(item, out, indent + 1);
    }
    line(indent);
    out += ']';
  } else {
    out += escaped(value);
  }
}

}  // namespace

Result<Manifests> read_manifests(const std::vector<std::string>& files, bool recursive) {
  Manifests out;
  for (const auto& path : files) {
    if (path != "-" && is_folder(path))
      NODAL_TRY(add_folder(path, recursive, out));
    else
      NODAL_TRY(add_file(path, out));
  }
  return out;
}

json::object apply_patch(const json::object& last, const json::object& wanted,
                         const json::object& live, const schema::Type* type) {
  json::object out;
  for (const auto& [key, value] : wanted) {
    const auto* now = live.if_contains(key);
    if (now == nullptr) {
      if (!value.is_null()) out[key] = value;
      continue;
    }
    if (*now == value) continue;
    const schema::Field* field = type != nullptr ? type->find(key) : nullptr;
    const auto* before = last.if_contains(key);
    if (value.is_object() && now->is_object()) {
      const schema::Type* inner =
          field != nullptr && field->kind == schema::Kind::object ? field->type : nullptr;
      auto change = apply_patch(
          before != nullptr && before->is_object() ? before->get_object() : json::object{},
          value.get_object(), now->get_object(), inner);
      if (change.empty()) continue;
      if (field != nullptr && field->retain_keys)
        change["$retainKeys"] = keys_of(value.get_object());
      out[key] = std::move(change);
    } else if (value.is_array() && now->is_array() && field != nullptr &&
               field->patch_strategy == schema::PatchStrategy::merge &&
               !field->patch_merge_key.empty() &&
               all_have(value.get_array(), std::string(field->patch_merge_key))) {
      auto change = list_patch(
          before != nullptr && before->is_array() ? before->get_array() : json::array{},
          value.get_array(), now->get_array(), std::string(field->patch_merge_key), *field);
      if (!change.empty()) out[key] = std::move(change);
    } else if (value.is_array() && now->is_array() && field != nullptr &&
               field->patch_strategy == schema::PatchStrategy::merge &&
               field->patch_merge_key.empty()) {
      // A set of words, to which others may have added theirs.
      json::array more, gone;
      for (const auto& item : value.get_array())
        if (!holds(now->get_array(), item)) more.push_back(item);
      if (before != nullptr && before->is_array())
        for (const auto& item : before->get_array())
          if (!holds(value.get_array(), item) && holds(now->get_array(), item))
            gone.push_back(item);
      if (!more.empty()) out[key] = std::move(more);
      if (!gone.empty()) out[text::cat("$deleteFromPrimitiveList/", key)] = std::move(gone);
    } else {
      out[key] = value;
    }
  }
  for (const auto& [key, value] : last)
    if (!wanted.contains(key) && live.contains(key)) out[key] = nullptr;
  return out;
}

std::string sorted_json(const json::value& value) {
  std::string out;
  if (value.is_object()) {
    for (const auto& key : sorted_keys(value.get_object()))
      out += text::cat(out.empty() ? "{" : ",", escaped(json::string(key)), ":",
                       sorted_json(value.get_object().at(key)));
    return text::cat(out.empty() ? "{" : out, "}");
  }
  if (value.is_array()) {
    for (const auto& item : value.get_array())
      out += text::cat(out.empty() ? "[" : ",", sorted_json(item));
    return text::cat(out.empty() ? "[" : out, "]");
  }
  return escaped(value);
}

std::string pretty_json(const json::value& value) {
  std::string out;
  print(value, out, 0);
  return out;
}

}  // namespace nodal::nodectl
