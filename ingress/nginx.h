// ingress/nginx.h — Debian's nginx as the engine: checked, started, reloaded, mended.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::ingress {

/// Thread: one owner; `ended` is called on a thread of its own.
class Nginx {
 public:
  /// @param program  "/usr/sbin/nginx"
  /// @param folder   holds nginx.conf, the pid file and temporary files; made by the caller
  /// @param ended    the master process has ended although nobody asked for that
  Nginx(std::string program, std::string folder, std::function<void()> ended);
  /// Stops watching; nginx goes on serving.
  ~Nginx() = default;
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  /// Whether nginx would take that configuration.
  /// @errors invalid with nginx's words
  Result<> check(const std::string& configuration);
  /// Serves by that configuration from now on: the running nginx takes it over without dropping a
  /// connection, and is started when none runs. One that an earlier process has left is adopted.
  Result<> use(const std::string& configuration);
  /// Ends nginx: answers under way get some seconds.
  void stop();

 private:
  [[nodiscard]] std::string config_path() const { return folder_ + "/nginx.conf"; }
  [[nodiscard]] pid_t running() const;
  /// Workers whose master was killed hold the ports: they end with the answers they are at.
  void end_orphans() const;
  Result<> start();
  void watch(pid_t pid);

  const std::string program_, folder_;
  const std::function<void()> ended_;
  pid_t pid_ = 0;
  std::jthread watcher_;
};

}  // namespace nodal::ingress
