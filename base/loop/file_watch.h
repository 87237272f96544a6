// base/loop/file_watch.h — tells when a file is written or replaced: keys and settings that others
// renew.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace nodal {

/// Watches the folders of some files with inotify; no polling. Files that are written together (a
/// certificate and its key) are told of once: half a second after the last of them. A folder whose
/// link "..data" is turned (a mounted Secret) counts as written. Thread: one of its own, ended by
/// the destructor.
class FileWatch {
 public:
  /// @param paths    need not exist; their folders must
  /// @param changed  called on the watch's thread
  /// @errors of inotify(7), with the path
  static Result<std::unique_ptr<FileWatch>> start(const std::vector<std::string>& paths,
                                                  std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  FileWatch(UniqueFd notify, std::set<std::string> names, std::function<void()> changed);
  void listen(const std::stop_token& stop);
  bool read_events();

  UniqueFd notify_;
  std::set<std::string> names_;  // without their folders
  std::function<void()> changed_;
  std::jthread thread_;
};

}  // namespace nodal
