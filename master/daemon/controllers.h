// master/daemon/controllers.h — starts the controllers (and the scheduler) over the in-process
// transport.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/net/address.h"
#include "master/api/api.h"

namespace nodal::master {

/// Runs until stop() or destroyed. The API must outlive it.
class Controllers {
 public:
  Controllers(Api& api, net::Cidr cluster_cidr, std::string ca_pem, const Clock& clock);
  ~Controllers();
  Controllers(const Controllers&) = delete;
  Controllers& operator=(const Controllers&) = delete;
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::master
