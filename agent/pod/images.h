// agent/pod/images.h — the image of a container before it starts: there, being pulled, or why not.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/pod/record.h"
#include "agent/pod/status.h"
#include "agent/runtime/runtime.h"
#include "base/clock.h"
#include "base/loop/pool.h"

namespace nodal::agent {

/// Pulls take minutes: they run beside the pods' own work, a few at once, and one pull serves every
/// pod that waits for the same image with the same logins. Thread-safe.
/// @source kubernetes.io, Images: imagePullPolicy, ImagePullBackOff
class Images {
 public:
  /// The image is being pulled; the pod is woken when that has ended.
  struct Pulling {};
  /// It cannot be had: why, and when it is tried again.
  struct Refused {
    Obstacle obstacle;
    std::optional<TimePoint> not_before;  ///< of the next try
  };
  using Answer = std::variant<ImageInfo, Pulling, Refused>;

  using Secrets = std::function<Result<core_v1::Secret>(const std::string& namespace_,
                                                        const std::string& name)>;

  /// @param secrets  where imagePullSecrets lead
  /// @param wake  called with a pod's uid when a pull it waits for has ended
  Images(Runtime& runtime, const Clock& clock, Record record, Secrets secrets,
         std::function<void(const std::string& uid)> wake);
  ~Images();

  /// @errors unavailable: the runtime is away
  Result<Answer> ensure(const core_v1::Pod& pod, const core_v1::Container& container);
  /// The containers of a pod whose images are being pulled.
  [[nodiscard]] std::set<std::string> pulling(const std::string& uid) const;
  /// Forgets what is known of a pod that is gone.
  void forget(const std::string& uid);

 private:
  using Waiter = std::pair<std::string, std::string>;  // pod uid, container name
  struct Pull {
    ImageInfo image;
    std::chrono::nanoseconds took{};    ///< of the pull itself
    std::chrono::nanoseconds waited{};  ///< with the time in the queue
  };
  struct History {
    int failures = 0;
    TimePoint again{};
    std::string cause;  ///< of the last failure
  };
  /// An image and the logins to get it with, as X-Registry-Auth: who has other logins does not
  /// share the pull.
  using Order = std::pair<std::string, std::vector<std::string>>;
  Result<std::vector<std::string>> logins(const core_v1::Pod& pod, const std::string& reference);
  void pull(const Order& order, const Waiter& waiter);
  Result<ImageInfo> fetch(const Order& order);
  Result<Answer> pulled(const core_v1::Pod& pod, const core_v1::Container& container,
                        const Result<Pull>& outcome);

  Runtime& runtime_;
  const Clock& clock_;
  const Record record_;
  const Secrets secrets_;
  const std::function<void(const std::string&)> wake_;
  mutable std::mutex mutex_;
  std::map<Order, std::set<Waiter>> under_way_;
  std::map<Waiter, Result<Pull>> ended_;                             // not asked for yet
  std::map<std::pair<std::string, std::string>, History> failures_;  // by pod uid and reference
  std::stop_source stop_;
  Pool pool_;  // last: its jobs use the rest
};

/// As Kubernetes writes times in events: "850ms", "1.2s", "1m2.5s".
[[nodiscard]] std::string pull_time(std::chrono::nanoseconds time);

}  // namespace nodal::agent
