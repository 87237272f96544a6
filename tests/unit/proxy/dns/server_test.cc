// tests/unit/proxy/dns/server_test.cc — the server over real sockets on loopback.
#include "proxy/dns/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "tests/support/services.h"
#include "tests/support/sockets.h"

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;
using test::ServiceBuilder;

// A socket on loopback; 0: any port.
UniqueFd bound_socket(std::uint16_t port) {
  UniqueFd out(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto address = test::address_of("127.0.0.1", port);
  EXPECT_EQ(::bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return out;
}
std::uint16_t port_of(const UniqueFd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// An upstream server: says `address` for every name that ends with `known`, else that it is none.
class FakeUpstream {
 public:
  explicit FakeUpstream(std::string known) : known_(std::move(known)), socket_(bound_socket(0)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeUpstream() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] net::SocketAddress at() const { return {test::ip("127.0.0.1"), port_of(socket_)}; }
  std::atomic<bool> silent = false;
  std::atomic<int> asked = 0;

 private:
  void serve() {
    while (!stop_) {
      pollfd p{socket_.get(), POLLIN, 0};
      if (::poll(&p, 1, 10) <= 0) continue;
      std::string bytes(4096, '\0');
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      const auto n = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0,
                                reinterpret_cast<sockaddr*>(&peer), &size);
      const auto query =
          parse_query(std::string_view(bytes).substr(0, static_cast<std::size_t>(n)));
      ++asked;
      if (!query || silent) continue;
      Message message;
      if (query->question.name.ends_with(known_))
        message.answers = {{query->question.name, kA, 1, test::ip("192.0.2.1")}};
      else
        message.rcode = Rcode::name_error;
      const auto wire = encode_answer(*query, message, 512);
      ::sendto(socket_.get(), wire.data(), wire.size(), 0, reinterpret_cast<sockaddr*>(&peer),
               size);
    }
  }

  const std::string known_;
  const UniqueFd socket_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Nothing when no answer comes within three seconds.
std::optional<Message> ask(std::uint16_t port, const Name& name) {
  const Question question{name, kA, kClassIn};
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto address = test::address_of("127.0.0.1", port);
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const auto wire = encode_query(9, question);
  ::send(socket.get(), wire.data(), wire.size(), 0);
  pollfd p{socket.get(), POLLIN, 0};
  if (::poll(&p, 1, 3000) <= 0) return std::nullopt;
  std::string bytes(4096, '\0');
  const auto n = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
  if (n < 0) return std::nullopt;
  auto message =
      parse_answer(std::string_view(bytes).substr(0, static_cast<std::size_t>(n)), 9, question);
  return message ? std::optional(std::move(*message)) : std::nullopt;
}

std::shared_ptr<const ServiceSnapshot> web() {
  auto out = test::snapshot({ServiceBuilder("web").cluster_ip("10.96.0.10").port(80)});
  out.set_complete();
  return std::make_shared<const ServiceSnapshot>(std::move(out));
}

ServerOptions on_loopback(std::uint16_t port = 0) {
  ServerOptions out;
  out.listen = {{test::ip("127.0.0.1"), port}};
  return out;
}

TEST(DnsServer, DeniesNothingBeforeItKnowsTheCluster) {
  const FakeUpstream upstream("example.org");
  SnapshotCell<ServiceSnapshot> cell;
  auto options = on_loopback();
  options.upstreams = {upstream.at()};
  const auto server = Server::start(std::move(options), cell);
  EXPECT_EQ(ask(server->port(), "www.example.org")->rcode, Rcode::no_error);
  EXPECT_EQ(ask(server->port(), "web.default.svc.cluster.local")->rcode, Rcode::server_failure);
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    cell.publish(web());
  });
  const auto waited = ask(server->port(), "web.default.svc.cluster.local");
  later.join();
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->answers.size(), 1u) << "a question that can wait for a moment is answered";
  EXPECT_EQ(ask(server->port(), "none.default.svc.cluster.local")->rcode, Rcode::name_error);
}

TEST(DnsServer, APortThatIsTakenIsTriedAgain) {
  auto taken = bound_socket(0);
  const auto port = port_of(taken);
  const SnapshotCell<ServiceSnapshot> cell(web());
  const auto server = Server::start(on_loopback(port), cell);
  EXPECT_NE(server->complaint().find("Address already in use"), std::string::npos)
      << server->complaint();
  taken.reset();
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (!server->complaint().empty() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server->complaint(), "");
  EXPECT_EQ(ask(port, "web.default.svc.cluster.local")->answers.size(), 1u);
}

TEST(DnsServer, CompletesTheFirstSearchStepInTheAskersNamespaceOnly) {
  const FakeUpstream upstream("example.org");
  const SnapshotCell<ServiceSnapshot> cell(web());
  auto options = on_loopback();
  options.upstreams = {upstream.at()};
  options.namespace_of = [](const net::IpAddress&) { return "com"; };
  const auto server = Server::start(std::move(options), cell);
  const auto rcode = [&](const Name& name) { return ask(server->port(), name)->rcode; };
  EXPECT_EQ(rcode("www.example.org.com.svc.cluster.local"), Rcode::no_error);
  EXPECT_EQ(rcode("www.example.org.internal.svc.cluster.local"), Rcode::name_error);
  // The pod looks for api.example.org.com, which does not exist.
  EXPECT_EQ(rcode("api.example.org.com.com.svc.cluster.local"), Rcode::name_error);
  EXPECT_EQ(rcode("api.example.org.com.svc.cluster.local"), Rcode::name_error)
      << "its second step, not the first one of api.example.org";
  EXPECT_EQ(server->figures().completed, 1u);
}

TEST(DnsServer, WhatIsStaleHasToDoWhenUpstreamIsAway) {
  FakeUpstream upstream("example.org");
  const SnapshotCell<ServiceSnapshot> cell(web());
  auto options = on_loopback();
  options.upstreams = {upstream.at()};
  options.patience = 50ms;
  const auto server = Server::start(std::move(options), cell);
  ASSERT_EQ(ask(server->port(), "www.example.org")->answers.size(), 1u);
  upstream.silent = true;
  std::this_thread::sleep_for(1050ms);  // its time to live
  const auto begin = std::chrono::steady_clock::now();
  const auto stale = ask(server->port(), "www.example.org");
  ASSERT_TRUE(stale);
  EXPECT_EQ(stale->answers.size(), 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s) << "before upstream's time was over";
  EXPECT_EQ(ask(server->port(), "www.example.org")->answers.size(), 1u);
  EXPECT_EQ(server->figures().stale_answers, 2u);
  EXPECT_EQ(server->figures().forwarded, 2u) << "the question goes on once, for all who ask";
}

TEST(DnsServer, AnotherVersionOfEdnsIsRefused) {
  const SnapshotCell<ServiceSnapshot> cell(web());
  const auto server = Server::start(on_loopback(), cell);
  auto wire = encode_query(9, {"web.default.svc.cluster.local", kA, kClassIn});
  wire[wire.size() - 5] = 1;
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto address = test::address_of("127.0.0.1", server->port());
  ::sendto(socket.get(), wire.data(), wire.size(), 0, reinterpret_cast<const sockaddr*>(&address),
           sizeof address);
  pollfd p{socket.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&p, 1, 3000), 1);
  std::string bytes(512, '\0');
  bytes.resize(static_cast<std::size_t>(::recv(socket.get(), bytes.data(), bytes.size(), 0)));
  EXPECT_EQ(bytes[bytes.size() - 6], 1) << "the upper bits of BADVERS";
  EXPECT_EQ(bytes[7], 0) << "no answer with it";
}

}  // namespace
}  // namespace nodal::proxy::dns
