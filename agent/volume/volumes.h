// agent/volume/volumes.h — a pod's volumes on this host: made before its containers, refreshed,
// taken away after them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pod/env.h"
#include "agent/runtime/types.h"
#include "api-client/client/client.h"
#include "base/clock.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// One file of a projected volume.
struct ProjectedFile {
  std::string path;  ///< below the volume, clean
  std::string bytes;
  std::int32_t mode = 0644;
  bool operator==(const ProjectedFile&) const = default;
};

/// Takes files to a folder so that a reader sees all of the old ones or all of the new: a fresh
/// folder, then one rename of the link "..data". Nothing is written when they are the same already.
/// @param group  the pod's fsGroup: it owns the files and may read them whatever their mode says
Result<> write_atomically(const std::string& folder, const std::vector<ProjectedFile>& files,
                          std::optional<std::int64_t> group = {});

/// Refuses absolute paths, "..", and empty parts. @errors invalid
Result<> check_relative(std::string_view path);

/// Everything below ROOT/pods/UID. Thread-safe for different pods.
class Volumes {
 public:
  Volumes(std::string root, std::shared_ptr<client::Client> client, const NodeFactsForPods& node,
          const Clock& clock);

  /// Makes what is not there, refreshes what is projected. Idempotent.
  /// @errors invalid: the pod cannot have that volume; not_found, unavailable: try again. Worded
  /// for FailedMount.
  Result<> prepare(const core_v1::Pod& pod, const std::string& pod_ip,
                   const References& references);
  /// The mounts of one container, /etc/hosts and /etc/resolv.conf among them.
  Result<std::vector<Mount>> mounts(const core_v1::Pod& pod, const core_v1::Container& container,
                                    const Environment& environment) const;
  /// /etc/hosts and /etc/resolv.conf of the pod.
  Result<> write_network_files(const core_v1::Pod& pod, const std::string& hosts,
                               const std::string& resolv) const;
  /// Unmounts and removes everything of the pod.
  Result<> remove(const std::string& uid);
  /// uids that have a folder here.
  [[nodiscard]] std::vector<std::string> present() const;
  /// True when some volume follows objects that may change.
  [[nodiscard]] static bool needs_refresh(const core_v1::Pod& pod);

  /// Where the node's owner puts seccomp profiles.
  [[nodiscard]] std::string profile_folder() const { return root_ + "/seccomp"; }
  /// What is kept of a pod.
  [[nodiscard]] std::string pod_folder(const std::string& uid) const {
    return root_ + "/pods/" + uid;
  }

 private:
  [[nodiscard]] std::string volume_folder(const core_v1::Pod& pod,
                                          const core_v1::Volume& volume) const;
  Result<std::vector<ProjectedFile>> files_of(const core_v1::Pod& pod,
                                              const core_v1::Volume& volume,
                                              const std::string& pod_ip,
                                              const References& references);
  Result<std::string> token(const core_v1::Pod& pod,
                            const core_v1::ServiceAccountTokenProjection& projection,
                            const std::string& file);

  const std::string root_;
  const std::shared_ptr<client::Client> client_;
  const NodeFactsForPods& node_;
  const Clock& clock_;
};

}  // namespace nodal::agent
