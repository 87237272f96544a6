// api-client/client/watcher.h — list, watch, resume, relist: what every reflector does, whatever
// the kind.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "api-client/client/client.h"
#include "api-client/codec/resource_name.h"

namespace nodal::client {

/// Calls back on one thread of its own until destroyed.
class Watcher {
 public:
  struct Callbacks {
    /// A list begins: forget what came of one before.
    std::function<void()> begin_list;
    /// One object of the list. An error (an object that cannot be read) is logged and the object
    /// left out.
    std::function<Result<>(const boost::json::value&)> item;
    /// The list is whole.
    std::function<void()> end_list;
    /// A change; `deleted` with the object's last state.
    std::function<Result<>(const boost::json::value&, bool deleted)> change;
  };

  Watcher(std::shared_ptr<Client> client, ResourceName resource, ListOptions options,
          Callbacks callbacks);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  void run(std::stop_token stop);
  Result<> list(std::stop_token stop);
  /// How a watch ended. What the server or an event says against it may be about its revision ("Too
  /// large resource version", an event that cannot be read): then only a list gets past it.
  struct Ended {
    Result<> done{};
    bool resumes = true;  ///< from the revision that it has come to
  };
  /// One watch from `revision_` until it ends.
  Ended watch(std::stop_token stop);
  Result<> take(std::string_view line);

  const std::shared_ptr<Client> client_;
  const ResourceName resource_;
  const ListOptions options_;
  const Callbacks callbacks_;
  std::string revision_;  // the thread's
  std::jthread thread_;
};

}  // namespace nodal::client
