// agent/pod/env.h — a container's environment: values, references, expansion, Services. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

using Environment = std::vector<std::pair<std::string, std::string>>;
using Values = std::map<std::string, std::string>;

/// Where references lead. An absent object is an Errc::not_found.
struct References {
  std::function<Result<Values>(const std::string& name)> config_map;  ///< of the pod's namespace
  std::function<Result<Values>(const std::string& name)> secret;
};

/// What the downward API tells beyond the pod's own object.
struct NodeFactsForPods {
  std::string name, ip;
  std::int64_t cpu_milli = 0, memory_bytes = 0,
               disk_bytes = 0;  ///< allocatable: what "no limit" means
};

/// $(NAME) replaced by what is known, $$ by $; an unknown reference stays as it is.
[[nodiscard]] std::string expand(std::string_view text, const Values& known);
/// Like expand(), where every reference must have a value: a subPathExpr.
/// @errors invalid: names the references that are unknown or empty
Result<std::string> expand_all(std::string_view text, const Values& known);

/// metadata.name, spec.nodeName, status.podIP, metadata.labels['x'], …; nothing for a path that is
/// none.
[[nodiscard]] std::optional<std::string> field_value(const core_v1::Pod& pod,
                                                     const std::string& pod_ip,
                                                     const NodeFactsForPods& node,
                                                     const std::string& path);
/// limits.cpu, requests.memory, … of a container, divided as asked and rounded up.
[[nodiscard]] std::optional<std::string> resource_value(const core_v1::Pod& pod,
                                                        const std::string& container,
                                                        const core_v1::ResourceFieldSelector& field,
                                                        const NodeFactsForPods& node);

/// The environment in the order Kubernetes gives it: Services first, then envFrom, then env (a
/// later name wins).
/// @errors invalid: worded as the container's CreateContainerConfigError
Result<Environment> environment(
    const core_v1::Pod& pod, const core_v1::Container& container, const std::string& pod_ip,
    const NodeFactsForPods& node, const References& references,
    const std::vector<std::shared_ptr<const core_v1::Service>>& services);

}  // namespace nodal::agent
