// agent/runtime/runtime.h — the interface to a container runtime; Docker is raised to CRI's shape,
// containerd has it.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/process.h"
#include "agent/runtime/types.h"
#include "base/result.h"

namespace nodal::agent {

/// Idempotence is the contract: creating what exists answers its id, removing what is gone
/// succeeds. That is what lets the planner keep no memory. Thread-safe; every call has a deadline.
/// @source Kubernetes CRI v1 (runtime.v1), whose verbs these are
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// Name and version, e.g. "docker", "20.10.24": for node status (docker://20.10.24).
  struct Version {
    std::string name, version;
  };
  virtual Result<Version> version() = 0;

  /// Everything of ours: relist and recovery.
  virtual Result<std::vector<SeenPod>> list() = 0;
  /// One pod of ours; absent: an empty SeenPod.
  virtual Result<SeenPod> inspect(const PodRef& pod) = 0;

  /// A running sandbox with its network. Half-made ones of the same attempt are removed and made
  /// again.
  /// @errors unavailable (runtime away), internal with the plugin's message when CNI fails (nothing
  /// is left behind)
  virtual Result<std::string> run_sandbox(const SandboxConfig& config) = 0;
  /// Whether the network of new sandboxes makes ports of the node lead into them.
  [[nodiscard]] virtual bool maps_host_ports() const = 0;
  /// Stops what runs in it, takes the network down (CNI DEL), removes it.
  virtual Result<> remove_sandbox(std::string_view id) = 0;

  /// Creates and starts.
  /// @errors invalid: the container cannot run as described (bad command, bad mount); message for
  /// the pod's status.
  ///         not_found: the image is not there.
  virtual Result<std::string> start_container(std::string_view sandbox,
                                              const ContainerConfig& config) = 0;
  /// Stop signal, then SIGKILL after `grace`. Returns when it has ended.
  virtual Result<> stop_container(std::string_view id, std::chrono::seconds grace) = 0;
  virtual Result<> remove_container(std::string_view id) = 0;

  /// The local image for a reference; nothing is pulled.
  /// @errors not_found
  virtual Result<ImageInfo> image(std::string_view reference) = 0;
  virtual Result<std::vector<ImageInfo>> images() = 0;
  /// @param auth  base64 JSON of a registry login as Docker's X-Registry-Auth, or ""
  virtual Result<ImageInfo> pull_image(std::string_view reference, std::string_view auth,
                                       std::stop_token stop) = 0;
  /// Ids of the images of all containers, also of those that are not ours or have ended.
  virtual Result<std::set<std::string>> images_in_use() = 0;
  struct Disk {
    std::int64_t size_bytes = 0, free_bytes = 0;  ///< free to those who are not root
  };
  /// The filesystem that images are on.
  virtual Result<Disk> image_disk() = 0;
  /// With all its names.
  /// @errors conflict: a container or another image needs it
  virtual Result<> remove_image(std::string_view id) = 0;

  /// Runs a command in a running container; kills it with all its children after `timeout`
  /// (SECURITY 20).
  /// @errors timed_out, not_found
  virtual Result<ExecResult> exec(std::string_view id, const std::vector<std::string>& command,
                                  std::chrono::milliseconds timeout) = 0;

  struct StreamOptions {
    bool input = false;  ///< standard input is wanted
    bool tty = false;    ///< on a terminal: stderr comes with stdout
  };
  /// Runs a command in a running container, for somebody who talks to it.
  /// @errors not_found: it does not run
  virtual Result<std::unique_ptr<ProcessStreams>> exec_streams(
      std::string_view id, const std::vector<std::string>& command,
      const StreamOptions& options) = 0;
  /// The streams of a running container's own process; whether on a terminal is the container's.
  /// @errors not_found: it does not run
  virtual Result<std::unique_ptr<ProcessStreams>> attach(std::string_view id,
                                                         const StreamOptions& options) = 0;

  struct LogOptions {
    bool follow = false, timestamps = false;
    std::optional<std::int64_t> tail_lines, limit_bytes, since_seconds;
    std::optional<TimePoint> since_time;
  };
  /// stdout and stderr of a container, also of an ended one, until the end, `stop`, or `sink`
  /// answers false.
  virtual Result<> logs(std::string_view id, const LogOptions& options,
                        const std::function<bool(std::string_view)>& sink,
                        std::stop_token stop) = 0;

  /// Hints until `stop` or the connection breaks (an error: list again, then watch again).
  virtual Result<> watch(const std::function<void(const RuntimeEvent&)>& sink,
                         std::stop_token stop) = 0;

  /// Resource use of a running container: nanoseconds of CPU, bytes of working set.
  struct Usage {
    std::uint64_t cpu_nanoseconds = 0, memory_bytes = 0;
  };
  virtual Result<Usage> usage(std::string_view id) = 0;
};

}  // namespace nodal::agent
