// tests/unit/master/scheduler/cluster.h — nodes and pods for the tests of the scheduler.
#pragma once

#include <memory>
#include <string>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/scheduler/schedule.h"
#include "master/scheduler/snapshot.h"

namespace nodal::master::scheduler {

inline std::shared_ptr<const core_v1::Node> node(
    const std::string& name, const std::string& labels = "{}", const std::string& spec = "{}",
    const std::string& allocatable = R"({"cpu":"4","memory":"8Gi","pods":"110"})") {
  return std::make_shared<const core_v1::Node>(
      codec::decode<core_v1::Node>(text::cat(R"({"metadata":{"name":")", name, R"(","labels":)",
                                             labels, R"(},"spec":)", spec,
                                             R"(,"status":{"allocatable":)", allocatable, "}}"))
          .value());
}

inline std::shared_ptr<const core_v1::Pod> pod(
    const std::string& name, const std::string& spec = R"({"containers":[{"name":"c"}]})",
    const std::string& labels = "{}") {
  return std::make_shared<const core_v1::Pod>(
      codec::decode<core_v1::Pod>(text::cat(R"({"metadata":{"namespace":"ns","name":")", name,
                                            R"(","uid":"uid-)", name, R"(","labels":)", labels,
                                            R"(},"spec":)", spec, "}"))
          .value());
}

/// A pod of one container with these requests.
inline std::shared_ptr<const core_v1::Pod> asking(const std::string& name,
                                                  const std::string& requests) {
  return pod(name,
             text::cat(R"({"containers":[{"name":"c","resources":{"requests":)", requests, "}}]}"));
}

struct Cluster {
  ClusterSnapshot snapshot;
  explicit Cluster(const std::vector<std::shared_ptr<const core_v1::Node>>& nodes) {
    for (const auto& node : nodes) snapshot.put_node(node);
  }
  void place(const std::shared_ptr<const core_v1::Pod>& pod, const std::string& node) {
    snapshot.put_pod(text::cat("ns/", pod->metadata.name), facts_of(pod), node);
  }
  [[nodiscard]] Decision decide(const std::shared_ptr<const core_v1::Pod>& pod) const {
    return schedule(facts_of(pod), snapshot);
  }
  /// The node that is chosen, or why none is.
  [[nodiscard]] std::string operator()(const std::shared_ptr<const core_v1::Pod>& pod) const {
    const auto decision = decide(pod);
    return decision.node.empty() ? decision.message : decision.node;
  }
};

}  // namespace nodal::master::scheduler
