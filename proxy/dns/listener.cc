// proxy/dns/listener.cc — see listener.h.
#include "proxy/dns/listener.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostTcpClients = 128;
constexpr auto kTcpIdle = 10s;
constexpr std::chrono::milliseconds kLongestWait = 10s;

}  // namespace

struct Listener::Datagram {
  std::string bytes = std::string(4096, '\0');
  udp::endpoint peer;
};

// One TCP client: length, message, answer, again.
struct Listener::Stream : std::enable_shared_from_this<Stream> {
  Stream(tcp::socket s, Listener& o)
      : socket(std::move(s)), idle(socket.get_executor()), owner(o), clients(o.tcp_clients_) {
    error_code gone;
    peer = from_asio(socket.remote_endpoint(gone).address());
    ++*clients;
  }
  ~Stream() { --*clients; }

  void read() {
    watch();
    bytes.resize(2);
    asio::async_read(
        socket, asio::buffer(bytes), [self = shared_from_this()](error_code error, std::size_t) {
          if (error) return self->idle.cancel(), void();
          self->bytes.resize(framed_size(self->bytes));
          asio::async_read(
              self->socket, asio::buffer(self->bytes), [self](error_code read_error, std::size_t) {
                if (read_error) return self->idle.cancel(), void();
                self->owner.serve_(self->bytes, self->peer, false,
                                   [self](std::string wire) { self->write(std::move(wire)); });
              });
        });
  }
  void write(std::string wire) {
    watch();
    out = framed(wire);
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
  Listener& owner;
  std::shared_ptr<std::size_t> clients;  // a stream ends with io, after its listener
  net::IpAddress peer;
  std::string bytes, out;
};

Result<> Listener::bind() {
  error_code error;
  const auto failed = [&](const char* over) {
    error_code ignored;
    udp_.close(ignored);
    tcp_.close(ignored);
    return fail(Errc::unavailable,
                text::cat("listen on ", at_.text(), "/", over, ": ", error.message()));
  };
  // No SO_REUSEADDR over UDP: two servers that have it would share the address unnoticed, and the
  // later one get all questions.
  const udp::endpoint datagrams(to_asio(at_.ip), at_.port);
  udp_.open(datagrams.protocol(), error);
  if (!error) udp_.bind(datagrams, error);
  if (error) return failed("UDP");
  port_ = udp_.local_endpoint(error).port();
  const tcp::endpoint stream(to_asio(at_.ip), port_);
  tcp_.open(stream.protocol(), error);
  if (!error) tcp_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) tcp_.bind(stream, error);
  if (!error) tcp_.listen(64, error);
  if (error) return failed("TCP");
  return {};
}

void Listener::open() {
  if (auto bound = bind(); !bound) {
    complain(bound.error().message);
    retry_.expires_after(wait_);
    wait_ = std::min(wait_ * 2, kLongestWait);
    retry_.async_wait([this](error_code error) {
      if (!error) open();
    });
    return;
  }
  complain("");
  receive(std::make_shared<Datagram>());
  accept();
}

void Listener::complain(std::string what) {
  const std::lock_guard lock(mutex_);
  if (what == complaint_) return;
  if (what.empty())
    log::info("the cluster's DNS answers again", {{"address", at_.text()}});
  else
    log::error("the cluster's DNS cannot answer; trying again, Services go on", {{"error", what}});
  complaint_ = std::move(what);
}

std::string Listener::complaint() const {
  const std::lock_guard lock(mutex_);
  return complaint_;
}

void Listener::receive(std::shared_ptr<Datagram> datagram) {
  auto& d = *datagram;
  udp_.async_receive_from(
      asio::buffer(d.bytes), d.peer,
      [this, datagram = std::move(datagram)](error_code error, std::size_t size) mutable {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
          const auto peer = datagram->peer;
          serve_(std::string_view(datagram->bytes).substr(0, size), from_asio(peer.address()), true,
                 [this, peer](std::string wire) {
                   error_code ignored;  // a full socket buffer drops it, as the network might
                   udp_.send_to(asio::buffer(wire), peer, MSG_DONTWAIT, ignored);
                 });
        }
        receive(std::move(datagram));
      });
}

void Listener::accept() {
  tcp_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error && *tcp_clients_ < kMostTcpClients)
      std::make_shared<Stream>(std::move(socket), *this)->read();
    accept();
  });
}

}  // namespace nodal::proxy::dns
