// nodectl/cluster/system_pods.h — shows the node's own parts in kube-system, as mirror pods with
// true restarts and ages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/loop/keyed_loop.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/cluster/parts.h"

namespace nodal::nodectl {

/// One pod per part, "nodal-master-NODE" and so on, annotated kubernetes.io/config.mirror so that
/// no agent runs it. Written in the background and again until the API server takes it.
class SystemPods {
 public:
  SystemPods(Layout layout, Settings settings);
  ~SystemPods();
  SystemPods(const SystemPods&) = delete;
  SystemPods& operator=(const SystemPods&) = delete;

  void show(std::vector<PartState> parts);
  /// No more writing; the pods stay as they are, so that a stopped node's parts can still be seen
  /// to have been there.
  void hide();

 private:
  struct State;
  std::shared_ptr<State> state_;
  KeyedLoop loop_;
};

}  // namespace nodal::nodectl
