// master/auth/authorize.cc — see authorize.h.
#include "master/auth/authorize.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace nodal::master {
namespace {

using List = std::vector<std::string_view>;

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

// The one object that a request reads, also as a list or watch of it alone; "" when it is more.
std::string only_name(const Attributes& a) {
  if (!a.name.empty()) return a.name;
  constexpr std::string_view kName = "metadata.name=";
  for (const auto part : text::split(a.field_selector, ','))
    if (part.starts_with(kName)) return std::string(part.substr(kName.size()));
  return {};
}

bool ingress_may(const Attributes& a, const NodeFacts& facts) {
  if (!a.group.empty() || a.resource != "secrets" || !a.subresource.empty() || !is_read(a.verb))
    return false;
  const auto name = only_name(a);
  return !name.empty() && facts.is_certificate(a.namespace_, name);
}

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
    const auto name = only_name(a);
    return !name.empty() && facts.is_used_on(a.resource, a.namespace_, name, node);
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
  return false;
}

const std::vector<Rule>& masters_rules() {
  static const std::vector<Rule> rules{{{"*"}, {"*"}, {"*"}, {}}, {{}, {}, {"*"}, {"*"}}};
  return rules;
}

const std::vector<Rule>& guest_rules() {
  static const std::vector<Rule> rules{
      {{}, {}, {"get", "head"}, {"/healthz", "/livez", "/readyz", "/version"}}};
  return rules;
}

// Everybody may ask what they are and what they may do.
const std::vector<Rule>& everybodys_rules() {
  static const std::vector<Rule> rules{
      {{},
       {},
       {"get", "head"},
       {"/api", "/apis", "/openapi", "/.well-known/openid-configuration", "/openid/v1/jwks"}},
      {{"authorization.k8s.io"},
       {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
       {"create"},
       {}},
      {{"authentication.k8s.io"}, {"selfsubjectreviews"}, {"create"}, {}},
  };
  return rules;
}

// A path, or one below it.
bool allows_path(const std::vector<Rule>& rules, const Attributes& a) {
  const auto covers = [&](std::string_view root) {
    return root == "*" || a.path == root ||
           (a.path.starts_with(root) && a.path[root.size()] == '/');
  };
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return has(rule.verbs, a.verb) && std::ranges::any_of(rule.paths, covers);
  });
}

bool is_node(const Identity& identity) {
  return identity.user.starts_with(kNodeUser) && identity.in_group("system:nodes");
}

bool is_ingress(const Identity& identity) { return identity.user == "system:nodal-ingress"; }

// Whether `call` says yes to the rules of somebody that this identity is.
bool any_rules(const Identity& identity, const auto& call) {
  if (identity.in_group("system:masters")) return call(masters_rules());
  return call(guest_rules()) ||
         (identity.in_group("system:authenticated") && call(everybodys_rules())) ||
         (identity.user == "system:kube-controller-manager" && call(controller_rules())) ||
         (identity.user == "system:kube-scheduler" && call(scheduler_rules())) ||
         ((identity.user == "system:kube-proxy" || identity.in_group("system:node-proxier")) &&
          call(proxy_rules())) ||
         (is_ingress(identity) && call(ingress_rules())) ||
         (is_node(identity) && call(node_rules()));
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

Rules rules_of(const Identity& identity) {
  Rules out;
  out.is_complete = !is_node(identity) && !is_ingress(identity);
  any_rules(identity, [&](const std::vector<Rule>& rules) {
    out.rules.insert(out.rules.end(), rules.begin(), rules.end());
    return false;
  });
  return out;
}

std::optional<std::string> refuse(const Identity& identity, const Attributes& a,
                                  const NodeFacts& facts) {
  const bool allowed = any_rules(identity, [&](const std::vector<Rule>& rules) {
    return a.is_resource ? allows(rules, a) : allows_path(rules, a);
  });
  if (allowed ||
      (a.is_resource && is_node(identity) &&
       node_may(identity.user.substr(kNodeUser.size()), a, facts)) ||
      (a.is_resource && is_ingress(identity) && ingress_may(a, facts)))
    return std::nullopt;
  return sentence(identity, a);
}

}  // namespace nodal::master
