// base/http/session.cc — see session.h: reading, parsing and the turns of a connection. What leaves
// it is in session_send.cc.
#include "base/http/session.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/http/encode.h"
#include "base/http/exchange.h"
#include "base/http/request_parser.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::http {
namespace {

constexpr std::size_t kDiscard =
    16u << 20;  // read and dropped after a refusal, so that the client sees it
constexpr std::chrono::seconds kHandshake{15};
constexpr std::chrono::seconds kLinger{3};
constexpr std::chrono::seconds kLook{1};  // for a peer that has gone, while nothing is read

}  // namespace

Session::Session(std::shared_ptr<Worker> worker, std::shared_ptr<Shared> shared, int fd,
                 std::string peer)
    : worker_(std::move(worker)),
      shared_(std::move(shared)),
      descriptor_(worker_->io, fd),
      timer_(worker_->io),
      peer_(std::move(peer)) {
  wire_.fd = fd;
}

Session::~Session() = default;

void Session::start() {
  worker_->connections.insert(shared_from_this());
  if (shared_->stopping) return close();
  if (const tls::Context ctx = shared_->context()) {
    ssl_.reset(SSL_new(ctx.get()));
    BIO* bio = ssl_ ? wire_bio(wire_) : nullptr;
    if (!bio) return close();
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
    deadline_ =
        std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(kHandshake, idle());
  } else {
    deadline_ = std::chrono::steady_clock::now() + idle();
  }
  arm_timer();
  readable();
}

void Session::wind_down() {
  close_after_ = true;
  std::move_only_function<void()> gone;
  {
    const std::lock_guard lock(mutex_);
    if (streaming_) {
      if (chunked_) push(last_chunk());
      streaming_ = false;
      answered_ = true;
      cut_ = true;
      drained_.notify_all();
      gone = std::move(on_gone_);
    }
  }
  if (gone) gone();
  if (tunnel_) return close();
  if (!busy_ && !parser_) return close();
  step();
}

void Session::close() {
  if (dead_) return;
  dead_ = true;
  const auto self = shared_from_this();
  std::move_only_function<void()> gone;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.notify_all();
    out_.clear();
    out_bytes_ = 0;
    drained_.notify_all();
    if (!answered_) gone = std::move(on_gone_);
    on_gone_ = nullptr;
  }
  boost::system::error_code ignored;
  timer_.cancel();
  if (pause_) pause_->cancel();
  (void)descriptor_.close(ignored);
  worker_->connections.erase(self);
  if (gone) gone();
  shared_->open.fetch_sub(1);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->all_closed.notify_all();
  }
  if (shared_->on_slot) shared_->on_slot();
}

void Session::schedule() {
  // Posted under the lock: after close() nothing may enter the queue, it would keep the context
  // alive.
  const std::lock_guard lock(mutex_);
  if (scheduled_ || closed_) return;
  scheduled_ = true;
  asio::post(worker_->io, [self = shared_from_this()] {
    {
      const std::lock_guard lock(self->mutex_);
      self->scheduled_ = false;
    }
    self->step();
  });
}

// One timer per connection, moved only when it fires: setting a deadline costs nothing.
void Session::arm_timer() {
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->dead_) return;
    if (std::chrono::steady_clock::now() >= self->deadline_) {
      if (!self->late()) return;
    }
    self->arm_timer();
  });
}

bool Session::late() {
  if (lingering_ || !unsent_.empty() || !(busy_ || tunnel_)) {
    if (parser_ && parser_->got_some() && !busy_ && !lingering_) {
      refuse(408);
      deadline_ = std::chrono::steady_clock::now() + kLinger;
      return !dead_;
    }
    close();
    return false;
  }
  deadline_ = std::chrono::steady_clock::now() + idle();
  return true;
}

void Session::wait_readable() {
  if (dead_ || waiting_read_ || eof_) return;
  waiting_read_ = true;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->waiting_read_ = false;
                           if (error || self->dead_) return;
                           self->readable();
                         });
}

void Session::wait_writable() {
  if (dead_ || waiting_write_) return;
  waiting_write_ = true;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->waiting_write_ = false;
                           if (error || self->dead_) return;
                           self->step();
                         });
}

// Into the thread's buffer.
Session::Read Session::read_some(std::size_t& size) {
  char* const buffer = worker_->scratch_in.data();
  if (!ssl_) {
    const auto n = ::recv(wire_.fd, buffer, kReadSize, 0);
    if (n > 0) {
      size = static_cast<std::size_t>(n);
      return Read::some;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? Read::none : Read::end;
  }
  worker_->gathered.clear();
  wire_.gathered = &worker_->gathered;
  ERR_clear_error();
  const bool shaking = !SSL_is_init_finished(ssl_.get());
  const int n = SSL_read(ssl_.get(), buffer, static_cast<int>(kReadSize));
  const int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n);
  if (!worker_->gathered.empty()) {  // the handshake, an alert
    unsent_ += worker_->gathered;
    if (!send_unsent()) return Read::end;
  }
  if (shaking && SSL_is_init_finished(ssl_.get())) {
    certificate_ = tls::peer_certificate(ssl_.get());
    has_unverified_certificate_ = tls::has_unverified_peer(ssl_.get());
    deadline_ = std::chrono::steady_clock::now() + idle();
  }
  if (n > 0) {
    size = static_cast<std::size_t>(n);
    return Read::some;
  }
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Read::none : Read::end;
}

void Session::readable() {
  const auto self = shared_from_this();
  for (int round = 0; !dead_; ++round) {
    if (is_paused()) return pause();
    if (round == 16) {  // let other connections have a turn
      asio::post(worker_->io, [self] { self->readable(); });
      return;
    }
    std::size_t size = 0;
    switch (read_some(size)) {
      case Read::none:
        if (!dead_) wait_readable();
        return;
      case Read::end:
        ended();
        return;
      case Read::some:
        break;
    }
    const std::string_view bytes(worker_->scratch_in.data(), size);
    if (lingering_) {
      discarded_ += size;
      if (discarded_ > kDiscard) return close();
    } else if (tunnel_) {
      deliver(bytes);
    } else {
      in_ += bytes;
      if (!busy_) step();
    }
    // A short read has emptied the socket: no need to ask again before the next readiness.
    if (waiting_read_ && size < kReadSize && !(ssl_ && SSL_has_pending(ssl_.get()))) return;
  }
}

// No bytes are taken for now. step() goes on when the answer is out, Tunnel::read() when there is
// room.
bool Session::is_paused() { return (busy_ && in_.size() > kReadAhead) || (tunnel_ && is_full()); }

// While nothing is read, neither an end nor an error of the socket is: they are looked for.
void Session::pause() {
  if (std::exchange(looking_, true)) return;
  if (!pause_) pause_ = std::make_unique<asio::steady_timer>(worker_->io);
  pause_->expires_after(kLook);
  pause_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    self->looking_ = false;
    if (error || self->dead_ || !self->is_paused()) return;
    pollfd socket{self->wire_.fd, POLLRDHUP, 0};
    if (::poll(&socket, 1, 0) > 0) return self->ended();
    self->pause();
  });
}

// The peer sends no more.
void Session::ended() {
  if (dead_) return;
  eof_ = true;
  if (tunnel_ || lingering_ || !busy_) return close();
  std::move_only_function<void()> gone;
  bool stream = false;
  {
    const std::lock_guard lock(mutex_);
    stream = streaming_;
    if (!answered_) gone = std::move(on_gone_);
    gone_ = true;
    drained_.notify_all();
  }
  close_after_ = true;
  if (gone) gone();
  if (stream) close();
}

// Sends, then goes on with the next request, as far as that goes without waiting.
void Session::step() {
  const auto self = shared_from_this();
  while (!dead_) {
    if (!flush()) return;  // waits for the socket, or closed
    if (tunnel_) {
      bool over = false;
      {
        const std::lock_guard lock(mutex_);
        over = tunnel_over_ && out_.empty();
      }
      if (over) return finish();
      wait_readable();
      return;
    }
    if (lingering_) return wait_readable();
    if (busy_) {
      bool done = false;
      {
        const std::lock_guard lock(mutex_);
        done = answered_ && out_.empty();
        if (done) on_gone_ = nullptr;
        if (done && ends_with_stream_) close_after_ = true;
      }
      if (!done) {
        if (in_.size() <= kReadAhead) wait_readable();
        return;
      }
      busy_ = false;
      deadline_ = std::chrono::steady_clock::now() + idle();
      if (close_after_) return finish();
    }
    if (!serve()) return;
  }
}

// Parses; calls the handler when a request is whole. False: waits for bytes, or closed.
bool Session::serve() {
  if (in_.empty()) {
    if (in_.capacity() > kReadSize) std::string().swap(in_);
    if (eof_) {
      close();
      return false;
    }
    wait_readable();
    return false;
  }
  if (!parser_) {
    parser_ = std::make_unique<RequestParser>(shared_->options);
    continued_ = false;
    deadline_ = std::chrono::steady_clock::now() + idle();
  }
  beast::error_code error;
  const std::size_t used = parser_->put(asio::const_buffer(in_.data(), in_.size()), error);
  in_.erase(0, used);
  if (error && error != beast::http::error::need_more) {
    refuse(status_of(error));
    return false;
  }
  if (!parser_->is_done()) {
    if (!parser_->is_header_done() && in_.size() > shared_->options.header_limit) {
      refuse(431);
      return false;
    }
    if (parser_->is_header_done() && !continued_) {
      continued_ = true;
      if (mentions(parser_->request.headers.get("Expect"), "100-continue")) {
        static const Chunk kContinue = chunk_of("HTTP/1.1 100 Continue\r\n\r\n");
        {
          const std::lock_guard lock(mutex_);
          push(kContinue);
        }
        if (!flush()) return false;
      }
    }
    if (used > 0 && !error) return true;
    wait_readable();
    return false;
  }
  const bool http10 = parser_->http10;
  if (!parser_->keep_alive() || shared_->stopping) close_after_ = true;
  Request request = std::move(parser_->request);
  parser_.reset();
  request.peer_address = peer_;
  request.certificate = certificate_;
  request.has_unverified_certificate = has_unverified_certificate_;
  busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    answered_ = streaming_ = chunked_ = cut_ = gone_ = false;
    on_gone_ = nullptr;
  }
  dispatch(std::move(request), http10);
  return true;
}

void Session::dispatch(Request request, bool http10) {
  if (http10 && close_after_ == false && !mentions(request.headers.get("Connection"), "keep-alive"))
    close_after_ = true;
  const bool head = request.method == "HEAD";
  auto exchange = std::make_shared<Exchange>(shared_from_this(), head, http10, !close_after_);
  in_handler_ = true;
  try {
    shared_->handler(std::move(request), std::move(exchange));
  } catch (const std::exception& e) {
    log::error("request handler threw", {{"what", e.what()}});
  }
  in_handler_ = false;
}

// An answer of the server itself to bytes that are no request; then the connection ends, but not
// before the client had time to read why.
void Session::refuse(int status) {
  Response response =
      shared_->options.refusal ? shared_->options.refusal(status) : plain_refusal(status);
  std::size_t size = 0;
  for (const auto& part : response.body) size += part->size();
  std::string head;
  append_status_and_headers(head, status, response.headers);
  head += text::cat("Content-Length: ", size, "\r\nConnection: close\r\n\r\n");
  {
    const std::lock_guard lock(mutex_);
    push(chunk_of(std::move(head)));
    for (auto& part : response.body) push(std::move(part));
  }
  parser_.reset();
  std::string().swap(in_);
  lingering_ = true;
  deadline_ = std::chrono::steady_clock::now() + kLinger;
  timer_.cancel();
  arm_timer();
  if (!flush()) return;
  ::shutdown(wire_.fd, SHUT_WR);
  wait_readable();
}

// All is sent: a polite end.
void Session::finish() {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    worker_->gathered.clear();
    wire_.gathered = &worker_->gathered;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    unsent_ += worker_->gathered;
    if (!send_unsent()) return close();
  }
  ::shutdown(wire_.fd, SHUT_WR);
  close();
}

}  // namespace nodal::http
