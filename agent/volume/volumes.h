// agent/volume/volumes.h — a pod's volumes on this host: made before its containers, refreshed,
// taken away after them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pod/env.h"
#include "agent/runtime/types.h"
#include "agent/volume/projected.h"
#include "api-client/client/client.h"
#include "base/clock.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Everything below ROOT/pods/UID. Thread-safe for different pods.
class Volumes {
 public:
  Volumes(std::string root, std::shared_ptr<client::Client> client, const NodeFactsForPods& node,
          const Clock& clock);

  /// Makes what is not there, refreshes what is projected; all that can be, also behind one that
  /// cannot. Projected volumes that were set up before count as there when they cannot be
  /// refreshed. Idempotent.
  /// @errors invalid: the pod cannot have that volume; not_found, unavailable: try again. Worded
  /// for FailedMount.
  Result<> prepare(const core_v1::Pod& pod, const std::string& pod_ip,
                   const References& references);
  /// The mounts of one container, /etc/hosts and /etc/resolv.conf among them. A subPath is mounted
  /// below the pod's folder first. Privilege: then CAP_SYS_ADMIN.
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
  /// What the pod's downward volumes tell of its labels and annotations: when it changes, refresh
  /// at once. "" when they tell nothing of them.
  [[nodiscard]] static std::string told_downward(const core_v1::Pod& pod);

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
  Result<> set_up(const core_v1::Pod& pod, const core_v1::Volume& volume, const std::string& pod_ip,
                  const References& references);
  /// @param folder  the volume's: a token there that is young enough is kept
  Result<ProjectedFile> token(const core_v1::Pod& pod,
                              const core_v1::ServiceAccountTokenProjection& projection,
                              const std::string& folder);

  const std::string root_;
  const std::shared_ptr<client::Client> client_;
  const NodeFactsForPods& node_;
  const Clock& clock_;
};

}  // namespace nodal::agent
