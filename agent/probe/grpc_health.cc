// agent/probe/grpc_health.cc — see grpc_health.h. libnghttp2 speaks HTTP/2; the bytes go over our
// own socket, whose deadline is the probe's.
#include "agent/probe/grpc_health.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "agent/probe/dial.h"
#include "agent/probe/grpc_message.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kMostBytes = 256u << 10;
constexpr std::size_t kMostHeader = 4096;

using Session = Handle<nghttp2_session, nghttp2_session_del>;
using Callbacks = Handle<nghttp2_session_callbacks, nghttp2_session_callbacks_del>;

struct Call {
  std::string request;
  std::size_t sent = 0;  // of the request
  std::int32_t stream = 0;
  bool connected = false;  // the server's SETTINGS are here
  bool ended = false, reset = false, too_long = false;
  GrpcAnswer answer;
};

ssize_t read_request(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t size,
                     std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& call = *static_cast<Call*>(source->ptr);
  const auto n = call.request.copy(reinterpret_cast<char*>(to), size, call.sent);
  call.sent += n;
  if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(n);
}

int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user) {
  auto& call = *static_cast<Call*>(user);
  if (frame->hd.stream_id != call.stream || value_size > kMostHeader) return 0;
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  const std::string_view text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":status") call.answer.http_status = text::number<int>(text).value_or(0);
  if (key == "grpc-status") call.answer.status = text;
  if (key == "grpc-message") call.answer.message = text;
  return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
            std::size_t size, void* user) {
  auto& call = *static_cast<Call*>(user);
  if (stream != call.stream) return 0;
  if (call.answer.body.size() + size > kMostGrpcAnswer)
    call.too_long = true;
  else
    call.answer.body.append(reinterpret_cast<const char*>(bytes), size);
  return 0;
}

int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
    static_cast<Call*>(user)->connected = true;
  return 0;
}

int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
  auto& call = *static_cast<Call*>(user);
  if (stream != call.stream) return 0;
  call.ended = true;
  call.reset = error != NGHTTP2_NO_ERROR;
  return 0;
}

Session open_session(Call& call) {
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&raw_callbacks) != 0) return nullptr;
  const Callbacks callbacks(raw_callbacks);
  nghttp2_session_callbacks_set_on_header_callback(raw_callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw_callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(raw_callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(raw_callbacks, on_close);
  nghttp2_session* raw = nullptr;
  if (nghttp2_session_client_new(&raw, raw_callbacks, &call) != 0) return nullptr;
  return Session(raw);
}

bool submit(nghttp2_session& session, Call& call, const std::string& authority,
            std::chrono::seconds timeout) {
  constexpr std::array<nghttp2_settings_entry, 2> kSettings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16u << 10}}};
  if (nghttp2_submit_settings(&session, NGHTTP2_FLAG_NONE, kSettings.data(), kSettings.size()) != 0)
    return false;
  const auto limit = text::cat(timeout.count(), "S");
  const auto agent = text::cat("kube-probe/nodal-", NODAL_VERSION);
  const auto line = [](std::string_view name, std::string_view value) {
    // The library copies both; its interface is only not const.
    return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE};
  };
  const std::array lines = {line(":method", "POST"),
                            line(":scheme", "http"),
                            line(":path", "/grpc.health.v1.Health/Check"),
                            line(":authority", authority),
                            line("content-type", "application/grpc"),
                            line("te", "trailers"),
                            line("user-agent", agent),
                            line("grpc-timeout", limit)};
  nghttp2_data_provider body{};
  body.source.ptr = &call;
  body.read_callback = read_request;
  call.stream =
      nghttp2_submit_request(&session, nullptr, lines.data(), lines.size(), &body, nullptr);
  return call.stream > 0;
}

// Writes all that the session has to say.
bool flush(nghttp2_session& session, int fd, Deadline deadline) {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    auto left = nghttp2_session_mem_send(&session, &bytes);
    if (left <= 0) return left == 0;
    while (left > 0) {
      const auto n = ::send(fd, bytes, static_cast<std::size_t>(left), MSG_NOSIGNAL);
      if (n > 0) {
        bytes += n;
        left -= n;
      } else if (errno == EAGAIN) {
        if (!wait_for(fd, POLLOUT, deadline)) return false;
      } else if (errno != EINTR) {
        return false;
      }
    }
  }
}

enum class End { answered, late, broken };

End exchange(nghttp2_session& session, const Call& call, int fd, Deadline deadline) {
  std::array<std::uint8_t, 16u << 10> buffer;
  std::size_t total = 0;
  while (!call.ended) {
    if (!flush(session, fd, deadline))
      return std::chrono::steady_clock::now() < deadline ? End::broken : End::late;
    // After what is no HTTP/2 the session has said so and listens no more.
    if (nghttp2_session_want_read(&session) == 0) return End::broken;
    if (!wait_for(fd, POLLIN, deadline)) return End::late;
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0 || (total += static_cast<std::size_t>(n)) > kMostBytes) return End::broken;
    if (nghttp2_session_mem_recv(&session, buffer.data(), static_cast<std::size_t>(n)) != n ||
        call.too_long)
      return End::broken;
  }
  return call.reset ? End::broken : End::answered;
}

}  // namespace

ProbeOutcome check_grpc_health(const net::SocketAddress& at, std::string_view service,
                               std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto authority = at.text();
  const auto unconnected = [&](std::string_view why) {
    return ProbeOutcome{
        false, text::cat("error: failed to connect service at \"", authority, "\": ", why)};
  };
  const auto failed = [](std::string_view why) {
    return ProbeOutcome{false, text::cat("error: health rpc probe failed: ", why)};
  };
  const ProbeOutcome unreached{
      false, text::cat("timeout: failed to connect service \"", authority, "\" within ",
                       timeout.count(), "s: context deadline exceeded")};
  auto request = health_request(service);
  if (!request) return failed(request.error().message);
  const auto fd = dial(at, deadline);
  if (!fd) return fd.error() == ETIMEDOUT ? unreached : unconnected(std::strerror(fd.error()));
  Call call;
  call.request = std::move(*request);
  const auto session = open_session(call);
  if (!session || !submit(*session, call, authority, timeout)) return failed("out of memory");
  switch (exchange(*session, call, fd->get(), deadline)) {
    case End::answered:
      return judge_health(call.answer, timeout);
    case End::late:
      if (!call.connected) return unreached;
      return {false,
              text::cat("timeout: health rpc did not complete within ", timeout.count(), "s")};
    case End::broken:
      break;
  }
  if (!call.connected) return unconnected("the server does not speak HTTP/2 without TLS there");
  if (call.too_long) return failed("the answer is too long for a health check");
  return failed("the connection ended before the answer");
}

}  // namespace nodal::agent
