// master/api/metrics.h — what /metrics shows.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

namespace nodal::master {

/// Thread-safe.
class Metrics {
 public:
  void count(std::string_view verb, std::string_view resource, int code, double seconds);
  std::atomic<int> watches = 0;
  /// Prometheus' text format.
  [[nodiscard]] std::string text() const;

 private:
  struct Series {
    std::uint64_t count = 0;
    double seconds = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, Series, std::less<>> requests_;
};

}  // namespace nodal::master
