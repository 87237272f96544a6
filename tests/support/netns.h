// tests/support/netns.h — a private network for tests that touch the kernel: namespaces as hosts,
// gone with the process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/handle.h"

namespace nodal::test {

/// Runs a shell command; its exit code.
inline int sh(const std::string& command) { return std::system(command.c_str()); }

/// Moves this process into a network namespace of its own with lo up. False where that is not
/// allowed.
inline bool enter_private_netns() {
  return ::unshare(CLONE_NEWNET) == 0 && sh("ip link set lo up") == 0;
}

/// A second host: a network namespace joined to ours by a veth pair. Named, so that `ip netns`
/// commands reach it.
class Host {
 public:
  /// @param address  the host's; `gateway` is put on our end, both with /24
  Host(std::string name, std::string address, std::string gateway)
      : name_(std::move(name) + "-" + std::to_string(::getpid())), address_(std::move(address)) {
    static int count = 0;
    const std::string link =
        "v" + std::to_string(::getpid() % 1000000) + "-" + std::to_string(count++);
    sh("ip netns add " + name_);
    sh("ip link add " + link + " type veth peer name eth0 netns " + name_);
    sh("ip addr add " + gateway + "/24 dev " + link + " && ip link set " + link + " up");
    sh("ip -n " + name_ + " link set lo up && ip -n " + name_ + " addr add " + address_ +
       "/24 dev eth0 && ip -n " + name_ + " link set eth0 up && ip -n " + name_ +
       " route add default via " + gateway);
    link_ = link;
  }
  ~Host() {
    sh("ip link del " + link_ + " 2>/dev/null");
    sh("ip netns del " + name_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& link() const { return link_; }
  [[nodiscard]] std::string path() const { return "/run/netns/" + name_; }
  int run(const std::string& command) const { return sh("ip netns exec " + name_ + " " + command); }

 private:
  std::string name_, address_, link_;
};

/// Runs `body` on a thread whose network namespace is that of `path`.
template <class Body>
auto inside(const std::string& path, Body body) {
  const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ::setns(there.get(), CLONE_NEWNET);
  auto result = body();
  ::setns(home.get(), CLONE_NEWNET);
  return result;
}

}  // namespace nodal::test
