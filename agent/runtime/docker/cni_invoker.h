// agent/runtime/docker/cni_invoker.h — runs the CNI plugins that the node's configuration names.
#pragma once

#include <chrono>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/docker/cni_config.h"
#include "base/result.h"

namespace nodal::agent::docker {

struct CniOptions {
  std::string config_folder = "/etc/cni/net.d";
  std::vector<std::string> plugin_folders = {"/opt/cni/bin", "/usr/lib/cni"};
  std::string record_folder = "/var/lib/nodal/cni/results";
  std::string address_folder;  ///< of net::PodAddresses; "" none
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

/// Attaches sandboxes to the network and detaches them. A record of each attachment is written
/// before ADD and kept until DEL succeeded, so nothing leaks whatever dies in between. Thread-safe.
/// Privilege: root, in the host's network namespace.
class CniInvoker {
 public:
  explicit CniInvoker(CniOptions options) : options_(std::move(options)) {}

  /// ADD through the chain. On failure the chain is undone by DEL.
  /// @errors unavailable: no configuration; internal: with the plugin's message
  Result<std::vector<std::string>> add(const CniAttachment& attachment);
  /// DEL in reverse, from the record. Without one that can be read, as after a loss of power, with
  /// the present configuration and no namespace: what the plugins have of the container's id, its
  /// address above all, goes, and nothing else is touched.
  /// @param netns  "" when the namespace is gone
  Result<> remove(std::string_view container_id, std::string_view netns);
  /// CHECK. Networks before 0.4.0 and those that say disableCheck pass.
  Result<> check(std::string_view container_id);
  /// Lets the plugins drop what belongs to no attachment that is recorded or lives: ours in every
  /// network, others in those of 1.1.0.
  /// @param live  ids of containers that are there, whatever became of their records
  Result<> collect_garbage(const std::vector<std::string>& live);
  /// Whether pods can be attached now: a network that can be read, its programs there, and STATUS
  /// of its plugins (1.1.0 networks).
  /// @errors unavailable, internal: why not
  Result<> status() const;

  /// The addresses of a recorded attachment.
  /// @errors not_found: no record, or its ADD never ended
  [[nodiscard]] Result<std::vector<std::string>> addresses(std::string_view container_id) const;
  /// Container ids with a record.
  [[nodiscard]] Result<std::vector<std::string>> recorded() const;

  /// The network in use: the first valid file by name.
  [[nodiscard]] Result<CniNetwork> network() const;

 private:
  [[nodiscard]] std::string record_path(std::string_view container_id) const;
  [[nodiscard]] Result<CniRecord> load(std::string_view container_id) const;
  [[nodiscard]] Result<> store(const CniRecord& record) const;
  void tell_addresses(const CniRecord& record) const;
  Result<> detach(const CniNetwork& network, const CniAttachment& attachment,
                  std::string_view result) const;
  [[nodiscard]] Result<std::string> locate(const CniPlugin& plugin) const;
  Result<std::string> run(std::string_view command, const CniPlugin& plugin,
                          const CniAttachment& attachment, const std::string& input) const;

  CniOptions options_;
  std::shared_mutex garbage_;  ///< shared by ADD and DEL; GC alone
};

}  // namespace nodal::agent::docker
