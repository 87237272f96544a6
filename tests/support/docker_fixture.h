// tests/support/docker_fixture.h — a Docker Engine for tests: its own, or the one that
// NODAL_TEST_DOCKER names.
#pragma once

#include <string>

namespace nodal::test {

/// Starts tests/support/start-docker.sh in a folder of its own; all is gone with the object.
class DockerFixture {
 public:
  DockerFixture();
  ~DockerFixture();
  DockerFixture(const DockerFixture&) = delete;
  DockerFixture& operator=(const DockerFixture&) = delete;

  /// Docker is not installed, or this is not root: tests are skipped.
  [[nodiscard]] bool absent() const { return absent_; }
  /// "" when it could not be started.
  [[nodiscard]] const std::string& socket() const { return socket_; }
  /// Below which tests may write.
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// Kills and restarts the engine; only of our own.
  [[nodiscard]] bool kill_engine();
  [[nodiscard]] bool restart_engine();
  [[nodiscard]] bool own() const { return own_; }
  /// Output of `docker ARGUMENTS`.
  [[nodiscard]] std::string docker(const std::string& arguments) const;
  /// Imports an image with a static busybox at /bin and links for its applets.
  [[nodiscard]] bool make_busybox(const std::string& reference) const;

 private:
  std::string script(const std::string& action, int& code) const;

  std::string folder_, socket_;
  bool own_ = false, absent_ = false;
};

}  // namespace nodal::test
