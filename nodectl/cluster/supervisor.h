// nodectl/cluster/supervisor.h — keeps the parts of a node running on a host without systemd.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/cluster/parts.h"

namespace nodal::nodectl {

/// Starts the parts, starts again what ends (after 0.2 s, doubling to 10 s while it keeps ending
/// early), and tells the cluster about them as mirror pods of kube-system with their true restarts
/// and ages. A supervisor that is killed leaves the parts running; the next one finds them again.
/// Ends parts that the settings name no more.
class Supervisor {
 public:
  Supervisor(Layout layout, Settings settings);

  /// Until `stop`; the parts run on.
  Result<> run(std::stop_token stop);
  /// Ends the parts.
  void end();

 private:
  struct Watched {
    Part part;
    PartState state;
    UniqueFd process;  ///< pidfd
    std::chrono::milliseconds backoff{200};
    std::chrono::steady_clock::time_point due{};  ///< when to start it again
  };
  Result<> start(Watched& part);
  void note_exit(Watched& part);
  void save();
  void end(Watched& part);
  void end_unwanted();

  Layout layout_;
  Settings settings_;
  std::vector<Watched> parts_;
  std::vector<PartState> unwanted_;  // what an earlier one ran and the settings name no more
};

}  // namespace nodal::nodectl
