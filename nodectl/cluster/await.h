// nodectl/cluster/await.h — asks again until something holds.
#pragma once

#include <chrono>
#include <thread>

#include "base/result.h"

namespace nodal::nodectl {

/// @param ready  a Result<>: success ends the wait, `gone` ends it as an error at once
/// @errors those of `ready`: the last one when it does not hold in time
template <class Ready>
Result<> await(std::chrono::milliseconds limit, Ready ready) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto done = ready();
    if (done || done.error().code == Errc::gone || std::chrono::steady_clock::now() >= deadline)
      return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace nodal::nodectl
