// master/api/handlers/discovery.cc — which kinds are served, in the old form and the aggregated
// one.
#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

using schema::Resource;

template <class Strings>
void append_strings(std::string& out, const Strings& strings) {
  out += '[';
  bool first = true;
  for (const auto& text : strings) {
    if (!first) out += ',';
    first = false;
    codec::append_string(out, text);
  }
  out += ']';
}

// The groups with a kind of their own, in the order of the schema; then their versions.
struct Group {
  std::string_view name;
  std::vector<std::string_view> versions;
};
std::vector<Group> groups() {
  std::vector<Group> out;
  for (const auto& resource : schema::resources()) {
    auto it = std::ranges::find(out, resource.group, &Group::name);
    if (it == out.end()) it = out.insert(out.end(), Group{resource.group, {}});
    if (std::ranges::find(it->versions, resource.version) == it->versions.end())
      it->versions.push_back(resource.version);
  }
  return out;
}

void append_group(std::string& out, const Group& group) {
  out += text::cat(R"("name":")", group.name, R"(","versions":[)");
  bool first = true;
  for (const auto version : group.versions) {
    if (!first) out += ',';
    first = false;
    out += text::cat(R"({"groupVersion":")", api_version(group.name, version), R"(","version":")",
                     version, "\"}");
  }
  out += text::cat(R"(],"preferredVersion":{"groupVersion":")",
                   api_version(group.name, group.versions.front()), R"(","version":")",
                   group.versions.front(), "\"}");
}

void append_common(std::string& out, const Resource& r) {
  out += R"("verbs":)";
  append_strings(out, r.verbs);
  if (!r.short_names.empty()) {
    out += R"(,"shortNames":)";
    append_strings(out, r.short_names);
  }
  if (!r.categories.empty()) {
    out += R"(,"categories":)";
    append_strings(out, r.categories);
  }
}

std::string resource_list(std::string_view group, std::string_view version) {
  std::string out;
  for (const auto& r : schema::resources()) {
    if (r.group != group || r.version != version) continue;
    if (out.empty())
      out = text::cat(R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":")",
                      api_version(group, version), R"(","resources":[)");
    else
      out += ',';
    out += text::cat(R"({"name":")", r.plural, R"(","singularName":")", r.singular,
                     R"(","namespaced":)", r.namespaced ? "true" : "false", R"(,"kind":")", r.kind,
                     "\",");
    append_common(out, r);
    out += '}';
    for (const auto& sub : r.subresources) {
      out +=
          text::cat(R"(,{"name":")", r.plural, "/", sub.name,
                    R"(","singularName":"","namespaced":)", r.namespaced ? "true" : "false", ",");
      if (!sub.kind.empty() && (sub.group != r.group || sub.version != r.version))
        out += text::cat(R"("group":")", sub.group, R"(","version":")", sub.version, "\",");
      out += text::cat(R"("kind":")", sub.kind.empty() ? r.kind : sub.kind, R"(","verbs":)");
      append_strings(out, sub.verbs);
      out += '}';
    }
  }
  if (!out.empty()) out += "]}";
  return out;
}

// The aggregated document of the core group, or of all others.
std::string aggregated(bool core, std::string_view version) {
  std::string out =
      text::cat(R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/)", version,
                R"(","metadata":{},"items":[)");
  bool first_group = true;
  for (const auto& group : groups()) {
    if (group.name.empty() != core) continue;
    if (!first_group) out += ',';
    first_group = false;
    out += R"({"metadata":{)";
    if (!core) out += text::cat(R"("name":")", group.name, "\",");
    out += R"("creationTimestamp":null},"versions":[)";
    bool first_version = true;
    for (const auto v : group.versions) {
      if (!first_version) out += ',';
      first_version = false;
      out += text::cat(R"({"version":")", v, R"(","resources":[)");
      bool first = true;
      for (const auto& r : schema::resources()) {
        if (r.group != group.name || r.version != v) continue;
        if (!first) out += ',';
        first = false;
        const auto kind_of = [](std::string_view g, std::string_view ver, std::string_view kind) {
          return text::cat(R"("responseKind":{"group":")", g, R"(","version":")", ver,
                           R"(","kind":")", kind, "\"}");
        };
        out += text::cat(R"({"resource":")", r.plural, "\",", kind_of(r.group, r.version, r.kind),
                         R"(,"scope":")", r.namespaced ? "Namespaced" : "Cluster",
                         R"(","singularResource":")", r.singular, "\",");
        append_common(out, r);
        if (!r.subresources.empty()) {
          out += R"(,"subresources":[)";
          bool first_sub = true;
          for (const auto& sub : r.subresources) {
            if (!first_sub) out += ',';
            first_sub = false;
            out += text::cat(R"({"subresource":")", sub.name, "\",",
                             sub.kind.empty() ? kind_of(r.group, r.version, r.kind)
                                              : kind_of(sub.group, sub.version, sub.kind),
                             R"(,"verbs":)");
            append_strings(out, sub.verbs);
            out += '}';
          }
          out += ']';
        }
        out += '}';
      }
      out += R"(],"freshness":"Current"})";
    }
    out += "]}";
  }
  out += "]}";
  return out;
}

void answer_aggregated(Call& call, bool core, std::string_view version) {
  http::Response response;
  response.headers = call.headers();
  response.headers.set(
      "Content-Type",
      text::cat("application/json;g=apidiscovery.k8s.io;v=", version, ";as=APIGroupDiscoveryList"));
  response.headers.set("Vary", "Accept");
  response.append(aggregated(core, version));
  call.note(200);
  call.responder->send(std::move(response));
}

}  // namespace

bool discovery(Call& call) {
  std::string_view path = call.info.path;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const bool ours =
      path == "/api" || path == "/apis" || path.starts_with("/api/") || path.starts_with("/apis/");
  if (!ours) return false;
  if (call.info.verb != "get" && call.info.verb != "head") {
    call.fail(errors::method_not_allowed().error());
    return true;
  }
  if (path == "/api" || path == "/apis") {
    const bool core = path == "/api";
    const auto version = negotiate_discovery(call.request.headers.get("Accept"));
    if (!version) {
      call.fail(errors::not_acceptable().error());
    } else if (!version->empty()) {
      answer_aggregated(call, core, *version);
    } else if (core) {
      std::string out =
          R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0","serverAddress":)";
      codec::append_string(out, call.api->parts().advertise_address);
      call.answer(200, out + "}]}");
    } else {
      std::string out = R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)";
      bool first = true;
      for (const auto& group : groups()) {
        if (group.name.empty()) continue;
        if (!first) out += ',';
        first = false;
        out += '{';
        append_group(out, group);
        out += '}';
      }
      call.answer(200, out + "]}");
    }
    return true;
  }
  const auto parts = text::split(path.substr(1), '/');
  if (parts[0] == "apis" && parts.size() == 2) {
    for (const auto& group : groups()) {
      if (group.name != parts[1] || group.name.empty()) continue;
      std::string out = R"({"kind":"APIGroup","apiVersion":"v1",)";
      append_group(out, group);
      call.answer(200, out + "}");
      return true;
    }
  }
  std::string list;
  if (parts[0] == "api" && parts.size() == 2) list = resource_list("", parts[1]);
  if (parts[0] == "apis" && parts.size() == 3) list = resource_list(parts[1], parts[2]);
  if (list.empty())
    call.fail(errors::no_such_path().error());
  else
    call.answer(200, std::move(list));
  return true;
}

}  // namespace nodal::master::handlers
