// proxy/dns/listener.h — one address on which questions arrive, over UDP and TCP.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/dns/asio.h"

namespace nodal::proxy::dns {

/// Opens the address, and again with back-off while somebody else has it. Thread: that of `io`,
/// unless said otherwise.
class Listener {
 public:
  using Reply = std::function<void(std::string wire)>;
  /// @param datagram  the answer has to fit into one
  using Serve = std::function<void(std::string_view wire, const net::IpAddress& peer, bool datagram,
                                   Reply reply)>;

  Listener(asio::io_context& io, const net::SocketAddress& at, Serve serve)
      : io_(io), at_(at), serve_(std::move(serve)), udp_(io), tcp_(io), retry_(io) {}

  void open();
  /// Why nothing arrives; "" when it is open. Thread-safe.
  [[nodiscard]] std::string complaint() const;
  /// The port, also when it was given as 0; 0 while it is not open. Before io runs.
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  struct Datagram;
  struct Stream;

  Result<> bind();
  void complain(std::string what);
  void receive(std::shared_ptr<Datagram> datagram);
  void accept();

  asio::io_context& io_;
  const net::SocketAddress at_;
  const Serve serve_;
  udp::socket udp_;
  tcp::acceptor tcp_;
  asio::steady_timer retry_;
  std::chrono::milliseconds wait_{200};
  std::shared_ptr<std::size_t> tcp_clients_ = std::make_shared<std::size_t>(0);
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string complaint_;  // under mutex_
};

}  // namespace nodal::proxy::dns
