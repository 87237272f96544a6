// master/auth/authorize.h — may this identity do that? The one point that every request passes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/auth/identity.h"

namespace nodal::master {

/// What the rules about single objects must know of the cluster.
struct NodeFacts {
  /// The pod is bound to that node.
  std::function<bool(const std::string& ns, const std::string& pod, const std::string& node)>
      is_pod_on;
  /// Some pod on that node uses the object: its ConfigMaps, Secrets ("configmaps", "secrets") and
  /// service accounts.
  std::function<bool(const std::string& resource, const std::string& ns, const std::string& name,
                     const std::string& node)>
      is_used_on;
  /// Some Ingress of that namespace has its certificate in that Secret.
  std::function<bool(const std::string& ns, const std::string& secret)> is_certificate;
};

/// These verbs on these resources ("resource" or "resource/subresource") of these groups, or on
/// these paths. "*" is all.
struct Rule {
  std::vector<std::string_view> groups, resources, verbs, paths;
};

/// What somebody may do, as far as it can be said without naming objects.
struct Rules {
  std::vector<Rule> rules;
  bool is_complete = true;  ///< false: some objects more, as a node those that are its own
};
Rules rules_of(const Identity& identity);

/// Nothing when allowed; else why not, worded for the 403's message.
///
/// system:masters may everything; everybody may read health, version and (when authenticated)
/// discovery; the system's own parts have fixed rules; a node (system:node:NAME in system:nodes)
/// may touch what is its own; the ingress may read the Secrets that Ingresses name. All else is
/// refused.
/// @source SECURITY 11, 27, 53; REQUIREMENTS of transport and authentication (403 wording)
std::optional<std::string> refuse(const Identity& identity, const Attributes& attributes,
                                  const NodeFacts& facts);

}  // namespace nodal::master
