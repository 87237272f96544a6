// agent/pod/status_writer.h — writes pods' statuses, and remembers what it wrote: the mirror lags
// behind, and others may write over it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api-client/client/client.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Thread-safe; one pod by one thread at a time.
class StatusWriter {
 public:
  explicit StatusWriter(std::shared_ptr<client::Client> client) : client_(std::move(client)) {}

  /// That pod as it is known last: from the mirror, or as the answer to the last write showed it.
  [[nodiscard]] std::shared_ptr<const core_v1::Pod> newest(
      std::shared_ptr<const core_v1::Pod> mirrored) const;
  /// Writes the differences between the two, which there may be none of. A pod that is gone, or
  /// another of that name, is no error.
  Result<> write(const core_v1::Pod& before, const core_v1::Pod& after);
  /// Whether what was written of the pod last stands in it; also when nothing was, or when it was
  /// written over a newer state.
  [[nodiscard]] bool stands(const core_v1::Pod& now) const;
  void forget(const std::string& uid);

 private:
  const std::shared_ptr<client::Client> client_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const core_v1::Pod>> written_;  // by uid; under mutex_
};

}  // namespace nodal::agent
