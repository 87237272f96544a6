// base/http/session.h — one connection of a server: reads, parses, hands requests to the handler,
// sends what the answers queue. Lives on the I/O thread that it is pinned to.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/http/message.h"
#include "base/http/server.h"
#include "base/http/tls.h"
#include "base/http/wire.h"

namespace nodal::http {

namespace asio = boost::asio;

inline constexpr std::size_t kReadSize = 32u << 10;
inline constexpr std::size_t kRecord = 16u << 10;  // the largest TLS record
/// Kept of a pipelining client while an answer is under way, and of an upgraded one.
inline constexpr std::size_t kReadAhead = 64u << 10;

class RequestParser;
class Session;

/// One I/O thread with the connections pinned to it: no lock is shared on the way of a request.
struct Worker {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  std::unordered_set<std::shared_ptr<Session>> connections;  // only touched on the thread
  std::atomic<std::thread::id> id;
  std::string scratch_in = std::string(kReadSize, '\0');
  std::string scratch_plain = std::string(kRecord, '\0');
  std::string gathered;
};

/// What all connections of one server share.
struct Shared {
  ServerOptions options;
  Handler handler;
  std::mutex mutex;  // ctx
  tls::Context ctx;
  std::atomic<int> open = 0;
  std::atomic<bool> stopping = false;
  std::function<void()> on_slot;  // a connection ended: accept again
  std::condition_variable all_closed;

  tls::Context context() {
    const std::lock_guard lock(mutex);
    return ctx;
  }
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Worker> worker, std::shared_ptr<Shared> shared, int fd, std::string peer);
  ~Session();

  // --- I/O thread ---

  void start();
  /// The server ends: idle connections close, streams end, the rest closes after its answer.
  void wind_down();
  void close();

  // --- any thread ---

  [[nodiscard]] bool on_thread() const {
    return worker_->id.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  /// Asks the I/O thread to send what is queued.
  void schedule();
  void flush_soon() {
    if (on_thread() && in_handler_) return;  // serve() sends after the handler
    schedule();
  }

  /// Under mutex_.
  void push(Chunk chunk) {
    if (chunk->empty()) return;
    out_bytes_ += chunk->size();
    out_.push_back(std::move(chunk));
  }

 private:
  friend class Exchange;
  friend class Tunnel;

  [[nodiscard]] std::chrono::nanoseconds idle() const { return shared_->options.idle_timeout; }

  void arm_timer();
  // The socket takes no more, or took some: from now on it has to make progress.
  void extend() { deadline_ = std::max(deadline_, std::chrono::steady_clock::now() + idle()); }
  /// The deadline has passed. True: go on.
  bool late();
  void wait_readable();
  void wait_writable();

  enum class Read { some, none, end };
  Read read_some(std::size_t& size);
  void readable();
  [[nodiscard]] bool is_paused();
  void pause();
  void ended();
  void deliver(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    tunnel_in_ += bytes;
    arrived_.notify_all();
  }
  // Nobody takes the bytes yet.
  bool is_full() {
    const std::lock_guard lock(mutex_);
    return tunnel_in_.size() > kReadAhead;
  }
  void step();
  bool serve();
  void dispatch(Request request, bool http10);
  void refuse(int status);
  void finish();

  // session_send.cc
  bool send_unsent();
  bool flush();
  bool send_plain(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size);
  bool send_encrypted(const std::vector<Chunk>& batch, std::size_t skip, std::size_t size);

  const std::shared_ptr<Worker> worker_;  // first: the context outlives what lives in it
  const std::shared_ptr<Shared> shared_;
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer timer_;
  std::unique_ptr<asio::steady_timer> pause_;  // while nothing is read
  const std::string peer_;
  Wire wire_;
  tls::Ssl ssl_;
  std::optional<PeerCertificate> certificate_;
  bool has_unverified_certificate_ = false;

  // Owned by the I/O thread.
  std::chrono::steady_clock::time_point deadline_;
  std::string in_;
  std::string unsent_;  // encrypted or plain, refused by the socket so far
  std::unique_ptr<RequestParser> parser_;
  std::size_t discarded_ = 0;
  bool continued_ = false;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
  bool looking_ = false;  // pause_ is set
  bool busy_ = false;     // a request is with its handler, or its answer is not out yet
  bool in_handler_ = false;
  bool eof_ = false;
  bool close_after_ = false;
  bool lingering_ = false;
  bool dead_ = false;
  bool tunnel_ = false;

  // Shared with the threads that answer.
  std::mutex mutex_;
  std::deque<Chunk> out_;
  std::size_t out_offset_ = 0;  // of the first chunk
  std::size_t out_bytes_ = 0;
  std::condition_variable_any drained_;
  int drain_waiters_ = 0;
  std::move_only_function<void()> on_gone_;
  std::string tunnel_in_;  // bytes after the upgrade that nobody has read yet
  std::condition_variable_any arrived_;
  bool scheduled_ = false;
  bool answered_ = false;
  bool streaming_ = false;
  bool chunked_ = false;
  bool ends_with_stream_ =
      false;           // an HTTP/1.0 client learns the end of a stream from the connection's
  bool cut_ = false;   // the server ended the stream
  bool gone_ = false;  // the peer has closed its side
  bool closed_ = false;
  bool tunnel_over_ = false;
};

}  // namespace nodal::http
