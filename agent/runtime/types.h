// agent/runtime/types.h — pods as a container runtime sees them. Shaped like CRI: sandboxes and
// containers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace nodal::agent {

/// Whose sandbox or container it is. Written as labels (io.kubernetes.pod.name, …) and read back:
/// the runtime is the memory.
struct PodRef {
  std::string namespace_;
  std::string name;
  std::string uid;
  auto operator<=>(const PodRef&) const = default;
};

struct PortMapping {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;
  std::string protocol = "TCP";
  std::string host_ip;
  bool operator==(const PortMapping&) const = default;
};

struct DnsConfig {
  std::vector<std::string> servers, searches, options;
  bool operator==(const DnsConfig&) const = default;
};

enum class NamespaceMode { pod, container, node };

struct SandboxConfig {
  PodRef pod;
  std::uint32_t attempt = 0;
  std::string hostname;
  std::string log_directory;
  DnsConfig dns;
  std::vector<PortMapping> ports;
  std::map<std::string, std::string> labels;       ///< of the pod
  std::map<std::string, std::string> annotations;  ///< ours
  std::map<std::string, std::string> sysctls;
  std::string cgroup_parent;  ///< "" the runtime's own
  bool host_network = false, host_pid = false, host_ipc = false, share_pid = false;
};

struct Mount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
  enum class Propagation { none, host_to_container, bidirectional } propagation = Propagation::none;
  bool operator==(const Mount&) const = default;
};

struct Resources {
  std::int64_t cpu_shares = 2;          ///< cgroup v1 shares; 2 is the least
  std::int64_t cpu_quota = 0;           ///< µs per period; 0 none
  std::int64_t cpu_period = 100000;     ///< µs
  std::int64_t memory_limit_bytes = 0;  ///< 0 none
  std::int64_t oom_score_adj = 0;  ///< clamped by the runtime adapter to what this process may set
  std::int64_t pids_limit = 0;
  bool operator==(const Resources&) const = default;
};

struct Security {
  bool privileged = false;
  bool read_only_root = false;
  bool no_new_privileges = false;
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::vector<std::int64_t> supplemental_groups;
  std::vector<std::string> add_capabilities, drop_capabilities;  ///< without "CAP_"
  std::string seccomp =
      "RuntimeDefault";  ///< or Unconfined, or Localhost/<absolute path of a profile>
  std::string apparmor;  ///< "" the runtime's default
  bool default_proc_mount = true;
};

struct ContainerConfig {
  PodRef pod;
  std::string name;
  std::uint32_t attempt = 0;  ///< restart count
  std::string image;          ///< as the pod names it
  std::string image_id;       ///< what the pull or the local lookup answered
  std::vector<std::string> command, args;
  std::string working_dir;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<Mount> mounts;
  Resources resources;
  Security security;
  std::map<std::string, std::string>
      annotations;           ///< ours: spec hash, restart policy, grace period, …
  std::string log_path;      ///< a file below the sandbox's log directory
  std::string stop_signal;   ///< "" the image's
  std::string processes_of;  ///< id of the container whose process namespace it joins; "" none
  bool stdin_open = false, stdin_once = false, tty = false;
};

enum class ContainerState { created, running, exited, unknown };

struct SeenContainer {
  std::string id;  ///< the runtime's
  std::string name;
  std::uint32_t attempt = 0;
  ContainerState state = ContainerState::unknown;
  std::string image;     ///< as the runtime shows it
  std::string image_id;  ///< "docker-pullable://…" or "docker://sha256:…" without the scheme: the
                         ///< digest or id
  std::map<std::string, std::string> annotations;       ///< ours, as given
  TimePoint created_at{}, started_at{}, finished_at{};  ///< meaningful as the state allows
  int exit_code = 0;                                    ///< when exited
  bool oom_killed = false;
  std::string message;  ///< runtime's error when it could not start, or the termination message
  std::string log_path;
  std::string told_reason;  ///< of its end, where only the pod's status still tells of it
};

struct SeenSandbox {
  std::string id;
  std::uint32_t attempt = 0;
  bool ready = false;            ///< its process runs and its network is up
  std::vector<std::string> ips;  ///< first is the pod IP; the node's for host network
  std::string netns_path;        ///< "" for host network
  bool host_network = false;
  TimePoint created_at{};
  std::map<std::string, std::string> annotations;
};

/// All that the runtime holds of one pod, also dead attempts; newest attempt first.
struct SeenPod {
  PodRef pod;
  std::vector<SeenSandbox> sandboxes;
  std::vector<SeenContainer> containers;
};

struct ImageInfo {
  std::string id;  ///< "sha256:…"
  std::vector<std::string> tags;
  std::vector<std::string> digests;
  std::int64_t size_bytes = 0;
  bool pinned = false;  ///< the runtime's own: never to be removed
  std::string user;     ///< USER of the image: "", "1000", "1000:1000", "node"
};

struct ExecResult {
  int exit_code = 0;
  std::string output;  ///< stdout and stderr as they came, cut at 16 KiB
};

/// Something changed in the runtime; list() is the truth.
struct RuntimeEvent {
  std::string pod_uid;  ///< "" when unknown: look at everything
};

}  // namespace nodal::agent
