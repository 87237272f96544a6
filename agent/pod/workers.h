// agent/pod/workers.h — one pod at a time: look, plan, act, report. The only authority on "may
// containers start".
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "agent/pod/admission.h"
#include "agent/pod/config.h"
#include "agent/pod/endings.h"
#include "agent/pod/env.h"
#include "agent/pod/images.h"
#include "agent/pod/plan.h"
#include "agent/pod/start_hooks.h"
#include "agent/pod/status.h"
#include "agent/pod/status_writer.h"
#include "agent/pod/termination.h"
#include "agent/probe/prober.h"
#include "agent/runtime/runtime.h"
#include "agent/volume/volumes.h"
#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "api-client/client/mirror.h"
#include "base/clock.h"
#include "base/loop/keyed_loop.h"

namespace nodal::agent {

/// What the workers are given; all of it outlives them.
struct WorkerParts {
  Runtime& runtime;
  std::shared_ptr<client::Client> client;
  client::EventRecorder& events;
  client::Mirror<core_v1::Pod>& pods;  ///< those bound to this node
  client::Mirror<core_v1::Service>& services;
  client::Mirror<core_v1::Node>& nodes;  ///< this one
  Volumes& volumes;
  const NodeFactsForPods& node;
  std::function<DnsSettings()> dns;  ///< as they are now
  const DrainGate& gate;
  const Clock& clock;
};

/// Thread-safe. Pods are worked on in parallel, one pod by one thread at a time.
class PodWorkers {
 public:
  explicit PodWorkers(WorkerParts parts);
  ~PodWorkers();

  /// Look at that pod ("namespace/name"): it changed, or its runtime did.
  void wake(const std::string& key) { loop_.wake(key); }
  void wake_uid(const std::string& uid);
  /// Look at everything: pods that are wanted, and what the runtime still has of others.
  void relist();
  /// The last plan of a pod, for the debug socket.
  [[nodiscard]] std::map<std::string, std::string> plans() const;

 private:
  /// Starts of a container that were refused in a row.
  struct Setback {
    int count = 0;
    TimePoint not_before{};
  };
  struct Memory {
    explicit Memory(std::string folder) : terminations(std::move(folder)) {}
    std::map<std::string, Obstacle> obstacles;
    std::map<std::string, Setback> setbacks;  ///< by container
    std::set<std::string> started;            ///< ids of containers started by this process
    TimePoint refreshed{};
    std::string told_downward;
    Terminations terminations;
    bool told_deadline = false;
  };

  Result<Again> sync(const std::string& key);
  Result<> remove_orphan(const std::string& key);
  Result<> act(const core_v1::Pod& pod, const SeenPod& seen, const Action& action, Memory& memory);
  /// Starts it, or notes in `memory` why not and when to try again: the pod's other containers go
  /// on.
  Result<> start(const core_v1::Pod& pod, const SeenPod& seen, const StartContainer& start,
                 Memory& memory);
  /// False: not yet, its image is being pulled.
  Result<bool> try_start(const core_v1::Pod& pod, const SeenPod& seen, const StartContainer& start,
                         Memory& memory);
  void ended(const std::string& key, const Result<>& outcome);
  Record recorder();
  /// Forgets a pod that is gone, or ours no more.
  void drop(const std::string& uid);
  /// That pod as it is known last.
  [[nodiscard]] std::shared_ptr<const core_v1::Pod> latest(
      const std::shared_ptr<const core_v1::Pod>& pod) const;
  /// Of a pod of which nothing has been made yet. One that is refused fails.
  Result<bool> admit(const core_v1::Pod& pod);
  /// The pod fails, and nothing of it is made.
  Result<> reject(const core_v1::Pod& pod, const Rejection& why);
  Result<> report(const std::shared_ptr<const core_v1::Pod>& pod, const SeenPod& seen,
                  Memory& memory, bool past_deadline);
  void follow_probes(const core_v1::Pod& pod, const SeenPod& seen, const Memory& memory);
  void record(const core_v1::Pod& pod, const std::string& container, client::EventType type,
              std::string_view reason, std::string_view message);
  [[nodiscard]] References references(const core_v1::Pod& pod) const;
  /// Those of an environment, which takes no binaryData.
  [[nodiscard]] References text_references(const core_v1::Pod& pod) const;
  void probed(const Prober::Change& change);

  WorkerParts parts_;
  mutable std::mutex mutex_;
  std::map<std::string, Memory>
      memory_;  // by uid; an entry is used by its pod's thread, the map under mutex_
  std::map<std::string, std::string> keys_;  // uid → key; under mutex_
  std::map<std::string, PodRef>
      orphans_;  // key → what the runtime has of a pod that nobody wants; under mutex_
  std::set<std::string> admitted_;            // uids of pods taken by this process; under mutex_
  std::map<std::string, std::string> plans_;  // under mutex_
  StatusWriter statuses_;
  Prober prober_;
  KeyedLoop loop_;
  // They wake the loop, and end before it.
  Images images_;
  Endings endings_;
  StartHooks hooks_;
};

}  // namespace nodal::agent
