// base/http/server.h — an HTTP/1.1 server over TCP+TLS or a unix socket. The folder is the only
// includer of Asio, Beast and OpenSSL for connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/http/connection.h"
#include "base/http/message.h"
#include "base/result.h"

namespace nodal::http {

/// Where one request is answered: exactly one of send(), begin()…end(), upgrade(). Thread-safe; may
/// outlive the handler call and be used from any thread. If it dies unanswered the client gets a
/// 500.
class Responder {
 public:
  virtual ~Responder() = default;

  /// The whole answer. Adds Content-Length (and Date); HEAD gets no body.
  virtual void send(Response response) = 0;

  /// Starts a chunked answer; `response.body` is its first bytes.
  virtual void begin(Response response) = 0;
  /// One more piece, flushed at once. False: the client is gone, or reads so slowly that more than
  /// the outgoing limit waits (the connection is then closed: a watcher must re-list rather than
  /// hold memory).
  virtual bool write(Chunk chunk) = 0;
  /// For a producer with a thread of its own: blocks until fewer than `below` bytes wait. False:
  /// the client is gone.
  virtual bool wait_drained(std::size_t below) {
    static_cast<void>(below);
    return true;
  }
  virtual void end() = 0;

  /// 101 with these headers, then raw bytes; destroying the connection sends what waits and closes.
  /// Null when the client is gone.
  virtual std::unique_ptr<Connection> upgrade(Headers headers) = 0;

  /// Called once, on any thread, when the client closes before the answer ends; at once if that has
  /// happened. upgrade() forgets it: set after that, it is called when the upgraded connection
  /// ends, also while nobody reads from it.
  virtual void on_gone(std::move_only_function<void()> call) = 0;
};

using ResponderPtr = std::shared_ptr<Responder>;

/// Runs on an I/O thread: it must not block. Long work goes to a pool and answers later.
using Handler = std::function<void(Request request, ResponderPtr responder)>;

struct ServerTls {
  std::string certificate_pem;  ///< chain, leaf first
  std::string key_pem;
  std::string client_ca_pem;  ///< empty: no client certificates are asked for
  /// Without it a client may show none, and a request tells of one that does not verify.
  bool require_client_certificate = false;
};

struct ServerOptions {
  /// "127.0.0.1:6443", "[::1]:0", "0.0.0.0:10250", or "unix:/run/nodal/x.sock" (created 0600, stale
  /// one replaced).
  std::string listen;
  std::optional<ServerTls> tls;            ///< TLS 1.2 and up
  std::size_t body_limit = 3u << 20;       ///< larger: 413
  std::size_t header_limit = 64u << 10;    ///< larger: 431
  std::size_t outgoing_limit = 64u << 20;  ///< waiting bytes of one streamed answer
  int connection_limit = 4096;             ///< further ones wait in the backlog
  std::chrono::seconds idle_timeout{120};  ///< keep-alive and slow headers (slow-loris)
  int threads = 1;
  /// The answer to bytes that never reach the handler (400, 408, 413, 431). Empty: a line of text.
  std::function<Response(int status)> refusal;
};

/// Serves until destroyed. Thread-safe.
class Server {
 public:
  /// Binds and starts.
  /// @errors unavailable when the address is in use; invalid for an address or PEM that cannot be
  /// read.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  virtual ~Server() = default;

  /// The port bound, for a listen address with port 0; 0 for a unix socket.
  [[nodiscard]] virtual int port() const = 0;
  /// No new connections; ends streams and closes what is idle; waits for answers under way, at most
  /// `grace`.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  /// Uses these keys for new connections (certificate rotation).
  virtual Result<> reload(const ServerTls& tls) = 0;
};

}  // namespace nodal::http
