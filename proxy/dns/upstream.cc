// proxy/dns/upstream.cc — see upstream.h.
#include "proxy/dns/upstream.h"

#include <sys/random.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;

constexpr auto kTry = 1500ms;
constexpr std::size_t kRounds = 2;  ///< over all servers

std::uint16_t random_id() {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) id = static_cast<std::uint16_t>(std::rand());
  return id;
}

using Done = std::function<void(Result<Message>)>;
using Clock = std::chrono::steady_clock;

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  Upstream(asio::io_context& io, const std::vector<net::SocketAddress>& servers,
           UpstreamHealth& health, Question question, Done done)
      : servers_(servers),
        health_(health),
        order_(health.order(Clock::now())),
        question_(std::move(question)),
        done_(std::move(done)),
        udp_(io),
        tcp_(io),
        timer_(io) {}

  void begin() {
    if (tried_ == order_.size() * kRounds)
      return finish(fail(Errc::unavailable, "no upstream DNS server answers"));
    place_ = order_[tried_++ % order_.size()];
    server_ = servers_[place_];
    id_ = random_id();
    wire_ = encode_query(id_, question_);
    error_code error;
    udp_.close(error);
    tcp_.close(error);
    const udp::endpoint peer(to_asio(server_.ip), server_.port);
    udp_.open(peer.protocol(), error);
    if (!error) udp_.connect(peer, error);  // answers of other addresses are dropped by the kernel
    if (!error) udp_.send(asio::buffer(wire_), 0, error);
    if (error) return next();
    arm();
    receive();
  }

 private:
  // The server does not answer.
  void next() {
    health_.failed(place_, Clock::now());
    begin();
  }

  void arm() {
    const int round = ++round_;
    timer_.expires_after(kTry);
    timer_.async_wait([self = shared_from_this(), round](error_code error) {
      if (!error && self->round_ == round && self->done_) self->next();
    });
  }

  void receive() {
    buffer_.resize(4096);
    const int round = round_;
    udp_.async_receive(asio::buffer(buffer_), [self = shared_from_this(), round](error_code error,
                                                                                 std::size_t size) {
      if (self->round_ != round || !self->done_) return;
      if (error) return self->next();
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
    tcp_.async_connect(tcp::endpoint(to_asio(server_.ip), server_.port),
                       [self = shared_from_this(), round](error_code error) {
                         if (self->round_ != round || !self->done_) return;
                         if (error) return self->next();
                         self->framed_ = framed(self->wire_);
                         asio::async_write(self->tcp_, asio::buffer(self->framed_),
                                           [self, round](error_code write_error, std::size_t) {
                                             if (self->round_ != round || !self->done_) return;
                                             if (write_error) return self->next();
                                             self->read_tcp();
                                           });
                       });
  }

  void read_tcp() {
    const int round = round_;
    buffer_.resize(2);
    asio::async_read(tcp_, asio::buffer(buffer_),
                     [self = shared_from_this(), round](error_code error, std::size_t) {
                       if (self->round_ != round || !self->done_) return;
                       if (error) return self->next();
                       self->buffer_.resize(framed_size(self->buffer_));
                       asio::async_read(self->tcp_, asio::buffer(self->buffer_),
                                        [self, round](error_code read_error, std::size_t) {
                                          if (self->round_ != round || !self->done_) return;
                                          if (read_error) return self->next();
                                          auto message = parse_answer(self->buffer_, self->id_,
                                                                      self->question_);
                                          if (!message) return self->next();
                                          self->accept(std::move(*message));
                                        });
                     });
  }

  void accept(Message message) {
    health_.answered(place_);
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
  UpstreamHealth& health_;
  const std::vector<std::size_t> order_;
  const Question question_;
  Done done_;
  udp::socket udp_;
  tcp::socket tcp_;
  asio::steady_timer timer_;
  net::SocketAddress server_;
  std::size_t tried_ = 0, place_ = 0;
  int round_ = 0;
  std::uint16_t id_ = 0;
  std::string wire_, framed_, buffer_;
};

}  // namespace

void ask_upstream(asio::io_context& io, const std::vector<net::SocketAddress>& servers,
                  UpstreamHealth& health, Question question,
                  std::function<void(Result<Message>)> done) {
  std::make_shared<Upstream>(io, servers, health, std::move(question), std::move(done))->begin();
}

}  // namespace nodal::proxy::dns
