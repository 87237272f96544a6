// agent/runtime/docker/runtime.h — the container runtime over the Docker Engine API: a sandbox is a
// pause container whose network we attach by CNI.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/runtime/docker/cni_invoker.h"
#include "agent/runtime/docker/engine.h"
#include "agent/runtime/docker/request.h"
#include "agent/runtime/runtime.h"

namespace nodal::agent::docker {

struct DockerOptions {
  std::string address = "unix:/var/run/docker.sock";
  CniOptions cni;
  LogLimits log;
  std::vector<std::string> node_ips;  ///< reported for sandboxes in the host's network
};

/// Keeps nothing that it could not read again from the engine and the CNI records: a new process
/// sees all that an earlier one made. What it remembers are facts that cannot change, to ask less.
/// Thread-safe. Privilege: root, in the network and pid namespaces of the engine's host.
class DockerRuntime final : public Runtime {
 public:
  explicit DockerRuntime(DockerOptions options);

  Result<Version> version() override;
  Result<std::vector<SeenPod>> list() override;
  Result<SeenPod> inspect(const PodRef& pod) override;
  Result<std::string> run_sandbox(const SandboxConfig& config) override;
  [[nodiscard]] bool maps_host_ports() const override;
  /// Whether new sandboxes can be attached to the network. @errors unavailable, internal: why not
  [[nodiscard]] Result<> network_status() const;
  Result<> remove_sandbox(std::string_view id) override;
  Result<std::string> start_container(std::string_view sandbox,
                                      const ContainerConfig& config) override;
  Result<> stop_container(std::string_view id, std::chrono::seconds grace) override;
  Result<> remove_container(std::string_view id) override;
  Result<ImageInfo> image(std::string_view reference) override;
  Result<std::vector<ImageInfo>> images() override;
  Result<ImageInfo> pull_image(std::string_view reference, std::string_view auth,
                               std::stop_token stop) override;
  Result<std::set<std::string>> images_in_use() override;
  Result<Disk> image_disk() override;
  Result<> remove_image(std::string_view id) override;
  Result<ExecResult> exec(std::string_view id, const std::vector<std::string>& command,
                          std::chrono::milliseconds timeout) override;
  Result<std::unique_ptr<ProcessStreams>> exec_streams(std::string_view id,
                                                       const std::vector<std::string>& command,
                                                       const StreamOptions& options) override;
  Result<std::unique_ptr<ProcessStreams>> attach(std::string_view id,
                                                 const StreamOptions& options) override;
  Result<> logs(std::string_view id, const LogOptions& options,
                const std::function<bool(std::string_view)>& sink, std::stop_token stop) override;
  Result<> watch(const std::function<void(const RuntimeEvent&)>& sink,
                 std::stop_token stop) override;
  Result<Usage> usage(std::string_view id) override;

  /// Takes away everything of ours: pods with their networks, attachments whose sandbox is gone,
  /// the pause image. A container goes even when its network cannot be taken down. All of it is
  /// tried; the first error is told.
  Result<> clear();

  /// Takes the address that host-network sandboxes report. Thread-safe.
  void set_node_ips(std::vector<std::string> ips);

 private:
  // runtime.cc
  Result<std::vector<SeenPod>> seen(const std::vector<Summary>& summaries);
  Result<std::vector<Summary>> summaries(const std::vector<std::string>& labels);
  Result<Details> details(std::string_view id, std::string_view state_now = {});
  void forget(std::string_view id);
  void forget_images();
  std::vector<std::string> addresses_of(const Details& sandbox);
  std::string digest_of(const Details& container);
  Result<> release_orphans(const std::vector<std::string>& recorded,
                           const std::vector<Summary>& present);

  // sandbox.cc
  Result<> ensure_pause_image();
  Result<std::string> create(const std::string& name, const std::string& body);
  Result<> force_remove(std::string_view id);

  // clear.cc
  Result<> clear_pods();
  Result<> clear_networks();
  Result<> clear_pause_images();

  DockerOptions options_;
  Engine engine_;
  CniInvoker cni_;
  std::int64_t oom_floor_;
  std::atomic<bool> pause_ready_ = false, swept_ = false;

  std::mutex mutex_;                                                        ///< guards what follows
  std::map<std::string, Details, std::less<>> details_;                     ///< by id
  std::map<std::string, std::vector<std::string>, std::less<>> addresses_;  ///< by sandbox
  std::map<std::string, ImageInfo, std::less<>> images_;  ///< by reference; while watching
  std::uint64_t image_epoch_ = 0;                         ///< counts what emptied images_
  int watching_ = 0;
  std::vector<std::string> node_ips_;
  std::atomic<std::int64_t> seen_until_;  ///< the newest event, by the engine's clock
};

/// The least oom_score_adj that this process may give to others.
std::int64_t oom_score_floor();

/// An id or name fit for a path of the API.
/// @errors invalid
Result<std::string> checked_id(std::string_view id);

}  // namespace nodal::agent::docker
