// agent/pod/termination.h — what a container says of its own end: the file that is mounted into it,
// or the last lines of its log.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/runtime/runtime.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// At most so much of a container's message is reported: 4096 bytes, and 12 KiB for all containers
/// of a pod together.
/// @source ContainerStateTerminated.message and Container.terminationMessagePath (API reference)
[[nodiscard]] std::size_t longest_termination_message(const core_v1::Pod& pod);

/// Text that a JSON document may hold: a character that was cut at the end is left out, bytes that
/// are no UTF-8 become '?'.
[[nodiscard]] std::string printable(std::string bytes);

/// The message of one run of a container, in a file of its own below the pod's folder. Not
/// thread-safe; one for each pod.
class Terminations {
 public:
  /// @param folder  of the pod, ROOT/pods/UID
  explicit Terminations(std::string folder) : folder_(std::move(folder)) {}

  /// An empty file for that attempt, and where the container sees it; nothing when its
  /// terminationMessagePath is empty. Any user may write to it.
  Result<std::optional<Mount>> prepare(const core_v1::Container& container,
                                       std::uint32_t attempt) const;
  /// By id: the messages of the containers that have ended. Each is read once.
  std::map<std::string, std::string> messages(const core_v1::Pod& pod, const SeenPod& seen,
                                              Runtime& runtime);
  /// The container is being removed: its message goes, too.
  void forget(const SeenContainer& container);

 private:
  [[nodiscard]] std::string file_of(std::string_view container, std::uint32_t attempt) const;
  std::string read(const core_v1::Container& container, const SeenContainer& seen,
                   std::size_t longest, Runtime& runtime) const;

  const std::string folder_;
  std::map<std::string, std::string> known_;  // by id
};

}  // namespace nodal::agent
