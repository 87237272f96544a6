// agent/probe/prober.h — runs the probes of all containers, each in its own time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "agent/probe/outcome.h"
#include "agent/probe/state.h"
#include "agent/runtime/runtime.h"
#include "base/clock.h"
#include "base/loop/keyed_loop.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Where a probe goes: the pod's address, or the probe's own `host`. That is an address: names
/// would make the node's other probes wait for somebody's DNS server.
/// @errors forbidden: loopback, link-local and the like, which the pod itself may not reach from
/// here (SECURITY 17); invalid: no address
Result<std::string> probe_address(const std::string& host, const std::string& pod_ip);

/// What an exec probe's command says. One that could not be run, because the runtime is away or the
/// container has just ended, says nothing; one that took too long has failed.
ProbeOutcome exec_outcome(const Result<ExecResult>& result, std::chrono::seconds timeout);

/// One HTTP, TCP, gRPC or exec check.
ProbeOutcome run_probe(const core_v1::Probe& probe, const core_v1::Container& container,
                       const std::string& ip, const std::string& container_id, Runtime& runtime);

/// Thread-safe.
class Prober {
 public:
  /// What became of a container's probes.
  struct Change {
    std::string pod_uid, container_id, container;
    ProbeKind kind = ProbeKind::readiness;
    bool good = false;
    bool verdict = false;  ///< the verdict changed (else: one try worth an event)
    bool warning = false;  ///< it was good, but `output` is worth an event
    bool known = true;     ///< else the probe could not be made, and counts for nothing
    std::string output;
  };
  Prober(Runtime& runtime, const Clock& clock, std::function<void(const Change&)> changed);
  ~Prober() { loop_.stop(); }

  /// Probes that container from now on; does nothing when it does already.
  /// @param was_ready  what is known of a container that ran before this agent
  void watch(const core_v1::Pod& pod, const core_v1::Container& container,
             const std::string& container_id, const std::string& ip, TimePoint started_at,
             bool was_ready, bool was_started);
  /// Forgets every container of the pod but these.
  void keep_only(const std::string& pod_uid, const std::vector<std::string>& container_ids);
  /// No liveness probe of the pod runs from now on; readiness goes on to be asked.
  void end_liveness(const std::string& pod_uid);

  /// By container id: only containers that have such a probe.
  [[nodiscard]] std::map<std::string, bool> ready_of(const std::string& pod_uid) const;
  [[nodiscard]] std::map<std::string, bool> started_of(const std::string& pod_uid) const;
  /// Ids of containers whose liveness or startup probe has failed.
  [[nodiscard]] std::vector<std::string> failed_of(const std::string& pod_uid) const;

 private:
  struct Task {
    std::string pod_uid, container_id, ip;
    core_v1::Container container;
    core_v1::Probe probe;
    ProbeKind kind = ProbeKind::readiness;
    TimePoint started_at{};
    ProbeState state{false};
  };
  Result<Again> run(const std::string& key);
  [[nodiscard]] bool has_started(const std::string& container_id) const;  // under mutex_

  Runtime& runtime_;
  const Clock& clock_;
  const std::function<void(const Change&)> changed_;
  mutable std::mutex mutex_;
  std::map<std::string, Task> tasks_;  // by container id + kind; under mutex_
  KeyedLoop loop_;
};

}  // namespace nodal::agent
