// master/auth/authorize.cc — see authorize.h.
#include "master/auth/authorize.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace nodal::master {
namespace {

using List = std::vector<std::string_view>;

// One rule: these verbs on these resources ("resource" or "resource/subresource") of these groups.
// "*" is all.
struct Rule {
  List groups, resources, verbs;
};

const List kRead{"get", "list", "watch"};
const List kWrite{"create", "update", "patch"};

bool has(const List& list, std::string_view item) {
  return std::ranges::any_of(list, [&](const auto entry) { return entry == "*" || entry == item; });
}

bool allows(const std::vector<Rule>& rules, const Attributes& a) {
  const std::string resource =
      a.subresource.empty() ? a.resource : text::cat(a.resource, "/", a.subresource);
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return has(rule.groups, a.group) && has(rule.resources, resource) && has(rule.verbs, a.verb);
  });
}

// The system's own parts. Least privilege: what they call, no more.
const std::vector<Rule>& controller_rules() {
  static const std::vector<Rule> rules{
      {{"*"}, {"*"}, kRead},
      {{"*"}, {"*"}, {"delete", "deletecollection"}},  // garbage and namespaces hold every kind
      {{"*"}, {"*"}, {"patch"}},                       // owner references, finalizers
      {{""}, {"pods", "endpoints", "events", "serviceaccounts", "configmaps", "services"}, kWrite},
      {{""},
       {"namespaces/finalize", "namespaces/status", "nodes/status", "pods/status"},
       {"update", "patch"}},
      {{"apps"},
       {"replicasets", "deployments", "replicasets/status", "deployments/status"},
       kWrite},
      {{"discovery.k8s.io"}, {"endpointslices"}, kWrite},
      {{"events.k8s.io"}, {"events"}, kWrite},
      {{"coordination.k8s.io"}, {"leases"}, kWrite},
  };
  return rules;
}

const std::vector<Rule>& scheduler_rules() {
  static const std::vector<Rule> rules{
      {{""}, {"pods", "nodes", "namespaces", "services"}, kRead},
      {{"apps"}, {"replicasets"}, kRead},
      {{""}, {"pods/binding"}, {"create"}},
      {{""}, {"pods/status"}, {"patch", "update"}},
      {{"", "events.k8s.io"}, {"events"}, kWrite},
      {{"coordination.k8s.io"}, {"leases"}, {"get", "create", "update", "patch"}},
  };
  return rules;
}

const std::vector<Rule>& proxy_rules() {
  static const std::vector<Rule> rules{
      {{""}, {"services", "endpoints", "nodes"}, kRead},
      {{"discovery.k8s.io"}, {"endpointslices"}, kRead},
      {{"", "events.k8s.io"}, {"events"}, kWrite},
  };
  return rules;
}

const std::vector<Rule>& ingress_rules() {
  static const std::vector<Rule> rules{
      {{"networking.k8s.io"}, {"ingresses", "ingressclasses"}, kRead},
      {{"networking.k8s.io"}, {"ingressclasses"}, {"create"}},
      {{"networking.k8s.io"}, {"ingresses/status"}, {"update", "patch"}},
      {{""}, {"services"}, kRead},
      {{"discovery.k8s.io"}, {"endpointslices"}, kRead},
      {{""}, {"secrets"}, {"get"}},
      {{"", "events.k8s.io"}, {"events"}, kWrite},
  };
  return rules;
}

const std::vector<Rule>& node_rules() {
  static const std::vector<Rule> rules{
      {{""}, {"services", "nodes"}, kRead},
      {{"", "events.k8s.io"}, {"events"}, kWrite},
      {{"discovery.k8s.io"}, {"endpointslices"}, kRead},
  };
  return rules;
}

// What of a list request is fixed by `field=value`.
bool selects(const std::string& selector, std::string_view field, std::string_view value) {
  for (const auto part : text::split(selector, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || part.substr(0, equals) != field) continue;
    auto given = part.substr(equals + 1);
    if (given.starts_with('=')) given.remove_prefix(1);
    if (given == value) return true;
  }
  return false;
}

bool is_read(const std::string& verb) { return has(kRead, verb); }

bool node_may(const std::string& node, const Attributes& a, const NodeFacts& facts) {
  if (a.group.empty() && a.resource == "nodes") {
    if (a.subresource.empty() && a.verb == "create") return true;  // admit_own() looks at its name
    const bool own = a.name == node;
    if (a.subresource == "status") return own && (a.verb == "patch" || a.verb == "update");
    if (a.subresource.empty() && own && (a.verb == "patch" || a.verb == "update")) return true;
  }
  if (a.group.empty() && a.resource == "pods") {
    if (a.subresource.empty() && (a.verb == "list" || a.verb == "watch"))
      return selects(a.field_selector, "spec.nodeName", node);
    if (a.name.empty()) return false;
    const bool on_it = facts.is_pod_on(a.namespace_, a.name, node);
    if (a.subresource.empty()) return on_it && (a.verb == "get" || a.verb == "delete");
    if (a.subresource == "status")
      return on_it && (a.verb == "patch" || a.verb == "update" || a.verb == "get");
    return false;
  }
  if (a.group.empty() && (a.resource == "configmaps" || a.resource == "secrets") &&
      is_read(a.verb)) {
    if (!a.name.empty()) return facts.is_used_on(a.resource, a.namespace_, a.name, node);
    for (const auto part : text::split(a.field_selector, ',')) {
      constexpr std::string_view kName = "metadata.name=";
      if (part.starts_with(kName))
        return facts.is_used_on(a.resource, a.namespace_, std::string(part.substr(kName.size())),
                                node);
    }
    return false;
  }
  if (a.group.empty() && a.resource == "serviceaccounts") {
    if (a.subresource == "token")
      return a.verb == "create" && facts.is_used_on(a.resource, a.namespace_, a.name, node);
    return a.verb == "get" && facts.is_used_on(a.resource, a.namespace_, a.name, node);
  }
  if (a.group == "coordination.k8s.io" && a.resource == "leases" &&
      a.namespace_ == "kube-node-lease")
    return a.verb == "create" || (a.name == node && (a.verb == "get" || a.verb == "update" ||
                                                     a.verb == "patch" || a.verb == "delete"));
  return allows(node_rules(), a);
}

bool is_health(const std::string& path) {
  for (const std::string_view root : {"/healthz", "/livez", "/readyz"})
    if (path == root || (path.starts_with(root) && path[root.size()] == '/')) return true;
  return path == "/version" || path == "/version/";
}

bool is_discovery(const std::string& path) {
  for (const std::string_view root : {"/api", "/apis", "/openapi"})
    if (path == root || (path.starts_with(root) && path[root.size()] == '/')) return true;
  return path == "/.well-known/openid-configuration" || path == "/openid/v1/jwks";
}

std::string sentence(const Identity& identity, const Attributes& a) {
  if (!a.is_resource)
    return text::cat("User \"", identity.user, "\" cannot ", a.verb, " path \"", a.path, "\"");
  const std::string resource =
      a.subresource.empty() ? a.resource : text::cat(a.resource, "/", a.subresource);
  return text::cat("User \"", identity.user, "\" cannot ", a.verb, " resource \"", resource,
                   "\" in API group \"", a.group, "\"",
                   a.namespace_.empty() ? std::string(" at the cluster scope")
                                        : text::cat(" in the namespace \"", a.namespace_, "\""));
}

}  // namespace

std::optional<std::string> refuse(const Identity& identity, const Attributes& a,
                                  const NodeFacts& facts) {
  if (identity.in_group("system:masters")) return std::nullopt;
  if (!a.is_resource) {
    if (a.verb == "get" || a.verb == "head") {
      if (is_health(a.path)) return std::nullopt;
      if (identity.in_group("system:authenticated") && is_discovery(a.path)) return std::nullopt;
    }
    return sentence(identity, a);
  }
  constexpr std::string_view kNode = "system:node:";
  // Everybody may ask what they are and what they may do.
  bool allowed = a.verb == "create" && identity.in_group("system:authenticated") &&
                 ((a.group == "authorization.k8s.io" && a.resource == "selfsubjectaccessreviews") ||
                  (a.group == "authentication.k8s.io" && a.resource == "selfsubjectreviews"));
  if (identity.user == "system:kube-controller-manager") allowed = allows(controller_rules(), a);
  if (identity.user == "system:kube-scheduler") allowed = allows(scheduler_rules(), a);
  if (identity.user == "system:kube-proxy" || identity.in_group("system:node-proxier"))
    allowed = allows(proxy_rules(), a);
  if (identity.user == "system:nodal-ingress") allowed = allows(ingress_rules(), a);
  if (identity.user.starts_with(kNode) && identity.in_group("system:nodes"))
    allowed = allowed || node_may(identity.user.substr(kNode.size()), a, facts);
  if (allowed) return std::nullopt;
  return sentence(identity, a);
}

}  // namespace nodal::master
