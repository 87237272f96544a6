// base/http/exchange.h — the answer to one request of a session.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/http/server.h"
#include "base/http/session.h"

namespace nodal::http {

class Exchange final : public Responder {
 public:
  Exchange(std::shared_ptr<Session> connection, bool head, bool http10, bool keep_alive)
      : connection_(std::move(connection)), head_(head), http10_(http10), keep_alive_(keep_alive) {}
  ~Exchange() override;

  void send(Response response) override;
  void begin(Response response) override;
  bool write(Chunk chunk) override;
  bool wait_drained(std::size_t below) override;
  void end() override;
  std::unique_ptr<Connection> upgrade(Headers headers) override;
  void on_gone(std::move_only_function<void()> call) override;

 private:
  // The first answer counts.
  bool take() { return !used_.exchange(true); }
  void abort();
  void append_connection(std::string& head, bool stream) const;
  /// Under the connection's lock.
  void push_framed(Chunk chunk);

  const std::shared_ptr<Session> connection_;
  const bool head_, http10_, keep_alive_;
  std::atomic<bool> used_ = false;
  bool open_ = false;  // under the connection's lock: a stream that may go on
};

}  // namespace nodal::http
