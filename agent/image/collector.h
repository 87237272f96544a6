// agent/image/collector.h — removes images that nobody uses when the disk of images is full.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "agent/image/collector_plan.h"
#include "agent/runtime/runtime.h"
#include "api-client/client/mirror.h"
#include "base/clock.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Looks at the disk every five minutes, as kubelet does; one thread.
/// @source kubernetes.io, Garbage Collection: Garbage collection of unused images
class ImageCollector {
 public:
  /// A warning about the node.
  using Tell = std::function<void(std::string_view reason, std::string_view message)>;

  /// @param pods  those of this node: their images stay, also before they have a container
  ImageCollector(ImagePolicy policy, Runtime& runtime, const client::Mirror<core_v1::Pod>& pods,
                 const Clock& clock, Tell tell);
  ~ImageCollector();

 private:
  void run(const std::stop_token& stop);
  Result<> look();
  Result<std::set<std::string>> in_use();

  const ImagePolicy policy_;
  Runtime& runtime_;
  const client::Mirror<core_v1::Pod>& pods_;
  const Clock& clock_;
  const Tell tell_;
  ImageUses uses_;  // the thread's
  bool looked_ = false;
  std::jthread thread_;
};

}  // namespace nodal::agent
