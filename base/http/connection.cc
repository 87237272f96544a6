// base/http/connection.cc — see connection.h.
#include "base/http/connection.h"

#include <thread>
#include <vector>

#include "base/loop/stop.h"

namespace nodal::http {
namespace {

constexpr std::size_t kPiece = 32u << 10;

void carry(Connection& from, Connection& to, std::stop_source stop) {
  std::vector<char> buffer(kPiece);
  while (true) {
    const auto n = from.read(buffer.data(), buffer.size(), stop.get_token());
    if (!n) break;
    if (*n == 0) {
      to.shutdown_write();
      break;
    }
    if (!to.write({buffer.data(), *n}, stop.get_token())) break;
  }
}

}  // namespace

void splice(Connection& a, Connection& b, std::stop_source stop) {
  const std::jthread back([&a, &b, stop]() mutable {
    name_thread("splice");
    carry(b, a, stop);
    stop.request_stop();
  });
  carry(a, b, stop);
  stop.request_stop();
}

}  // namespace nodal::http
