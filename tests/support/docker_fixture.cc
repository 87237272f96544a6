// tests/support/docker_fixture.cc — start-docker.sh and the docker command behind an object.
#include "tests/support/docker_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace nodal::test {
namespace {

std::string output_of(const std::string& command, int& code) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "re");
  if (!pipe) {
    code = -1;
    return out;
  }
  char buffer[4096];
  for (std::size_t n; (n = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  const int status = ::pclose(pipe);
  code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

std::string DockerFixture::script(const std::string& action, int& code) const {
  return output_of("tests/support/start-docker.sh " + action + " " + folder_ + "/d", code);
}

DockerFixture::DockerFixture() {
  char folder[] = "/tmp/nodal-docker-XXXXXX";
  folder_ = ::mkdtemp(folder);
  if (const char* given = std::getenv("NODAL_TEST_DOCKER")) {
    socket_ = given;
    return;
  }
  if (::geteuid() != 0) {
    absent_ = true;
    return;
  }
  own_ = true;
  int code = 0;
  socket_ = script("start", code);
  absent_ = code == 77;
  if (code != 0) socket_.clear();
}

DockerFixture::~DockerFixture() {
  int code = 0;
  if (own_) script("stop", code);
  output_of("rm -rf " + folder_, code);
}

bool DockerFixture::kill_engine() {
  int code = 0;
  script("kill", code);
  return code == 0;
}

bool DockerFixture::restart_engine() {
  int code = 0;
  script("dockerd", code);
  return code == 0;
}

std::string DockerFixture::docker(const std::string& arguments) const {
  int code = 0;
  return output_of("docker -H unix://" + socket_ + " " + arguments + " 2>&1", code);
}

bool DockerFixture::make_busybox(const std::string& reference) const {
  int code = 0;
  const auto root = folder_ + "/root";
  output_of(
      "mkdir -p " + root + "/bin " + root + "/tmp " + root + "/etc && cp $(command -v busybox) " +
          root +
          "/bin/busybox && for a in $(busybox --list | grep -vx busybox); do ln -sf busybox " +
          root + "/bin/$a; done && echo root:x:0:0::/:/bin/sh >" + root + "/etc/passwd && tar -C " +
          root + " -c . | docker -H unix://" + socket_ + " import - " + reference,
      code);
  return code == 0;
}

}  // namespace nodal::test
