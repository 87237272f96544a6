// tests/unit/base/http_client_test.cc — the client against our own server, and against servers that
// misbehave.
#include "base/http/client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/handle.h"
#include "base/http/server.h"
#include "base/text.h"

namespace nodal::http {
namespace {

using namespace std::chrono_literals;

class HttpClient : public testing::Test {
 protected:
  void SetUp() override {
    server_ =
        Server::start({.listen = "127.0.0.1:0"}, [this](Request request, ResponderPtr responder) {
          ++requests_;
          Response response;
          if (request.target == "/slow") {
            held_.push_back(responder);
            return;
          }
          if (request.target == "/stream") {
            responder->begin(response);
            for (int i = 0; i < 3; ++i)
              responder->write(std::make_shared<const std::string>("event\n"));
            held_.push_back(responder);
            return;
          }
          if (request.target == "/hijack") response.headers.add("Upgrade", "tcp");
          if (request.target == "/missing") response.status = 404;
          if (request.target == "/big") response.append(std::string(3 << 20, 'x'));
          response.append(text::cat(request.method, " ", request.target, " ", request.body));
          responder->send(std::move(response));
        }).value();
    address_ = text::cat("http://127.0.0.1:", server_->port());
  }

  std::atomic<int> requests_ = 0;
  std::vector<ResponderPtr> held_;
  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(HttpClient, CarriesAnAnswerOfWhateverStatus) {
  Client client({.address = address_});
  const auto carried = [&](const char* method, const char* target) {
    std::string out;
    const auto done = client.carry(
        {.method = method, .target = target, .body = ""},
        [&](const Response& head) { out += text::cat(head.status, ":"); },
        [&](std::string_view bytes) {
          out += bytes;
          return out.size() < 20 || target != std::string_view("/stream");
        },
        {});
    return done ? out : "error";
  };
  EXPECT_EQ(carried("GET", "/a"), "200:GET /a ");
  EXPECT_EQ(carried("GET", "/missing"), "404:GET /missing ");
  EXPECT_EQ(carried("HEAD", "/a"), "200:");
  EXPECT_EQ(carried("GET", "/stream"), "200:event\nevent\nevent\n");
}

TEST_F(HttpClient, SendsAndReads) {
  Client client({.address = address_});
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.send({.method = "POST", .target = "/a?b=c", .body = "hello"});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->text(), "POST /a?b=c hello");
  }
  EXPECT_EQ(client.send({.target = "/missing"})->status, 404);
  EXPECT_EQ(client.send({.target = "/big"})->text().size(), (3u << 20) + 9u);
}

TEST_F(HttpClient, AStreamArrivesPieceByPieceAndEndsWhenToldTo) {
  Client client({.address = address_});
  std::string seen;
  const auto answer = client.stream({.target = "/stream"},
                                    [&](std::string_view bytes) {
                                      seen += bytes;
                                      return seen.size() < 18;
                                    },
                                    {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(seen, "event\nevent\nevent\n");
}

TEST_F(HttpClient, AStreamMayBeSilentForAsLongAsItIsSaid) {
  Client client({.address = address_, .timeout = 50ms});
  const auto until_stopped = [&](std::optional<std::chrono::milliseconds> idle) {
    std::stop_source stop;
    std::jthread stopper([&](const std::stop_token& over) {
      for (int i = 0; i < 30 && !over.stop_requested(); ++i) std::this_thread::sleep_for(10ms);
      stop.request_stop();
    });
    return client
        .stream(
            {.target = "/stream"}, [](std::string_view) { return true; }, stop.get_token(), idle)
        .error()
        .code;
  };
  EXPECT_EQ(until_stopped(50ms), Errc::timed_out);
  EXPECT_EQ(until_stopped(std::nullopt), Errc::unavailable) << "only the stop ends it";
}

TEST_F(HttpClient, OnlyDockersHijackTakes200ForASwitch) {
  Client client({.address = address_});
  const Request request{.method = "POST", .target = "/hijack", .body = ""};
  const auto plain = client.upgrade(request);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_FALSE(plain->connection);
  EXPECT_EQ(plain->response.text(), "POST /hijack ");
  const auto docker = client.upgrade(request, {}, Switch::docker);
  ASSERT_TRUE(docker) << docker.error().message;
  EXPECT_TRUE(docker->connection);
}

TEST_F(HttpClient, AStopEndsAWait) {
  Client client({.address = address_});
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(30ms);
    stop.request_stop();
  });
  const auto answer = client.stream(
      {.target = "/stream"}, [](std::string_view) { return true; }, stop.get_token());
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(HttpClient, ADeadlineEndsAWait) {
  Client client({.address = address_, .timeout = 50ms});
  const auto answer = client.send({.target = "/slow"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::timed_out);
}

TEST_F(HttpClient, AnAnswerOverTheLimitIsRefused) {
  Client client({.address = address_, .body_limit = 1 << 20});
  const auto answer = client.send({.target = "/big"});
  ASSERT_FALSE(answer);
}

TEST_F(HttpClient, AConnectionTheServerClosedIsReplaced) {
  Client client({.address = address_});
  ASSERT_TRUE(client.send({.target = "/a"}));
  const int port = server_->port();
  server_.reset();
  server_ =
      Server::start({.listen = text::cat("127.0.0.1:", port)}, [](Request, ResponderPtr responder) {
        responder->send({});
      }).value();
  EXPECT_TRUE(client.send({.target = "/a"}));
}

TEST_F(HttpClient, NobodyThereIsUnavailable) {
  const int port = server_->port();
  server_.reset();
  Client client({.address = text::cat("http://127.0.0.1:", port)});
  EXPECT_EQ(client.send({}).error().code, Errc::unavailable);
  Client socket({.address = "unix:/nonexistent.sock"});
  EXPECT_EQ(socket.send({}).error().code, Errc::unavailable);
}

TEST_F(HttpClient, BadAddressesAndHeadersAreRefused) {
  EXPECT_EQ(Client({.address = "ftp://x"}).send({}).error().code, Errc::invalid);
  EXPECT_EQ(Client({.address = "http://:80"}).send({}).error().code, Errc::invalid);
  Client client({.address = address_});
  EXPECT_EQ(client.send({.target = "/a\r\nX: y"}).error().code, Errc::invalid);
}

// A server that answers one connection with fixed bytes, then closes.
std::string fixed_answer(const std::string& bytes) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener.get(), 1);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::thread server([&] {
    const UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
    char buffer[1024];
    [[maybe_unused]] const auto n = ::read(peer.get(), buffer, sizeof buffer);
    [[maybe_unused]] const auto m = ::write(peer.get(), bytes.data(), bytes.size());
  });
  Client client({.address = text::cat("http://127.0.0.1:", ntohs(address.sin_port))});
  const auto answer = client.send({});
  server.join();
  return answer ? text::cat(answer->status, " ", answer->text())
                : std::string(name(answer.error().code));
}

TEST(HttpClientAnswers, AreReadAsTheyShouldBe) {
  EXPECT_EQ(fixed_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "200 hi");
  EXPECT_EQ(
      fixed_answer(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n"),
      "200 hi!");
  EXPECT_EQ(fixed_answer("HTTP/1.1 200 OK\r\n\r\nuntil the end"), "200 until the end");
  EXPECT_EQ(fixed_answer("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
  EXPECT_EQ(fixed_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"), "unavailable");
  EXPECT_EQ(fixed_answer("no HTTP at all\r\n\r\n"), "invalid");
  EXPECT_EQ(fixed_answer(""), "unavailable");
}

}  // namespace
}  // namespace nodal::http
