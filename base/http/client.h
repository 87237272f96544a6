// base/http/client.h — a blocking HTTP/1.1 client over TCP, TLS or a unix socket, with deadlines
// and stop tokens.
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

struct ClientTls {
  std::string ca_pem;           ///< empty with `insecure` false: the system's CAs
  std::string certificate_pem;  ///< ours, optional
  std::string key_pem;
  std::string server_name;  ///< for SNI and verification; empty: the host of the address
  bool insecure = false;    ///< no verification (kubeconfig's insecure-skip-tls-verify)
};

struct ClientOptions {
  /// "https://127.0.0.1:6443", "http://10.0.0.1:8080", "unix:/var/run/docker.sock".
  std::string address;
  std::optional<ClientTls> tls;  ///< for https; absent: system CAs
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds timeout{60000};  ///< a whole send(): connect, write, answer
  std::size_t body_limit = 256u << 20;       ///< a larger answer is an error
  std::size_t idle_connections = 4;          ///< kept for reuse
};

/// What counts as a yes to a request to switch protocols: 101, and to Docker's hijack a 200 with an
/// Upgrade header.
enum class Switch { standard, docker };

/// What became of a request to switch protocols.
struct Upgraded {
  Response response;                       ///< the yes, or why not
  std::unique_ptr<Connection> connection;  ///< null when the server refused
};

/// Keeps idle connections and reuses them; a request on a reused connection that the server had
/// closed is sent once more on a fresh one. Follows no redirects (SECURITY 22). Thread-safe.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends and reads the whole answer. Any HTTP status is a success here.
  /// @errors unavailable (refused, reset, no route), timed_out, invalid (malformed answer, over the
  /// limit),
  ///         forbidden (the peer's certificate does not verify)
  Result<Response> send(const Request& request, std::stop_token stop = {});

  /// Sends, then calls `sink` with the body as it arrives until it ends, `sink` answers false, or
  /// `stop`. Once the header is there, there is no total timeout; a dead peer is found with TCP
  /// keep-alive. When the status is not 2xx nothing is streamed and the answer is returned whole.
  /// @param idle  the longest silence; nothing: a living peer may be silent for as long as it likes
  Result<Response> stream(const Request& request, const std::function<bool(std::string_view)>& sink,
                          std::stop_token stop,
                          std::optional<std::chrono::milliseconds> idle = std::nullopt);

  /// Like stream(), for an answer of whatever status: `head` gets its status and headers as soon as
  /// they are there, then `sink` the body.
  Result<> carry(const Request& request, const std::function<void(const Response&)>& head,
                 const std::function<bool(std::string_view)>& sink, std::stop_token stop,
                 std::optional<std::chrono::milliseconds> idle = std::nullopt);

  /// Sends a request with an Upgrade header; the raw connection when the server switches.
  Result<Upgraded> upgrade(const Request& request, std::stop_token stop = {},
                           Switch how = Switch::standard);

  /// Uses these keys for new connections (certificate rotation); idle connections are closed, those
  /// in use go on.
  /// @errors invalid for PEM that cannot be read: the old keys stay
  Result<> reload(const ClientTls& tls);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::http
