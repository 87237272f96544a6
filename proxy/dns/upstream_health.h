// proxy/dns/upstream_health.h — which upstream servers answer: those that did not are asked last
// for a while. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace nodal::proxy::dns {

/// Time is an argument. Thread: one owner.
class UpstreamHealth {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit UpstreamHealth(std::size_t servers) : rests_until_(servers) {}

  /// The servers' places in the order to ask them. One whose rest is over is in its old place for
  /// this question and rests on for all others until it has answered: one question waits for it,
  /// not all.
  std::vector<std::size_t> order(Time now);
  void failed(std::size_t server, Time now);
  void answered(std::size_t server) { rests_until_[server] = {}; }
  /// True when none answers.
  [[nodiscard]] bool all_rest(Time now) const;

 private:
  std::vector<Time> rests_until_;  // the epoch: it answers
};

}  // namespace nodal::proxy::dns
