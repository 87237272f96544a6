// proxy/dns/server.cc — see server.h.
#include "proxy/dns/server.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <thread>

#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"
#include "proxy/dns/cache.h"

namespace nodal::proxy::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t kLargestMessage = 65535;
constexpr std::size_t kMostTcpClients = 128;
constexpr std::size_t kMostPending = 1024;  ///< questions under way upstream
constexpr auto kTcpIdle = 10s;
constexpr auto kTry = 1500ms;
constexpr int kRounds = 2;  ///< over all upstreams

asio::ip::address to_asio(const net::IpAddress& ip) {
  if (ip.is_v4()) return asio::ip::address_v4(ip.v4_value());
  return asio::ip::address_v6(ip.bytes());
}

net::IpAddress from_asio(const asio::ip::address& address) {
  if (address.is_v4()) return net::IpAddress::v4(address.to_v4().to_uint());
  return net::IpAddress::v6(address.to_v6().to_bytes());
}

std::uint16_t random_id() {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) id = static_cast<std::uint16_t>(std::rand());
  return id;
}

using Done = std::function<void(Result<Message>)>;

// One question to the upstream servers: UDP from a fresh port each try, TCP when the answer was cut
// off.
class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  Upstream(asio::io_context& io, const std::vector<net::SocketAddress>& servers, Question question,
           Done done)
      : servers_(servers),
        question_(std::move(question)),
        done_(std::move(done)),
        udp_(io),
        tcp_(io),
        timer_(io) {}

  void begin() {
    if (tried_ == static_cast<int>(servers_.size()) * kRounds)
      return finish(fail(Errc::unavailable, "no upstream DNS server answers"));
    server_ = servers_[static_cast<std::size_t>(tried_++) % servers_.size()];
    id_ = random_id();
    wire_ = encode_query(id_, question_);
    error_code error;
    udp_.close(error);
    tcp_.close(error);
    const udp::endpoint peer(to_asio(server_.ip), server_.port);
    udp_.open(peer.protocol(), error);
    if (!error) udp_.connect(peer, error);  // answers of other addresses are dropped by the kernel
    if (!error) udp_.send(asio::buffer(wire_), 0, error);
    if (error) return begin();
    arm();
    receive();
  }

 private:
  void arm() {
    const int round = ++round_;
    timer_.expires_after(kTry);
    timer_.async_wait([self = shared_from_this(), round](error_code error) {
      if (!error && self->round_ == round && self->done_) self->begin();
    });
  }

  void receive() {
    buffer_.resize(4096);
    const int round = round_;
    udp_.async_receive(asio::buffer(buffer_), [self = shared_from_this(), round](error_code error,
                                                                                 std::size_t size) {
      if (self->round_ != round || !self->done_) return;
      if (error) return self->begin();
      auto message =
          parse_answer(std::string_view(self->buffer_).substr(0, size), self->id_, self->question_);
      if (!message) return self->receive();  // forged or broken: the real one may still come
      if (message->truncated) return self->begin_tcp();
      self->accept(std::move(*message));
    });
  }

  void begin_tcp() {
    arm();
    const int round = round_;
    tcp_.async_connect(tcp::endpoint(to_asio(server_.ip), server_.port), [self = shared_from_this(),
                                                                          round](error_code error) {
      if (self->round_ != round || !self->done_) return;
      if (error) return self->begin();
      const auto size = self->wire_.size();
      self->framed_ = text::cat(static_cast<char>(size >> 8), static_cast<char>(size), self->wire_);
      asio::async_write(self->tcp_, asio::buffer(self->framed_),
                        [self, round](error_code write_error, std::size_t) {
                          if (self->round_ != round || !self->done_) return;
                          if (write_error) return self->begin();
                          self->read_tcp();
                        });
    });
  }

  void read_tcp() {
    const int round = round_;
    buffer_.resize(2);
    asio::async_read(
        tcp_, asio::buffer(buffer_),
        [self = shared_from_this(), round](error_code error, std::size_t) {
          if (self->round_ != round || !self->done_) return;
          if (error) return self->begin();
          self->buffer_.resize(
              static_cast<std::size_t>(static_cast<unsigned char>(self->buffer_[0]) << 8 |
                                       static_cast<unsigned char>(self->buffer_[1])));
          asio::async_read(self->tcp_, asio::buffer(self->buffer_),
                           [self, round](error_code read_error, std::size_t) {
                             if (self->round_ != round || !self->done_) return;
                             if (read_error) return self->begin();
                             auto message = parse_answer(self->buffer_, self->id_, self->question_);
                             if (!message) return self->begin();
                             self->accept(std::move(*message));
                           });
        });
  }

  void accept(Message message) {
    // A server that fails or refuses may have a neighbour that does not.
    if (message.rcode == Rcode::server_failure || message.rcode == Rcode::refused) return begin();
    finish(std::move(message));
  }

  void finish(Result<Message> result) {
    ++round_;
    timer_.cancel();
    error_code error;
    udp_.close(error);
    tcp_.close(error);
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  const std::vector<net::SocketAddress>& servers_;
  const Question question_;
  Done done_;
  udp::socket udp_;
  tcp::socket tcp_;
  asio::steady_timer timer_;
  net::SocketAddress server_;
  int tried_ = 0, round_ = 0;
  std::uint16_t id_ = 0;
  std::string wire_, framed_, buffer_;
};

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, const SnapshotCell<ServiceSnapshot>& snapshot)
      : options_(std::move(options)), snapshot_(snapshot), cache_(options_.cache_entries) {}

  ~AsioServer() override {
    asio::post(io_, [this] { io_.stop(); });
    if (thread_.joinable()) thread_.join();
  }

  Result<> listen() {
    for (const auto& at : options_.listen) {
      error_code error;
      const udp::endpoint datagrams(to_asio(at.ip), at.port);
      auto& socket = udp_sockets_.emplace_back(std::make_unique<udp::socket>(io_));
      socket->open(datagrams.protocol(), error);
      if (!error) socket->set_option(udp::socket::reuse_address(true), error);
      if (!error) socket->bind(datagrams, error);
      if (error)
        return fail(Errc::unavailable,
                    text::cat("listen on ", at.text(), "/UDP: ", error.message()));
      const auto port = socket->local_endpoint(error).port();
      if (port_ == 0) port_ = port;
      const tcp::endpoint stream(to_asio(at.ip), port);
      auto& acceptor = acceptors_.emplace_back(std::make_unique<tcp::acceptor>(io_));
      acceptor->open(stream.protocol(), error);
      if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
      if (!error) acceptor->bind(stream, error);
      if (!error) acceptor->listen(64, error);
      if (error)
        return fail(Errc::unavailable,
                    text::cat("listen on ", at.text(), "/TCP: ", error.message()));
    }
    for (auto& socket : udp_sockets_) receive(*socket);
    for (auto& acceptor : acceptors_) accept(*acceptor);
    thread_ = std::thread([this] {
      name_thread("dns");
      io_.run();
    });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] Figures figures() const override {
    return {queries_, cluster_, completed_, forwarded_, hits_, stale_, failures_};
  }

 private:
  using Reply = std::function<void(std::string)>;

  struct Datagram {
    std::string bytes = std::string(4096, '\0');
    udp::endpoint peer;
  };

  void receive(udp::socket& socket) {
    auto datagram = std::make_shared<Datagram>();
    receive_into(socket, std::move(datagram));
  }

  void receive_into(udp::socket& socket, std::shared_ptr<Datagram> datagram) {
    auto& d = *datagram;
    socket.async_receive_from(
        asio::buffer(d.bytes), d.peer,
        [this, &socket, datagram = std::move(datagram)](error_code error,
                                                        std::size_t size) mutable {
          if (error == asio::error::operation_aborted) return;
          if (!error) {
            const auto peer = datagram->peer;
            serve(std::string_view(datagram->bytes).substr(0, size), peer.address(), true,
                  [&socket, peer](std::string wire) {
                    error_code
                        ignored;  // a full socket buffer drops the answer, as the network might
                    socket.send_to(asio::buffer(wire), peer, MSG_DONTWAIT, ignored);
                  });
          }
          receive_into(socket, std::move(datagram));
        });
  }

  // One TCP client: length, message, answer, again.
  struct Stream : std::enable_shared_from_this<Stream> {
    Stream(tcp::socket s, AsioServer& o)
        : socket(std::move(s)), idle(socket.get_executor()), owner(o) {
      error_code gone;
      peer = socket.remote_endpoint(gone).address();
      ++owner.tcp_clients_;
    }
    ~Stream() { --owner.tcp_clients_; }

    void read() {
      watch();
      bytes.resize(2);
      asio::async_read(
          socket, asio::buffer(bytes), [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->idle.cancel(), void();
            self->bytes.resize(
                static_cast<std::size_t>(static_cast<unsigned char>(self->bytes[0]) << 8 |
                                         static_cast<unsigned char>(self->bytes[1])));
            asio::async_read(self->socket, asio::buffer(self->bytes),
                             [self](error_code read_error, std::size_t) {
                               if (read_error) return self->idle.cancel(), void();
                               self->owner.serve(
                                   self->bytes, self->peer, false,
                                   [self](std::string wire) { self->write(std::move(wire)); });
                             });
          });
    }
    void write(std::string wire) {
      watch();
      out = text::cat(static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size()), wire);
      asio::async_write(socket, asio::buffer(out),
                        [self = shared_from_this()](error_code error, std::size_t) {
                          if (error) return self->idle.cancel(), void();
                          self->read();
                        });
    }
    void watch() {
      idle.expires_after(kTcpIdle);
      idle.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        error_code ignored;
        self->socket.close(ignored);
      });
    }

    tcp::socket socket;
    asio::steady_timer idle;
    AsioServer& owner;
    asio::ip::address peer;
    std::string bytes, out;
  };

  void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && tcp_clients_ < kMostTcpClients)
        std::make_shared<Stream>(std::move(socket), *this)->read();
      accept(acceptor);
    });
  }

  // The search path of a pod is completed; anybody else gets the answer to his question.
  [[nodiscard]] bool is_pod(const asio::ip::address& peer) const {
    const auto ip = from_asio(peer);
    return std::ranges::any_of(options_.zone.pods,
                               [&](const net::Cidr& cidr) { return cidr.contains(ip); });
  }

  using Send = std::function<void(const Message&)>;

  // Tries the names from `next` on; the first that exists is the answer, else `denied` is.
  void complete(Question question, Message denied, std::vector<Name> names, std::size_t next,
                Send send) {
    for (; next < names.size(); ++next) {
      const Question tried{names[next], question.type, question.klass};
      const auto own = answer(tried, *snapshot_.read(), options_.zone);
      if (own && own->message.rcode == Rcode::name_error) continue;
      if (own && !own->continue_at) {
        ++completed_;
        return send(completed(question, tried.name, own->message, options_.zone));
      }
      if (own) break;  // an alias that leads elsewhere: the resolver finds it itself
      return resolve(tried, [this, question = std::move(question), denied = std::move(denied),
                             names = std::move(names), next,
                             send = std::move(send)](const Message& message) mutable {
        if (message.rcode == Rcode::no_error) {
          ++completed_;
          return send(completed(question, names[next], message, options_.zone));
        }
        complete(std::move(question), std::move(denied), std::move(names), next + 1,
                 std::move(send));
      });
    }
    ++cluster_;
    send(denied);
  }

  void serve(std::string_view wire, const asio::ip::address& peer, bool datagram, Reply reply) {
    ++queries_;
    auto query = parse_query(wire);
    if (!query) {
      if (const auto id = query_id(wire))
        reply(encode_error(*id, query.error().code == Errc::forbidden ? Rcode::not_implemented
                                                                      : Rcode::format_error));
      return;
    }
    const std::size_t limit =
        datagram ? std::min(query->edns_size.value_or(kPlainUdp), kEdnsUdp) : kLargestMessage;
    const auto send = [query = *query, limit, reply = std::move(reply)](const Message& message) {
      reply(encode_answer(query, message, limit));
    };
    auto own = answer(query->question, *snapshot_.read(), options_.zone);
    if (own && own->message.rcode == Rcode::name_error && is_pod(peer))
      if (auto names = search_path(query->question, options_.zone); !names.empty())
        return complete(query->question, std::move(own->message), std::move(names), 0, send);
    if (own && !own->continue_at) {
      ++cluster_;
      return send(own->message);
    }
    if (!own) return resolve(query->question, send);
    // An ExternalName: its CNAME is ours, what follows is upstream's.
    resolve({*own->continue_at, query->question.type, kClassIn},
            [send, message = std::move(own->message)](const Message& rest) {
              Message whole = message;
              whole.authoritative = false;
              if (rest.rcode != Rcode::no_error) whole.rcode = rest.rcode;
              whole.answers.insert(whole.answers.end(), rest.answers.begin(), rest.answers.end());
              send(whole);
            });
  }

  // From the cache, from upstream, or stale when upstream is away. Equal questions at one time are
  // asked once.
  void resolve(const Question& question, std::function<void(const Message&)> done) {
    const auto found = cache_.find(question, std::chrono::steady_clock::now());
    if (found && found->fresh) {
      ++hits_;
      return done(found->message);
    }
    Message failure;
    failure.rcode = options_.upstreams.empty() ? Rcode::refused : Rcode::server_failure;
    if (options_.upstreams.empty()) return done(failure);
    const Id id{question.name, question.type, question.klass};
    if (const auto pending = pending_.find(id); pending != pending_.end()) {
      pending->second.push_back(std::move(done));
      return;
    }
    if (pending_.size() >= kMostPending) return done(failure);
    pending_[id].push_back(std::move(done));
    ++forwarded_;
    std::make_shared<Upstream>(
        io_, options_.upstreams, question,
        [this, id, question, failure](Result<Message> result) {
          Message message = failure;
          if (result) {
            message = std::move(*result);
            cache_.put(question, message, std::chrono::steady_clock::now());
          } else {
            ++failures_;
            if (const auto stale = cache_.find(question, std::chrono::steady_clock::now())) {
              ++stale_;
              message = stale->message;
            }
          }
          auto waiting = std::move(pending_[id]);
          pending_.erase(id);
          for (const auto& waiter : waiting) waiter(message);
        })
        ->begin();
  }

  using Id = std::tuple<Name, std::uint16_t, std::uint16_t>;

  const ServerOptions options_;
  const SnapshotCell<ServiceSnapshot>& snapshot_;
  asio::io_context io_{1};
  Cache cache_;
  std::vector<std::unique_ptr<udp::socket>> udp_sockets_;
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;
  std::map<Id, std::vector<std::function<void(const Message&)>>> pending_;
  std::size_t tcp_clients_ = 0;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> queries_ = 0, cluster_ = 0, completed_ = 0, forwarded_ = 0, hits_ = 0,
                             stale_ = 0, failures_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options,
                                              const SnapshotCell<ServiceSnapshot>& snapshot) {
  auto server = std::make_unique<AsioServer>(std::move(options), snapshot);
  NODAL_TRY(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

std::vector<Name> search_domains(std::string_view resolv_conf) {
  std::vector<Name> out;
  for (const auto line : text::split(resolv_conf, '\n')) {
    if (!text::trim(line).starts_with("search")) continue;
    out.clear();  // the last line counts
    for (const auto word : text::split(text::trim(line).substr(6), ' '))
      if (const auto name = normalize(text::trim(word)); !name.empty()) out.push_back(name);
  }
  return out;
}

std::vector<net::SocketAddress> nameservers(std::string_view resolv_conf,
                                            const std::vector<net::IpAddress>& without) {
  std::vector<net::SocketAddress> out;
  for (const auto line : text::split(resolv_conf, '\n')) {
    const auto words = text::trim(line);
    if (!words.starts_with("nameserver") || words.size() < 12) continue;
    const auto ip = net::IpAddress::parse(text::trim(words.substr(10)));
    if (ip && std::ranges::find(without, *ip) == without.end() && out.size() < 3)
      out.push_back({*ip, 53});
  }
  return out;
}

}  // namespace nodal::proxy::dns
