// tests/unit/master/requests.h — a server that takes nearly everything: what a controller sends it.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "api-client/client/transport.h"
#include "base/text.h"

namespace nodal::master {

/// Answers every write with what was written, every read with 404. Thread-safe.
class Requests final : public client::Transport {
 public:
  /// Requests that begin so are forbidden with this message, from the start.
  explicit Requests(std::string forbidden = "", std::string message = "")
      : forbidden_(std::move(forbidden)), message_(std::move(message)) {}

  Result<http::Response> send(const http::Request& request, std::stop_token) override {
    http::Response out;
    out.status = request.method == "GET" ? 404 : request.method == "POST" ? 201 : 200;
    const auto line = text::cat(request.method, " ", request.target, " ", request.body);
    if (!forbidden_.empty() && line.starts_with(forbidden_)) {
      out.status = 403;
      out.append(
          text::cat(R"({"kind":"Status","reason":"Forbidden","message":")", message_, "\"}"));
    } else {
      out.append(request.body.empty() ? "{}" : request.body);
    }
    const std::lock_guard lock(mutex_);
    seen_.push_back(line);
    changed_.notify_all();
    return out;
  }
  Result<http::Response> stream(const http::Request&, const std::function<bool(std::string_view)>&,
                                std::stop_token) override {
    return http::Response{.status = 404, .headers = {}, .body = {}};
  }

  /// How many requests begin with `start` and contain `part`, once there are `least` or ten
  /// seconds are over.
  std::size_t count(std::string_view start, std::string_view part, std::size_t least) {
    std::unique_lock lock(mutex_);
    const auto now = [&] {
      return static_cast<std::size_t>(std::ranges::count_if(seen_, [&](const std::string& line) {
        return line.starts_with(start) && line.find(part) != std::string::npos;
      }));
    };
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return now() >= least; });
    return now();
  }

 private:
  const std::string forbidden_, message_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
};

}  // namespace nodal::master
