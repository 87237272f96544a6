// base/http/client.cc — see client.h. Beast's parser over our own sockets: poll gives deadlines and
// stops to plain and TLS connections alike.
#include "base/http/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <cerrno>
#include <mutex>
#include <vector>

#include "base/handle.h"
#include "base/loop/stop.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

constexpr std::size_t kHeaderLimit = 64u << 10;
constexpr std::size_t kReadSize = 16u << 10;

using SslContext = std::shared_ptr<SSL_CTX>;
using Ssl = Handle<SSL, SSL_free>;
using SslSession = Handle<SSL_SESSION, SSL_SESSION_free>;
using Bio = Handle<BIO, BIO_free_all>;
using Certificate = Handle<X509, X509_free>;
using PrivateKey = Handle<EVP_PKEY, EVP_PKEY_free>;

/// "https://host:port/", "http://…", "unix:/path", taken apart.
struct Target {
  bool tls = false;
  std::string unix_path;
  std::string host;  // without brackets
  std::string port;
  std::string host_header;
};

Result<Target> parse_address(std::string_view address) {
  Target out;
  if (address.starts_with("unix:")) {
    address.remove_prefix(5);
    while (address.starts_with("//")) address.remove_prefix(1);
    out.unix_path = address;
    out.host_header = "localhost";
    if (out.unix_path.empty() || out.unix_path.size() >= sizeof(sockaddr_un::sun_path))
      return fail(Errc::invalid, text::cat("not a unix socket's path: ", address));
    return out;
  }
  if (address.starts_with("https://")) {
    out.tls = true;
    address.remove_prefix(8);
  } else if (address.starts_with("http://")) {
    address.remove_prefix(7);
  } else {
    return fail(Errc::invalid,
                text::cat("an address begins with https://, http:// or unix: — not ", address));
  }
  address = address.substr(0, address.find('/'));
  out.host_header = address;
  const auto bracket = address.rfind(']');
  const auto colon = address.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    out.port = address.substr(colon + 1);
    address = address.substr(0, colon);
  } else {
    out.port = out.tls ? "443" : "80";
  }
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  out.host = address;
  const auto port = text::number<std::uint16_t>(out.port);
  if (out.host.empty() || !port || *port == 0)
    return fail(Errc::invalid, text::cat("not a host and port: ", out.host_header));
  return out;
}

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "TLS failed";
  char buffer[256];
  ERR_error_string_n(code, buffer, sizeof buffer);
  return buffer;
}

/// Waits for the socket. @errors timed_out; unavailable when stopped
Result<> wait(int fd, short events, Deadline deadline, int stop_fd) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
      if (left <= 0) return fail(Errc::timed_out, "no answer in time");
      timeout = static_cast<int>(std::min<std::int64_t>(left, 1 << 30));
    }
    pollfd fds[] = {{fd, events, 0}, {stop_fd, POLLIN, 0}};
    const int n = ::poll(fds, 2, timeout);
    if (n < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (fds[1].revents != 0) return fail(Errc::unavailable, "stopped");
    if (fds[0].revents != 0) return {};
  }
}

Result<UniqueFd> connect_to(const sockaddr* address, socklen_t size, Deadline deadline,
                            int stop_fd) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (address->sa_family != AF_UNIX) {
    const int one = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    const int idle = 30;
    const int interval = 10;
    const int count = 3;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  }
  if (::connect(fd.get(), address, size) == 0) return fd;
  if (errno != EINPROGRESS) return fail_errno(errno, "connect");
  NODAL_TRY(wait(fd.get(), POLLOUT, deadline, stop_fd));
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail_errno(error, "connect");
  return fd;
}

/// One connection: a socket, and TLS on it when asked for.
class Link {
 public:
  Link(UniqueFd fd, Ssl ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  Result<> handshake(Deadline deadline, int stop_fd) {
    for (;;) {
      ERR_clear_error();
      const int n = SSL_connect(ssl_.get());
      if (n == 1) return {};
      const int why = SSL_get_error(ssl_.get(), n);
      if (why == SSL_ERROR_WANT_READ) {
        NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
      } else if (why == SSL_ERROR_WANT_WRITE) {
        NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
      } else {
        const long verified = SSL_get_verify_result(ssl_.get());
        if (verified != X509_V_OK)
          return fail(Errc::forbidden, text::cat("the server's certificate does not verify: ",
                                                 X509_verify_cert_error_string(verified)));
        return fail(Errc::unavailable, text::cat("TLS handshake: ", openssl_error()));
      }
    }
  }

  /// 0 at the end of the stream.
  Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline, int stop_fd) {
    for (;;) {
      if (ssl_) {
        const auto [n, why] =
            tls([&] { return SSL_read(ssl_.get(), buffer, static_cast<int>(size)); });
        if (n > 0) return static_cast<std::size_t>(n);
        if (why == SSL_ERROR_ZERO_RETURN) return 0;
        if (why == SSL_ERROR_WANT_READ) {
          NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
        } else if (why == SSL_ERROR_WANT_WRITE) {
          NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
        } else if (why == SSL_ERROR_SYSCALL && errno == 0) {
          return 0;
        } else {
          return fail(Errc::unavailable, text::cat("read: ", openssl_error()));
        }
        continue;
      }
      const ssize_t n = ::recv(fd_.get(), buffer, size, 0);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail_errno(errno, "read");
      NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
    }
  }

  Result<> write(std::string_view bytes, Deadline deadline, int stop_fd) {
    while (!bytes.empty()) {
      if (ssl_) {
        const auto [n, why] = tls([&] {
          return SSL_write(ssl_.get(), bytes.data(),
                           static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 30)));
        });
        if (n > 0) {
          bytes.remove_prefix(static_cast<std::size_t>(n));
          continue;
        }
        if (why == SSL_ERROR_WANT_WRITE) {
          NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
        } else if (why == SSL_ERROR_WANT_READ) {
          NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
        } else {
          return fail(Errc::unavailable, text::cat("write: ", openssl_error()));
        }
        continue;
      }
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail_errno(errno, "write");
      NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
    }
    return {};
  }

  /// True when the server has closed or sent something unasked: not to be used again.
  [[nodiscard]] bool is_stale() const {
    pollfd p{fd_.get(), POLLIN, 0};
    return ::poll(&p, 1, 0) != 0;
  }

  void shutdown_write() {
    if (ssl_) {
      tls([&] { return SSL_shutdown(ssl_.get()); });
    } else {
      ::shutdown(fd_.get(), SHUT_WR);
    }
  }

  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

 private:
  // One step of TLS, which never blocks: after an upgrade one thread reads while another writes.
  std::pair<int, int> tls(auto step) {
    const std::lock_guard lock(mutex_);
    ERR_clear_error();
    const int n = step();
    return {n, n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n)};
  }

  UniqueFd fd_;
  Ssl ssl_;
  std::mutex mutex_;
};

/// Beast's answer parser; body bytes go to a function.
class Parser final : public beast_http::basic_parser<false> {
 public:
  using Body = std::function<bool(std::string_view)>;

  Parser(bool head, std::size_t body_limit) {
    header_limit(kHeaderLimit);
    basic_parser::body_limit(body_limit);
    skip(head);
    eager(true);
  }
  void on_body(Body body) { body_ = std::move(body); }
  Response response;
  bool wants_no_more = false;

 private:
  // What a client does not need to look at:
  void on_request_impl(beast_http::verb, boost::beast::string_view, boost::beast::string_view, int,
                       error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_header_impl(error_code&) override {}

  void on_response_impl(int code, boost::beast::string_view, int, error_code&) override {
    response.status = code;
  }
  void on_field_impl(beast_http::field, boost::beast::string_view name,
                     boost::beast::string_view value, error_code& error) override {
    if (response.headers.lines().size() == 256) {
      error = beast_http::error::header_limit;
      return;
    }
    response.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override {
    return give(bytes);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 error_code&) override {
    return give(bytes);
  }
  std::size_t give(boost::beast::string_view bytes) {
    if (!wants_no_more && body_ && !body_({bytes.data(), bytes.size()})) wants_no_more = true;
    return bytes.size();
  }

  Body body_;
};

std::string encode(const Request& request, const Target& target) {
  std::string out = text::cat(request.method, " ", request.target, " HTTP/1.1\r\n");
  if (!request.headers.has("Host")) out += text::cat("Host: ", target.host_header, "\r\n");
  for (const auto& [name, value] : request.headers.lines())
    out += text::cat(name, ": ", value, "\r\n");
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body && !request.headers.has("Content-Length") &&
      !request.headers.has("Transfer-Encoding"))
    out += text::cat("Content-Length: ", request.body.size(), "\r\n");
  out += "\r\n";
  out += request.body;
  return out;
}

// A line break in what we put on the wire would be another header.
bool is_clean(const Request& request) {
  const auto clean = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  if (!clean(request.method) || !clean(request.target) ||
      request.target.find(' ') != std::string::npos)
    return false;
  for (const auto& [name, value] : request.headers.lines())
    if (!clean(name) || !clean(value)) return false;
  return true;
}

Result<SslContext> make_context(const ClientTls& tls) {
  SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return fail(Errc::internal, text::cat("TLS: ", openssl_error()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (tls.insecure) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (tls.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(context.get());
    } else {
      const Bio bio(BIO_new_mem_buf(tls.ca_pem.data(), static_cast<int>(tls.ca_pem.size())));
      int count = 0;
      while (
          const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate.get());
        ++count;
      }
      ERR_clear_error();
      if (count == 0) return fail(Errc::invalid, "TLS: the CA is no PEM certificate");
    }
  }
  if (!tls.certificate_pem.empty()) {
    const Bio bio(
        BIO_new_mem_buf(tls.certificate_pem.data(), static_cast<int>(tls.certificate_pem.size())));
    bool first = true;
    while (const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
      const int ok = first ? SSL_CTX_use_certificate(context.get(), certificate.get())
                           : SSL_CTX_add1_chain_cert(context.get(), certificate.get());
      if (ok != 1)
        return fail(Errc::invalid, text::cat("TLS: client certificate: ", openssl_error()));
      first = false;
    }
    ERR_clear_error();
    if (first) return fail(Errc::invalid, "TLS: the client certificate is no PEM certificate");
    const Bio key_bio(BIO_new_mem_buf(tls.key_pem.data(), static_cast<int>(tls.key_pem.size())));
    const PrivateKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
    if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
      return fail(Errc::invalid, text::cat("TLS: client key: ", openssl_error()));
  }
  return context;
}

class RawConnection final : public Connection {
 public:
  RawConnection(std::unique_ptr<Link> link, std::string early)
      : link_(std::move(link)), early_(std::move(early)) {}

  Result<std::size_t> read(char* buffer, std::size_t size, std::stop_token stop) override {
    if (!early_.empty()) {
      const std::size_t n = early_.copy(buffer, size);
      early_.erase(0, n);
      return n;
    }
    const StopFd stop_fd(stop);
    return link_->read(buffer, size, std::nullopt, stop_fd.get());
  }
  Result<> write(std::string_view bytes, std::stop_token stop) override {
    const StopFd stop_fd(stop);
    return link_->write(bytes, std::nullopt, stop_fd.get());
  }
  void shutdown_write() override { link_->shutdown_write(); }

 private:
  std::unique_ptr<Link> link_;
  std::string early_;  // came with the 101
};

}  // namespace

struct Client::State {
  ClientOptions options;
  Result<Target> target = fail(Errc::internal, "no address");
  std::mutex mutex;
  Result<SslContext> context = SslContext{};  // under mutex
  std::string server_name;                    // under mutex: as ClientTls has it
  std::vector<std::unique_ptr<Link>> idle;    // under mutex
  SslSession session;                         // under mutex: the last one, to resume

  std::unique_ptr<Link> take_idle() {
    const std::lock_guard lock(mutex);
    while (!idle.empty()) {
      auto link = std::move(idle.back());
      idle.pop_back();
      if (!link->is_stale()) return link;
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Link> link) {
    const std::lock_guard lock(mutex);
    if (link->ssl() != nullptr) {
      // Of a connection that began before a reload: neither it nor its session is the new keys'.
      if (!context || SSL_get_SSL_CTX(link->ssl()) != context->get()) return;
      session.reset(SSL_get1_session(link->ssl()));
    }
    if (idle.size() < options.idle_connections) idle.push_back(std::move(link));
  }

  Result<std::unique_ptr<Link>> open(Deadline deadline, int stop_fd) {
    if (!target) return std::unexpected(target.error());
    const Deadline connect_by = std::min(deadline.value_or(Clock::time_point::max()),
                                         Clock::now() + options.connect_timeout);
    UniqueFd fd;
    if (!target->unix_path.empty()) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      target->unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
      auto connected = connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address,
                                  connect_by, stop_fd);
      if (!connected) {
        // A socket that is not there is a server that is not there.
        if (connected.error().code == Errc::not_found) connected.error().code = Errc::unavailable;
        return wrap(target->unix_path, connected.error());
      }
      fd = std::move(*connected);
    } else {
      addrinfo hints{};
      hints.ai_socktype = SOCK_STREAM;
      hints.ai_flags = net::IpAddress::parse(target->host) ? AI_NUMERICHOST : AI_ADDRCONFIG;
      addrinfo* raw = nullptr;
      if (const int error = ::getaddrinfo(target->host.c_str(), target->port.c_str(), &hints, &raw);
          error != 0)
        return fail(Errc::unavailable,
                    text::cat("look up ", target->host, ": ", ::gai_strerror(error)));
      const Handle<addrinfo, ::freeaddrinfo> addresses(raw);
      Result<UniqueFd> connected = fail(Errc::unavailable, "no address");
      for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
        connected = connect_to(at->ai_addr, at->ai_addrlen, connect_by, stop_fd);
        if (connected) break;
      }
      if (!connected) return wrap(target->host_header, connected.error());
      fd = std::move(*connected);
    }
    Ssl ssl;
    if (target->tls) {
      const std::lock_guard lock(mutex);
      if (!context) return std::unexpected(context.error());
      ssl.reset(SSL_new(context->get()));
      SSL_set_fd(ssl.get(), fd.get());
      const std::string& name = server_name.empty() ? target->host : server_name;
      const bool numeric = net::IpAddress::parse(name).has_value();
      if (!numeric) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
      auto* parameters = SSL_get0_param(ssl.get());
      if (numeric) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
      } else {
        X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
      }
      if (session) SSL_set_session(ssl.get(), session.get());
    }
    auto link = std::make_unique<Link>(std::move(fd), std::move(ssl));
    if (target->tls)
      if (auto done = link->handshake(connect_by, stop_fd); !done)
        return wrap(target->host_header, done.error());
    return link;
  }

  struct Outcome {
    Response response;
    std::string early;           ///< bytes behind the header of an upgrade
    std::unique_ptr<Link> link;  ///< to go on with after an upgrade
    bool answered = false;       ///< at least one byte came: the request was processed
  };

  /// Where a body goes while it arrives.
  struct Flow {
    const std::function<bool(std::string_view)>& sink;
    const std::function<void(const Response&)>* head = nullptr;  ///< null: only of a 2xx
    [[nodiscard]] bool takes(int status) const { return head != nullptr || status / 100 == 2; }
  };

  /// One exchange on one connection.
  /// @param idle  for streams: the longest silence, instead of the deadline once the header is
  /// there
  Result<Outcome> exchange(std::unique_ptr<Link> link, const Request& request, const Flow* flow,
                           bool upgrade, Deadline deadline,
                           std::optional<std::chrono::milliseconds> idle_limit, int stop_fd,
                           bool& answered) {
    NODAL_TRY(link->write(encode(request, *target), deadline, stop_fd));
    Parser parser(request.method == "HEAD", options.body_limit);
    if (flow != nullptr) parser.body_limit(boost::none);
    bool begun = flow == nullptr || flow->head == nullptr;
    const auto begin = [&] {
      if (!begun && parser.response.status / 100 != 1) (*flow->head)(parser.response);
      begun = true;
    };
    std::string collected;
    parser.on_body([&](std::string_view bytes) {
      begin();
      if (flow != nullptr && flow->takes(parser.response.status)) return flow->sink(bytes);
      collected += bytes;
      return collected.size() <= options.body_limit;
    });
    std::string buffer;
    std::size_t used = 0;
    while (!parser.is_done()) {
      buffer.resize(used + kReadSize);
      const Deadline by =
          idle_limit && parser.is_header_done() ? Deadline(Clock::now() + *idle_limit) : deadline;
      auto n = link->read(buffer.data() + used, kReadSize, by, stop_fd);
      if (!n) return std::unexpected(n.error());
      buffer.resize(used + *n);
      error_code error;
      if (*n == 0) {
        if (!answered) return fail(Errc::unavailable, "the server closed the connection");
        parser.put_eof(error);
        if (error || !parser.is_done()) return fail(Errc::unavailable, "the answer was cut off");
        break;
      }
      answered = true;
      const std::size_t taken = parser.put(boost::asio::buffer(buffer), error);
      buffer.erase(0, taken);
      used = buffer.size();
      if (error && error != beast_http::error::need_more)
        return fail(Errc::invalid, text::cat("malformed answer: ", error.message()));
      if (used > kHeaderLimit + kReadSize)
        return fail(Errc::invalid, "malformed answer: a header without an end");
      if (parser.is_header_done()) begin();
      if (parser.is_header_done() && upgrade &&
          (parser.response.status == 101 ||
           (parser.response.status == 200 && parser.response.headers.has("Upgrade")))) {
        Outcome out;
        out.response = std::move(parser.response);
        out.early = collected + buffer;
        out.link = std::move(link);
        return out;
      }
      // An interim answer (100 Continue): the real one follows.
      if (parser.is_done() && parser.response.status / 100 == 1)
        return fail(Errc::invalid, "an interim answer that was not asked for");
      if (parser.wants_no_more) {
        if (flow == nullptr || !flow->takes(parser.response.status))
          return fail(Errc::invalid,
                      text::cat("the answer is larger than ", options.body_limit, " bytes"));
        Outcome out;
        out.response = std::move(parser.response);
        return out;  // the connection ends with the link
      }
    }
    Outcome out;
    const bool reusable = parser.keep_alive() && buffer.empty();
    out.response = std::move(parser.response);
    if (!collected.empty()) out.response.append(std::move(collected));
    if (reusable) give_back(std::move(link));
    return out;
  }

  Result<Outcome> perform(const Request& request, const Flow* flow, bool upgrade, Deadline deadline,
                          std::optional<std::chrono::milliseconds> idle_limit,
                          const std::stop_token& stop) {
    if (!is_clean(request))
      return fail(Errc::invalid, "a request with control characters in its target or headers");
    const StopFd stop_fd(stop);
    if (auto link = take_idle()) {
      bool answered = false;
      auto outcome = exchange(std::move(link), request, flow, upgrade, deadline, idle_limit,
                              stop_fd.get(), answered);
      // The server may have closed an idle connection at that very moment: then nothing was
      // processed.
      if (outcome || answered || outcome.error().code == Errc::timed_out || stop.stop_requested())
        return outcome;
    }
    auto link = NODAL_TRY(open(deadline, stop_fd.get()));
    bool answered = false;
    return exchange(std::move(link), request, flow, upgrade, deadline, idle_limit, stop_fd.get(),
                    answered);
  }
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->target = parse_address(state_->options.address);
  const auto tls = state_->options.tls.value_or(ClientTls{});
  state_->options.tls.reset();  // keys are not kept twice
  state_->server_name = tls.server_name;
  if (state_->target && state_->target->tls) state_->context = make_context(tls);
}

Result<> Client::reload(const ClientTls& tls) {
  auto context = NODAL_TRY(make_context(tls));
  std::vector<std::unique_ptr<Link>> closed;  // after the lock
  const std::lock_guard lock(state_->mutex);
  state_->context = std::move(context);
  state_->server_name = tls.server_name;
  state_->session.reset();
  closed.swap(state_->idle);
  return {};
}

Client::~Client() = default;

Result<Response> Client::send(const Request& request, std::stop_token stop) {
  auto outcome = NODAL_TRY(state_->perform(
      request, nullptr, false, Clock::now() + state_->options.timeout, std::nullopt, stop));
  return std::move(outcome.response);
}

Result<Response> Client::stream(const Request& request,
                                const std::function<bool(std::string_view)>& sink,
                                std::stop_token stop, std::chrono::milliseconds idle) {
  const State::Flow flow{sink};
  auto outcome = NODAL_TRY(
      state_->perform(request, &flow, false, Clock::now() + state_->options.timeout, idle, stop));
  return std::move(outcome.response);
}

Result<> Client::carry(const Request& request, const std::function<void(const Response&)>& head,
                       const std::function<bool(std::string_view)>& sink, std::stop_token stop,
                       std::chrono::milliseconds idle) {
  const State::Flow flow{sink, &head};
  NODAL_TRY(
      state_->perform(request, &flow, false, Clock::now() + state_->options.timeout, idle, stop));
  return {};
}

Result<Upgraded> Client::upgrade(const Request& request, std::stop_token stop) {
  auto outcome = NODAL_TRY(state_->perform(
      request, nullptr, true, Clock::now() + state_->options.timeout, std::nullopt, stop));
  Upgraded out;
  out.response = std::move(outcome.response);
  if (outcome.link)
    out.connection =
        std::make_unique<RawConnection>(std::move(outcome.link), std::move(outcome.early));
  return out;
}

}  // namespace nodal::http
