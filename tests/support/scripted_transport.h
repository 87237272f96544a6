// tests/support/scripted_transport.h — an API server that answers as a test says.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "api-client/client/transport.h"
#include "base/text.h"

namespace nodal::test {

/// Keeps what was asked, as "METHOD target", and answers with a function's Response or error.
class ScriptedTransport : public client::Transport {
 public:
  using Answer = std::function<Result<http::Response>(const http::Request&, std::size_t asked)>;
  explicit ScriptedTransport(Answer answer) : answer_(std::move(answer)) {}

  Result<http::Response> send(const http::Request& request, std::stop_token) override {
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(text::cat(request.method, " ", request.target));
      count = asked_.size();
    }
    auto answer = answer_(request, count);
    changed_.notify_all();
    return answer;
  }
  Result<http::Response> stream(const http::Request& request,
                                const std::function<bool(std::string_view)>&,
                                std::stop_token stop) override {
    return send(request, stop);
  }

  [[nodiscard]] std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  /// Waits until so much was asked, ten seconds at most.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return asked_.size() >= count; });
  }

 private:
  const Answer answer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> asked_;
};

/// The request's own body as what was stored.
inline http::Response stored(const http::Request& request) {
  http::Response out;
  out.status = 201;
  out.append(request.method == "POST" ? request.body : "{}");
  return out;
}

}  // namespace nodal::test
