// proxy/nft/table_watch.h — tells when somebody else changes our table: the kernel's own
// notifications, no polling.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::proxy::nft {

/// Listens to the nftables notifications of its network namespace. `changed` is called when a
/// transaction of another process touched a table whose name begins with our prefix, and when
/// notifications were lost (then: look). Thread: one of its own, ended by the destructor.
class TableWatch {
 public:
  static Result<std::unique_ptr<TableWatch>> start(std::vector<std::string> prefixes,
                                                   std::function<void()> changed);
  ~TableWatch();

 private:
  TableWatch(UniqueFd socket, UniqueFd wake, std::vector<std::string> prefixes,
             std::function<void()> changed);
  void listen();

  UniqueFd socket_, wake_;
  std::vector<std::string> prefixes_;
  std::function<void()> changed_;
  std::thread thread_;
};

}  // namespace nodal::proxy::nft
