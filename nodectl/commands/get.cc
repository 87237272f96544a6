// nodectl/commands/get.cc — get, describe, delete: objects by type and name, printed as the
// server's tables or as documents.
#include <cstdio>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api-client/client/status.h"
#include "api-client/codec/time.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/commands.h"
#include "nodectl/manifests.h"
#include "nodectl/resources.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

struct Wanted {
  ResourceKind kind;
  std::vector<std::string> names;  ///< empty: all
};

// TYPE NAME…, TYPE/NAME …, TYPE,TYPE.
Result<std::vector<Wanted>> parse_what(const Resources& resources,
                                       const std::vector<std::string>& what) {
  if (what.empty()) return fail(Errc::invalid, "say what: a type such as pods, or TYPE/NAME");
  std::vector<Wanted> out;
  if (what[0].find('/') != std::string::npos) {
    for (const auto& item : what) {
      const auto slash = item.find('/');
      if (slash == std::string::npos)
        return fail(Errc::invalid,
                    text::cat("\"", item, "\": TYPE/NAME is needed after TYPE/NAME"));
      out.push_back(
          {NODAL_TRY(resources.by_name(item.substr(0, slash))), {item.substr(slash + 1)}});
    }
    return out;
  }
  const std::vector<std::string> names(what.begin() + 1, what.end());
  for (const auto type : text::split(what[0], ','))
    for (auto& kind : NODAL_TRY(resources.meant_by(type))) out.push_back({std::move(kind), names});
  return out;
}

const json::value* find(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* at = &value;
  for (const auto name : path) {
    if (!at->is_object()) return nullptr;
    at = at->get_object().if_contains(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string string_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const auto* found = find(value, path);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string cell_text(const json::value& cell) {
  if (cell.is_string()) return printable(std::string_view(cell.get_string()));
  return cell.is_null() ? "<none>" : json::serialize(cell);
}

// A Table as rows of text; the header once.
void add_rows(const json::value& table, bool wide, bool with_namespace, bool header,
              std::vector<std::vector<std::string>>& rows, std::vector<bool>& shown) {
  if (const auto* columns = find(table, {"columnDefinitions"});
      columns != nullptr && columns->is_array()) {
    shown.clear();
    std::vector<std::string> head;
    if (with_namespace) head.emplace_back("NAMESPACE");
    for (const auto& column : columns->get_array()) {
      const auto* priority = find(column, {"priority"});
      const bool show =
          wide || priority == nullptr || (priority->is_int64() && priority->get_int64() == 0);
      shown.push_back(show);
      if (!show) continue;
      std::string name = string_at(column, {"name"});
      for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      head.push_back(std::move(name));
    }
    if (header) rows.push_back(std::move(head));
  }
  const auto* list = find(table, {"rows"});
  if (list == nullptr || !list->is_array()) return;
  for (const auto& row : list->get_array()) {
    std::vector<std::string> cells;
    if (with_namespace) cells.push_back(string_at(row, {"object", "metadata", "namespace"}));
    if (const auto* values = find(row, {"cells"}); values != nullptr && values->is_array())
      for (std::size_t i = 0; i < values->get_array().size() && i < shown.size(); ++i)
        if (shown[i]) cells.push_back(cell_text(values->get_array()[i]));
    rows.push_back(std::move(cells));
  }
}

std::string with_query(std::string path, const GetOptions& options) {
  char joint = '?';
  if (!options.selector.empty()) {
    path += text::cat(joint, "labelSelector=", http::percent_encode(options.selector));
    joint = '&';
  }
  return path;
}

Result<json::value> fetch(Cluster& cluster, const std::string& path, const char* accept) {
  http::Request request;
  request.target = path;
  request.headers.add("Accept", accept);
  request.headers.add("User-Agent", cluster.client->user_agent());
  const auto response = NODAL_TRY(cluster.client->transport().send(request, {}));
  const auto body = response.text();
  if (response.status != 200) return std::unexpected(client::error_of(response.status, body));
  return codec::parse(body);
}

Result<> watch_table(Cluster& cluster, const std::string& path, const std::string& revision,
                     bool wide, bool with_namespace, std::vector<bool> shown) {
  http::Request request;
  request.target = text::cat(path, path.find('?') == std::string::npos ? '?' : '&',
                             "watch=true&resourceVersion=", revision);
  request.headers.add("Accept", kTable);
  request.headers.add("User-Agent", cluster.client->user_agent());
  std::string rest;
  const auto response = NODAL_TRY(cluster.client->transport().stream(
      request,
      [&](std::string_view bytes) {
        rest += bytes;
        for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos;
             rest.erase(0, end + 1)) {
          const auto event = codec::parse(std::string_view(rest).substr(0, end));
          const auto* table = event ? find(*event, {"object"}) : nullptr;
          if (table == nullptr) continue;
          std::vector<std::vector<std::string>> rows;
          add_rows(*table, wide, with_namespace, false, rows, shown);
          std::fputs(text::table(rows).c_str(), stdout);
          std::fflush(stdout);
        }
        return true;
      },
      {}));
  if (response.status != 200)
    return std::unexpected(client::error_of(response.status, response.text()));
  return {};
}

}  // namespace

Result<> get(const Globals& globals, const GetOptions& options) {
  auto cluster = NODAL_TRY(connect(globals));
  const auto resources = NODAL_TRY(Resources::discover(*cluster.client));
  const auto wanted = NODAL_TRY(parse_what(resources, options.what));
  const bool table = options.output.empty() || options.output == "wide";
  if (!table && options.output != "json" && options.output != "yaml" && options.output != "name")
    return fail(Errc::invalid,
                text::cat("-o ", options.output, ": wide, yaml, json and name are known"));
  const bool many = wanted.size() > 1;
  bool any = false;
  json::array documents;
  for (const auto& [kind, names] : wanted) {
    const bool everywhere = options.all_namespaces && kind.namespaced;
    const std::string ns = everywhere ? "" : cluster.ns;
    std::vector<std::string> paths;
    if (names.empty()) paths.push_back(with_query(kind.path(ns), options));
    for (const auto& name : names) paths.push_back(kind.path(ns, name));
    std::vector<std::vector<std::string>> rows;
    std::vector<bool> shown;
    std::string revision;
    for (const auto& path : paths) {
      const auto document = NODAL_TRY(fetch(cluster, path, table ? kTable : "application/json"));
      revision = string_at(document, {"metadata", "resourceVersion"});
      if (table) {
        add_rows(document, options.output == "wide", everywhere,
                 rows.empty() && !options.no_headers, rows, shown);
      } else if (const auto* items = find(document, {"items"});
                 items != nullptr && items->is_array()) {
        for (const auto& item : items->get_array()) {
          json::value whole = item;
          if (whole.is_object() && !whole.get_object().contains("kind")) {
            whole.get_object()["kind"] = kind.kind;
            whole.get_object()["apiVersion"] =
                kind.group.empty() ? kind.version : text::cat(kind.group, "/", kind.version);
          }
          documents.push_back(std::move(whole));
        }
      } else {
        documents.push_back(document);
      }
    }
    if (!table) continue;
    const std::size_t head = options.no_headers ? 0 : 1;
    if (rows.size() <= head && !options.watch) {
      if (!many)
        std::fputs(everywhere || !kind.namespaced
                       ? "No resources found\n"
                       : text::cat("No resources found in ", cluster.ns, " namespace.\n").c_str(),
                   stderr);
      continue;
    }
    any = true;
    if (many)
      for (std::size_t i = head; i < rows.size(); ++i)
        rows[i][everywhere ? 1 : 0] = text::cat(kind.printed(), "/", rows[i][everywhere ? 1 : 0]);
    std::fputs(text::table(rows).c_str(), stdout);
    if (many) std::fputs("\n", stdout);
    if (options.watch) {
      std::fflush(stdout);
      NODAL_TRY(watch_table(cluster, paths.front(), revision, options.output == "wide", everywhere,
                            shown));
    }
  }
  if (table) {
    if (many && !any) std::fputs("No resources found\n", stderr);
    return {};
  }
  if (options.output == "name") {
    for (const auto& document : documents) {
      const auto found =
          resources.by_kind(string_at(document, {"apiVersion"}), string_at(document, {"kind"}));
      std::puts(text::cat(found ? found->printed() : text::lower(string_at(document, {"kind"})),
                          "/", string_at(document, {"metadata", "name"}))
                    .c_str());
    }
    return {};
  }
  const bool single = wanted.size() == 1 && wanted[0].names.size() == 1 && documents.size() == 1;
  for (auto& document : documents)
    if (auto* metadata =
            document.is_object() ? document.get_object().if_contains("metadata") : nullptr;
        metadata != nullptr && metadata->is_object())
      metadata->get_object().erase("managedFields");
  const json::value out =
      single ? documents[0]
             : json::value(json::object{{"apiVersion", "v1"},
                                        {"items", documents},
                                        {"kind", "List"},
                                        {"metadata", json::object{{"resourceVersion", ""}}}});
  const auto yaml = NODAL_TRY(json_to_yaml(json::serialize(out)));
  std::fputs(options.output == "yaml" ? yaml.c_str() : text::cat(pretty_json(out), "\n").c_str(),
             stdout);
  return {};
}

Result<> describe(const Globals& globals, const std::vector<std::string>& what) {
  auto cluster = NODAL_TRY(connect(globals));
  const auto resources = NODAL_TRY(Resources::discover(*cluster.client));
  for (const auto& [kind, given] : NODAL_TRY(parse_what(resources, what))) {
    std::vector<std::string> names = given;
    if (names.empty()) {
      const auto list = NODAL_TRY(fetch(cluster, kind.path(cluster.ns), "application/json"));
      if (const auto* items = find(list, {"items"}); items != nullptr && items->is_array())
        for (const auto& item : items->get_array())
          names.push_back(string_at(item, {"metadata", "name"}));
    }
    bool first = true;
    for (const auto& name : names) {
      auto document = NODAL_TRY(fetch(cluster, kind.path(cluster.ns, name), "application/json"));
      const auto uid = string_at(document, {"metadata", "uid"});
      if (auto* metadata = document.get_object().if_contains("metadata");
          metadata != nullptr && metadata->is_object())
        metadata->get_object().erase("managedFields");
      if (!first) std::puts("\n");
      first = false;
      std::fputs(printable(NODAL_TRY(json_to_yaml(json::serialize(document)))).c_str(), stdout);
      const auto selector = text::cat("involvedObject.name=", name, ",involvedObject.uid=", uid);
      const auto events =
          fetch(cluster,
                text::cat("/api/v1", kind.namespaced ? text::cat("/namespaces/", cluster.ns) : "",
                          "/events?fieldSelector=", http::percent_encode(selector)),
                "application/json");
      std::vector<std::vector<std::string>> rows{{"Type", "Reason", "Age", "From", "Message"}};
      const auto now = SystemClock().now();
      if (const auto* items = events ? find(*events, {"items"}) : nullptr;
          items != nullptr && items->is_array())
        for (const auto& event : items->get_array()) {
          auto at = parse_time(string_at(event, {"lastTimestamp"}));
          if (!at) at = parse_time(string_at(event, {"eventTime"}));
          rows.push_back(
              {string_at(event, {"type"}), string_at(event, {"reason"}),
               at ? human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *at))
                  : "<unknown>",
               string_at(event, {"source", "component"}),
               printable(string_at(event, {"message"}))});
        }
      std::fputs(
          rows.size() == 1 ? "Events: <none>\n" : text::cat("Events:\n", text::table(rows)).c_str(),
          stdout);
    }
  }
  return {};
}

Result<> remove(const Globals& globals, const std::vector<std::string>& what,
                const std::vector<std::string>& files) {
  auto cluster = NODAL_TRY(connect(globals));
  const auto resources = NODAL_TRY(Resources::discover(*cluster.client));
  const auto remove_one = [&](const ResourceKind& kind, const std::string& ns,
                              const std::string& name) -> Result<> {
    NODAL_TRY(
        cluster.client->delete_path(kind.path(ns, name), {.propagation_policy = "Background"}));
    std::puts(text::cat(kind.printed(), " \"", name, "\" deleted").c_str());
    return {};
  };
  for (const auto& manifest : NODAL_TRY(read_manifests(files))) {
    const auto kind = NODAL_TRY(resources.by_kind(manifest.api_version, manifest.kind));
    NODAL_TRY(remove_one(kind, manifest.ns.empty() ? cluster.ns : manifest.ns, manifest.name));
  }
  if (what.empty()) return {};
  for (const auto& [kind, names] : NODAL_TRY(parse_what(resources, what))) {
    if (names.empty()) return fail(Errc::invalid, text::cat("which ", kind.plural, "? name them"));
    for (const auto& name : names) NODAL_TRY(remove_one(kind, cluster.ns, name));
  }
  return {};
}

}  // namespace nodal::nodectl
