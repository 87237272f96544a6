// tests/unit/nodectl/host_test.cc — ports that somebody has, and daemons that are ended.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "nodectl/cluster/ports.h"
#include "nodectl/cluster/process.h"

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

net::SocketAddress at(const char* text) { return net::SocketAddress::parse(text).value(); }

TEST(Ports, TheSocketInTheWayIsFound) {
  const char* tcp =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
      "   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "41 1\n"
      "   1: 00000000:280A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "42 1\n"
      "   2: 0100007F:20FB 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 "
      "43 1\n";
  EXPECT_EQ(inode_in_the_way(tcp, at("0.0.0.0:6443"), false), 41u) << "all addresses: also lo's";
  EXPECT_EQ(inode_in_the_way(tcp, at("127.0.0.1:6443"), false), 41u);
  EXPECT_EQ(inode_in_the_way(tcp, at("192.0.2.1:6443"), false), std::nullopt);
  EXPECT_EQ(inode_in_the_way(tcp, at("192.0.2.1:10250"), false), 42u) << "one on all addresses";
  EXPECT_EQ(inode_in_the_way(tcp, at("127.0.0.1:8443"), false), std::nullopt) << "no listener";
  const char* udp =
      "   0: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
      "44 2\n";
  EXPECT_EQ(inode_in_the_way(udp, at("10.96.0.10:53"), true), 44u);
}

TEST(Ports, WhoHasAPortIsSaid) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Port taken{
      "master", {net::IpAddress::v4(0x7f000001), ntohs(address.sin_port)}, false, false, "end it"};
  EXPECT_EQ(obstacle(taken), text::cat(text::trim(file::read("/proc/self/comm").value()), " (pid ",
                                       ::getpid(), ") has it; end it"));
  auto free = taken;
  free.udp = true;
  EXPECT_EQ(obstacle(free), "");
  auto elsewhere = taken;
  elsewhere.at = at("192.0.2.250:6443");
  EXPECT_EQ(obstacle(elsewhere), "no interface of this host has that address");
  elsewhere.added = true;
  EXPECT_EQ(obstacle(elsewhere), "") << "the proxy adds the address itself";
}

TEST(Process, OneThatDoesNotListenIsKilled) {
  const auto end = [](const char* script) {
    const auto pid = start_daemon({"/bin/sh", "-c", script}, "/dev/null").value();
    const auto process = open_process(pid);
    EXPECT_TRUE(start_ticks(pid));
    std::this_thread::sleep_for(100ms);  // for the trap
    const auto killed = end_process(process, 300ms);
    EXPECT_FALSE(start_ticks(pid)) << "it has ended when the call returns";
    ::waitpid(pid, nullptr, 0);
    EXPECT_FALSE(open_process(pid));
    return killed.value();
  };
  EXPECT_FALSE(end("exec sleep 60"));
  EXPECT_TRUE(end("trap '' TERM; while true; do sleep 1; done"));
}

}  // namespace
}  // namespace nodal::nodectl
