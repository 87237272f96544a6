// api-client/codec/openapi_paths.cc — what a server does with each kind, as a list of operations.
#include "api-client/codec/openapi_paths.h"

#include <algorithm>

#include "api-client/codec/document_type.h"
#include "base/text.h"

namespace nodal::codec::openapi {
namespace {

using schema::Resource;
using schema::Subresource;

constexpr Parameter kDryRun{"dryRun", "string",
                            "With the value All the request is checked but nothing is stored."};
constexpr Parameter kFieldManager{"fieldManager", "string",
                                  "Name of the client that makes the change."};
constexpr Parameter kFieldValidation{
    "fieldValidation", "string",
    "What to do about unknown and doubled fields: Ignore, Warn or Strict."};

constexpr Parameter kWriting[] = {kDryRun, kFieldManager, kFieldValidation};
constexpr Parameter kPatching[] = {
    kDryRun,
    kFieldManager,
    kFieldValidation,
    {"force", "boolean", "Takes over fields of other managers; only for apply patches."}};
constexpr Parameter kDeleting[] = {
    kDryRun,
    {"gracePeriodSeconds", "integer",
     "Seconds the object gets to end by itself; 0 deletes at once."},
    {"orphanDependents", "boolean", "Older spelling of propagationPolicy Orphan."},
    {"propagationPolicy", "string",
     "What becomes of dependents: Orphan, Background or Foreground."}};
constexpr Parameter kListing[] = {
    {"allowWatchBookmarks", "boolean", "Lets a watch send BOOKMARK events."},
    {"continue", "string", "Token of the next page, from the answer before."},
    {"fieldSelector", "string", "Chooses objects by fields, such as metadata.name=web."},
    {"labelSelector", "string", "Chooses objects by labels, such as app=web."},
    {"limit", "integer", "Most items in one answer; more come by continue."},
    {"resourceVersion", "string", "Version of the store that the answer must not be older than."},
    {"resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."},
    {"sendInitialEvents", "boolean", "Begins a watch with the objects that exist."},
    {"timeoutSeconds", "integer", "Seconds after which a list or watch ends."},
    {"watch", "boolean", "Sends changes as they happen instead of a list."}};
constexpr Parameter kReadingLog[] = {
    {"container", "string", "Which container; needed when the pod has several."},
    {"follow", "boolean", "Keeps sending what is written."},
    {"limitBytes", "integer", "Most bytes to send."},
    {"previous", "boolean", "The log of the run before the last restart."},
    {"sinceSeconds", "integer", "Only what was written in the last seconds."},
    {"sinceTime", "string", "Only what was written after this RFC 3339 time."},
    {"tailLines", "integer", "Only the last lines."},
    {"timestamps", "boolean", "Puts the time in front of each line."}};

constexpr std::string_view kPatchTypes[] = {
    "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

/// "apps", "v1" → "AppsV1"; "events.k8s.io" → "EventsV1"; "" → "CoreV1".
std::string group_word(const Resource& resource) {
  const auto capital = [](std::string_view word) {
    std::string out(word);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z')
      out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
  };
  const auto label = resource.group.substr(0, resource.group.find('.'));
  return capital(label.empty() ? "core" : label) + capital(resource.version);
}

bool has(std::span<const std::string_view> verbs, std::string_view verb) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

/// Collects the paths of one kind.
bool is_stream(std::string_view subresource) {
  return subresource == "log" || subresource == "exec" || subresource == "attach" ||
         subresource == "portforward" || subresource == "proxy";
}

class Collector {
 public:
  explicit Collector(const Resource& resource)
      : resource_(resource),
        base_(resource.group.empty() ? text::cat("/api/", resource.version)
                                     : text::cat("/apis/", resource.group, '/', resource.version)),
        word_(group_word(resource)) {}

  std::vector<Path> collect() {
    collection();
    if (resource_.namespaced) everywhere();
    item();
    for (const auto& sub : resource_.subresources) subresource(sub);
    std::erase_if(paths_, [](const Path& path) { return path.operations.empty(); });
    return std::move(paths_);
  }

 private:
  void begin(bool in_namespace, bool has_name, std::string_view sub = {}) {
    auto text = base_;
    if (in_namespace) text += "/namespaces/{namespace}";
    text += text::cat('/', resource_.plural);
    if (has_name) text += "/{name}";
    if (!sub.empty()) text += text::cat('/', sub);
    paths_.push_back(Path{std::move(text), in_namespace, has_name, {}});
  }

  Operation& add(std::string_view method, std::string_view action, std::string_view id_verb,
                 std::string_view id_end, std::string description) {
    Operation operation;
    operation.method = method;
    operation.action = action;
    operation.id = text::cat(id_verb, word_, paths_.back().has_namespace ? "Namespaced" : "",
                             resource_.kind, id_end);
    operation.description = std::move(description);
    operation.group = resource_.group;
    operation.version = resource_.version;
    operation.kind = resource_.kind;
    operation.answer = resource_.type;
    return paths_.back().operations.emplace_back(std::move(operation));
  }

  void collection() {
    begin(resource_.namespaced, false);
    if (has(resource_.verbs, "list")) {
      auto& list = add("get", "list", "list", "",
                       text::cat("List or watch objects of kind ", resource_.kind, '.'));
      list.answers_list = true;
      list.parameters = kListing;
    }
    if (has(resource_.verbs, "create")) {
      auto& create = add("post", "post", "create", "", text::cat("Create a ", resource_.kind, '.'));
      create.body = resource_.type;
      create.parameters = kWriting;
    }
    if (has(resource_.verbs, "deletecollection")) {
      auto& remove = add("delete", "deletecollection", "deleteCollection", "",
                         text::cat("Delete all chosen objects of kind ", resource_.kind, '.'));
      remove.body = document_type("", "v1", "DeleteOptions");
      remove.answer = document_type("", "v1", "Status");
      remove.parameters = kListing;
    }
  }

  void everywhere() {
    begin(false, false);
    if (!has(resource_.verbs, "list")) return;
    auto& list =
        add("get", "list", "list", "ForAllNamespaces",
            text::cat("List or watch objects of kind ", resource_.kind, " in every namespace."));
    list.answers_list = true;
    list.parameters = kListing;
  }

  void item() {
    begin(resource_.namespaced, true);
    if (has(resource_.verbs, "get"))
      add("get", "get", "read", "", text::cat("Read one ", resource_.kind, '.'));
    if (has(resource_.verbs, "update")) {
      auto& update =
          add("put", "put", "replace", "", text::cat("Replace one ", resource_.kind, '.'));
      update.body = resource_.type;
      update.parameters = kWriting;
    }
    if (has(resource_.verbs, "patch"))
      add("patch", "patch", "patch", "", text::cat("Change parts of one ", resource_.kind, '.'))
          .parameters = kPatching;
    if (has(resource_.verbs, "delete")) {
      auto& remove =
          add("delete", "delete", "delete", "", text::cat("Delete one ", resource_.kind, '.'));
      remove.body = document_type("", "v1", "DeleteOptions");
      remove.answer = document_type("", "v1", "Status");
      remove.parameters = kDeleting;
    }
  }

  void subresource(const Subresource& sub) {
    begin(resource_.namespaced, true, sub.name);
    const auto* const type =
        sub.kind.empty() ? resource_.type : document_type(sub.group, sub.version, sub.kind);
    // What comes back is text, or no HTTP any more.
    const bool plain = is_stream(sub.name);
    auto end = std::string(sub.name);
    end[0] = static_cast<char>(end[0] - 'a' + 'A');
    const auto one = [&](std::string_view method, std::string_view id_verb,
                         std::string_view what) -> Operation& {
      auto& operation = add(method, method, id_verb, end,
                            text::cat(what, " the ", sub.name, " of one ", resource_.kind, '.'));
      if (!sub.kind.empty()) {
        operation.group = sub.group;
        operation.version = sub.version;
        operation.kind = sub.kind;
      }
      operation.answer = plain ? nullptr : type;
      return operation;
    };
    if (has(sub.verbs, "get")) {
      auto& read = one("get", "read", "Read");
      if (sub.name == "log") read.parameters = kReadingLog;
    }
    if (has(sub.verbs, "update")) {
      auto& update = one("put", "replace", "Replace");
      update.body = type;
      update.parameters = kWriting;
    }
    if (has(sub.verbs, "create")) {
      auto& create = one("post", "create", "Create");
      create.body = plain ? nullptr : type;
      if (!plain) create.parameters = kWriting;
    }
    if (has(sub.verbs, "patch")) one("patch", "patch", "Change").parameters = kPatching;
  }

  const Resource& resource_;
  std::string base_;
  std::string word_;
  std::vector<Path> paths_;
};

}  // namespace

std::span<const std::string_view> patch_types() { return kPatchTypes; }

std::vector<Path> openapi_paths(const Resource& resource) { return Collector(resource).collect(); }

}  // namespace nodal::codec::openapi
