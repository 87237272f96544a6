// master/controllers/unseen.h — what a controller has written and its mirror does not show yet.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace nodal::master::controllers {

/// Keeps a controller from doing its work twice while the watch is slow. Thread-safe.
class Unseen {
 public:
  /// What nothing has been heard of for so long counts as seen: between two lists of a mirror an
  /// object may come and go.
  static constexpr std::chrono::minutes kLongest{5};

  /// `owner` has written the object `uid`, whose key is `object`.
  void add(const std::string& owner, const std::string& uid, const std::string& object,
           TimePoint now);
  /// The mirror has lost that object.
  void gone(std::string_view uid);
  /// Whether the mirror lacks something that `owner` has written.
  /// @param is_seen  of an object's key and uid
  [[nodiscard]] bool is_waiting(
      const std::string& owner,
      const std::function<bool(const std::string& object, const std::string& uid)>& is_seen,
      TimePoint now);
  void forget(const std::string& owner);

 private:
  struct Write {
    std::string object;
    TimePoint at;
  };
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, Write, std::less<>>> writes_;  // owner → uid
};

}  // namespace nodal::master::controllers
