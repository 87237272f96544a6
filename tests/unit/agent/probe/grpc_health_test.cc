// tests/unit/agent/probe/grpc_health_test.cc — gRPC health checks, their bytes and a real server.
#include "agent/probe/grpc_health.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <thread>

#include "agent/probe/grpc_message.h"
#include "base/handle.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string serving = "\0\0\0\0\x02\x08\x01"s;
const std::string not_serving = "\0\0\0\0\x02\x08\x02"s;

TEST(GrpcMessage, TheRequestHasTheServiceOrNothing) {
  EXPECT_EQ(health_request("").value(), "\0\0\0\0\0"s);
  EXPECT_EQ(health_request("db").value(), "\0\0\0\0\x04\x0a\x02"s + "db");
  EXPECT_EQ(health_request(std::string(300, 'x'))->substr(0, 8), "\0\0\0\x01\x2f\x0a\xac\x02"s);
  EXPECT_EQ(health_request(std::string(5000, 'x')).error().code, Errc::invalid);
}

TEST(GrpcMessage, TheStatusIsFoundBetweenOtherFields) {
  EXPECT_EQ(health_status(serving), 1u);
  EXPECT_EQ(health_status("\0\0\0\0\0"s), 0u) << "zero is not written";
  EXPECT_EQ(health_status("\0\0\0\0\x07\x12\x03"s + "abc\x08\x02"), 2u);
  for (const auto& bad :
       {""s, "\0\0\0\0"s, "\x01\0\0\0\x02\x08\x01"s, "\0\0\0\0\x03\x08\x01"s, "\0\0\0\0\x01\x08"s,
        "\0\0\0\0\x02\x12\x05"s, "\0\0\0\0\x01\x0b"s, "\0\0\0\0\x01\x00"s, std::string(5000, '\0')})
    EXPECT_FALSE(health_status(bad));
}

TEST(GrpcMessage, AnswersAreToldAsKubeletTellsThem) {
  const auto said = [](int http, std::optional<std::string> status, std::string message,
                       std::string body) {
    return judge_health({http, std::move(status), std::move(message), std::move(body)}, 2s).output;
  };
  EXPECT_TRUE(judge_health({200, "0", "", serving}, 1s).success);
  EXPECT_EQ(said(200, "0", "", not_serving), "service unhealthy (responded with \"NOT_SERVING\")");
  EXPECT_EQ(said(200, "5", "unknown%20service", ""),
            "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service");
  EXPECT_EQ(said(200, "12", "no", ""),
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): no");
  EXPECT_EQ(said(200, "4", "", ""), "timeout: health rpc did not complete within 2s");
  EXPECT_EQ(said(404, {}, "", ""),
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): unexpected HTTP status code received from server: 404");
  EXPECT_FALSE(judge_health({200, {}, "", serving}, 1s).success) << "no trailer, no success";
}

using Session = Handle<nghttp2_session, nghttp2_session_del>;

/// Serves one connection with one answer, in a thread.
class Server {
 public:
  enum class Manner { answers, accepts_only, silent, rubbish };
  Server(Manner manner, std::string body) : manner_(manner), body_(std::move(body)) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&in), size);
    ::listen(listener_.get(), 1);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&in), &size);
    port = ntohs(in.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Server() { thread_.join(); }  // the client hangs up
  std::uint16_t port = 0;
  std::string path, type, got;

 private:
  void serve() {
    const UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          auto& self = *static_cast<Server*>(user);
          const std::string key(reinterpret_cast<const char*>(name), name_size);
          const std::string text(reinterpret_cast<const char*>(value), value_size);
          if (key == ":path") self.path = text;
          if (key == "content-type") self.type = text;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes,
                      std::size_t size, void* user) {
          static_cast<Server*>(user)->got.append(reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, void* user) {
          auto& self = *static_cast<Server*>(user);
          if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && frame->hd.type == NGHTTP2_DATA &&
              self.manner_ == Manner::answers)
            self.answer(session, frame->hd.stream_id);
          return 0;
        });
    nghttp2_session* raw = nullptr;
    nghttp2_session_server_new(&raw, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const Session session(raw);
    if (manner_ == Manner::answers || manner_ == Manner::silent)
      nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, nullptr, 0);
    if (manner_ == Manner::rubbish) ::send(fd.get(), "HTTP/1.1 400 Bad\r\n\r\n", 20, 0);
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      if (manner_ != Manner::accepts_only && manner_ != Manner::rubbish)
        for (ssize_t n = 0; (n = nghttp2_session_mem_send(raw, &bytes)) > 0;)
          ::send(fd.get(), bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL);
      std::uint8_t buffer[4096];
      const auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return;
      nghttp2_session_mem_recv(raw, buffer, static_cast<std::size_t>(n));
    }
  }
  void answer(nghttp2_session* session, std::int32_t stream) {
    const auto line = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                        name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    const nghttp2_nv lines[] = {line(":status", "200"), line("content-type", "application/grpc")};
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = [](nghttp2_session* s, std::int32_t id, std::uint8_t* to, std::size_t size,
                            std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      auto& self = *static_cast<Server*>(source->ptr);
      const auto n = self.body_.copy(reinterpret_cast<char*>(to), size);
      self.body_.erase(0, n);
      if (!self.body_.empty()) return static_cast<ssize_t>(n);
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      nghttp2_nv trailer{};
      std::uint8_t name[] = "grpc-status", value[] = "0";
      trailer.name = name;
      trailer.namelen = sizeof name - 1;
      trailer.value = value;
      trailer.valuelen = 1;
      nghttp2_submit_trailer(s, id, &trailer, 1);
      return static_cast<ssize_t>(n);
    };
    nghttp2_submit_response(session, stream, lines, 2, &body);
  }

  const Manner manner_;
  std::string body_;
  UniqueFd listener_;
  std::jthread thread_;
};

net::SocketAddress local(std::uint16_t port) { return {net::IpAddress::v4(0x7f000001), port}; }

TEST(GrpcHealth, AsksARealServer) {
  std::string path, type, got;
  {
    Server server(Server::Manner::answers, serving);
    EXPECT_EQ(check_grpc_health(local(server.port), "db", 5s),
              (ProbeOutcome{true, "service healthy"}));
    path = server.path, type = server.type, got = server.got;
  }
  EXPECT_EQ(path, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(type, "application/grpc");
  EXPECT_EQ(got, health_request("db").value());
  Server server(Server::Manner::answers, not_serving);
  EXPECT_EQ(check_grpc_health(local(server.port), "", 5s).output,
            "service unhealthy (responded with \"NOT_SERVING\")");
}

TEST(GrpcHealth, TheAnswerHasALimit) {
  Server server(Server::Manner::answers, std::string(1 << 20, 'x'));
  EXPECT_EQ(check_grpc_health(local(server.port), "", 5s).output,
            "error: health rpc probe failed: the answer is too long for a health check");
}

TEST(GrpcHealth, NobodyNoHttp2AndNoAnswerAreTold) {
  std::uint16_t port = 0;
  {
    Server server(Server::Manner::rubbish, "");
    port = server.port;
    EXPECT_NE(check_grpc_health(local(port), "", 5s).output.find("does not speak HTTP/2"),
              std::string::npos);
  }
  EXPECT_NE(check_grpc_health(local(port), "", 5s).output.find("Connection refused"),
            std::string::npos);
  Server accepts(Server::Manner::accepts_only, "");
  EXPECT_EQ(check_grpc_health(local(accepts.port), "", 1s).output,
            "timeout: failed to connect service \"" + local(accepts.port).text() +
                "\" within 1s: context deadline exceeded");
  Server silent(Server::Manner::silent, "");
  EXPECT_EQ(check_grpc_health(local(silent.port), "", 1s).output,
            "timeout: health rpc did not complete within 1s");
}

}  // namespace
}  // namespace nodal::agent
