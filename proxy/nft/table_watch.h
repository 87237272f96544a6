// proxy/nft/table_watch.h — tells when somebody else changes our table: the kernel's own
// notifications, no polling.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::proxy::nft {

/// Listens to the nftables notifications of its network namespace. Thread: one of its own, ended by
/// the destructor.
class TableWatch {
 public:
  /// Of one transaction of another process: which of the prefixes name a table that it touched.
  /// None when notifications were lost, as our own great loads may bring about: then look. This
  /// process is known by its netlink sockets: the kernel names a thread, in its own numbering.
  using Changed = std::function<void(const std::set<std::string>& prefixes)>;
  static Result<std::unique_ptr<TableWatch>> start(std::vector<std::string> prefixes,
                                                   Changed changed);
  ~TableWatch();

 private:
  TableWatch(UniqueFd socket, UniqueFd wake, std::vector<std::string> prefixes, Changed changed);
  void listen();
  bool is_own(std::uint32_t port);

  UniqueFd socket_, wake_;
  std::vector<std::string> prefixes_;
  Changed changed_;
  std::set<std::uint32_t> own_;  // the thread's: netlink ports of this process
  std::thread thread_;
};

}  // namespace nodal::proxy::nft
