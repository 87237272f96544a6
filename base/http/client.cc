// base/http/client.cc — see client.h: requests over links that are kept, reopened and resumed.
#include "base/http/client.h"

#include <netdb.h>
#include <openssl/x509v3.h>
#include <sys/un.h>

#include <boost/asio/buffer.hpp>
#include <mutex>
#include <vector>

#include "base/handle.h"
#include "base/http/answer_parser.h"
#include "base/http/link.h"
#include "base/http/tls.h"
#include "base/loop/stop.h"
#include "base/net/address.h"
#include "base/text.h"

namespace nodal::http {
namespace {

constexpr std::size_t kReadSize = 16u << 10;

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
    NODAL_TRY(stop_fd.ready());
    return link_->read(buffer, size, std::nullopt, stop_fd.get());
  }
  Result<> write(std::string_view bytes, std::stop_token stop) override {
    const StopFd stop_fd(stop);
    NODAL_TRY(stop_fd.ready());
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
  Result<tls::Context> context = tls::Context{};  // under mutex
  std::string server_name;                        // under mutex: as ClientTls has it
  std::vector<std::unique_ptr<Link>> idle;        // under mutex
  tls::Session session;                           // under mutex: the last one, to resume

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
    tls::Ssl ssl;
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
  /// @param idle_limit  for streams: the longest silence, instead of the deadline once the header
  /// is there
  Result<Outcome> exchange(std::unique_ptr<Link> link, const Request& request, const Flow* flow,
                           std::optional<Switch> upgrade, Deadline deadline,
                           std::optional<std::chrono::milliseconds> idle_limit, int stop_fd,
                           bool& answered) {
    NODAL_TRY(link->write(encode(request, *target), deadline, stop_fd));
    AnswerParser parser(request.method == "HEAD", options.body_limit);
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
      const bool streams =
          flow != nullptr && parser.is_header_done() && flow->takes(parser.response.status);
      Deadline by = deadline;
      if (streams) by = idle_limit ? Deadline(Clock::now() + *idle_limit) : std::nullopt;
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
           (*upgrade == Switch::docker && parser.response.status == 200 &&
            parser.response.headers.has("Upgrade")))) {
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

  Result<Outcome> perform(const Request& request, const Flow* flow, std::optional<Switch> upgrade,
                          Deadline deadline, std::optional<std::chrono::milliseconds> idle_limit,
                          const std::stop_token& stop) {
    if (!is_clean(request))
      return fail(Errc::invalid, "a request with control characters in its target or headers");
    const StopFd stop_fd(stop);
    NODAL_TRY(stop_fd.ready());
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
  if (state_->target && state_->target->tls) state_->context = tls::client_context(tls);
}

Result<> Client::reload(const ClientTls& tls) {
  auto context = NODAL_TRY(tls::client_context(tls));
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
      request, nullptr, std::nullopt, Clock::now() + state_->options.timeout, std::nullopt, stop));
  return std::move(outcome.response);
}

Result<Response> Client::stream(const Request& request,
                                const std::function<bool(std::string_view)>& sink,
                                std::stop_token stop,
                                std::optional<std::chrono::milliseconds> idle) {
  const State::Flow flow{sink};
  auto outcome = NODAL_TRY(state_->perform(request, &flow, std::nullopt,
                                           Clock::now() + state_->options.timeout, idle, stop));
  return std::move(outcome.response);
}

Result<> Client::carry(const Request& request, const std::function<void(const Response&)>& head,
                       const std::function<bool(std::string_view)>& sink, std::stop_token stop,
                       std::optional<std::chrono::milliseconds> idle) {
  const State::Flow flow{sink, &head};
  NODAL_TRY(state_->perform(request, &flow, std::nullopt, Clock::now() + state_->options.timeout,
                            idle, stop));
  return {};
}

Result<Upgraded> Client::upgrade(const Request& request, std::stop_token stop, Switch how) {
  auto outcome = NODAL_TRY(state_->perform(
      request, nullptr, how, Clock::now() + state_->options.timeout, std::nullopt, stop));
  Upgraded out;
  out.response = std::move(outcome.response);
  if (outcome.link)
    out.connection =
        std::make_unique<RawConnection>(std::move(outcome.link), std::move(outcome.early));
  return out;
}

}  // namespace nodal::http
