// base/http/tunnel.cc — see tunnel.h.
#include "base/http/tunnel.h"

#include "base/http/encode.h"

namespace nodal::http {
namespace {

constexpr std::size_t kWriteAhead =
    256u << 10;  // waiting bytes before a writer to an upgraded one waits

}  // namespace

Result<std::size_t> Tunnel::read(char* buffer, std::size_t size, std::stop_token stop) {
  std::unique_lock lock(session_->mutex_);
  const bool some = session_->arrived_.wait(
      lock, stop, [this] { return !session_->tunnel_in_.empty() || session_->closed_; });
  if (!some) return fail(Errc::unavailable, "stopped");
  auto& waiting = session_->tunnel_in_;
  const std::size_t n = waiting.copy(buffer, size);
  const bool was_full = waiting.size() > kReadAhead;
  waiting.erase(0, n);
  if (was_full && waiting.size() <= kReadAhead && !session_->closed_)
    asio::post(session_->worker_->io, [s = session_] {
      if (!s->dead_) s->readable();
    });
  return n;
}

Result<> Tunnel::write(std::string_view bytes, std::stop_token stop) {
  {
    std::unique_lock lock(session_->mutex_);
    ++session_->drain_waiters_;
    const bool room = session_->drained_.wait(
        lock, stop, [this] { return session_->closed_ || session_->out_bytes_ < kWriteAhead; });
    --session_->drain_waiters_;
    if (!room) return fail(Errc::unavailable, "stopped");
    if (session_->closed_ || session_->tunnel_over_)
      return fail(Errc::unavailable, "the peer has closed the connection");
    session_->push(chunk_of(std::string(bytes)));
  }
  session_->schedule();
  return {};
}

void Tunnel::shutdown_write() {
  {
    const std::lock_guard lock(session_->mutex_);
    if (session_->tunnel_over_) return;
    session_->tunnel_over_ = true;
  }
  session_->schedule();
}

}  // namespace nodal::http
