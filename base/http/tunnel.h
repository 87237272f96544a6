// base/http/tunnel.h — the raw bytes of a session after its 101.
#pragma once

#include <memory>

#include "base/http/connection.h"
#include "base/http/session.h"

namespace nodal::http {

class Tunnel final : public Connection {
 public:
  explicit Tunnel(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~Tunnel() override { shutdown_write(); }

  Result<std::size_t> read(char* buffer, std::size_t size, std::stop_token stop) override;
  Result<> write(std::string_view bytes, std::stop_token stop) override;
  void shutdown_write() override;

 private:
  const std::shared_ptr<Session> session_;
};

}  // namespace nodal::http
