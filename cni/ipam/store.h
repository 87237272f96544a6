// cni/ipam/store.h — leases as files: one per address, named by it, holding its owner.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "cni/request.h"

namespace nodal::cni::ipam {

/// Holds the folder's lock while it lives; so calls of parallel plugins follow each other.
class Store {
 public:
  /// @errors unavailable: the lock was not free for 20 s
  static Result<Store> open(const std::string& folder, const std::string& network);

  /// The lease of an attachment; the one it has already, if it has.
  struct Taken {
    net::IpAddress ip;
    net::Cidr subnet;
    bool fresh = true;
  };
  /// @errors not_found: every address of the subnets is taken
  Result<Taken> take(const std::vector<net::Cidr>& subnets, const Attachment& owner);
  /// Gives back all addresses of an attachment; none is success.
  Result<> release(const Attachment& owner);
  struct Lease {
    net::IpAddress ip;
    Attachment owner;
  };
  Result<std::vector<Lease>> leases() const;

 private:
  Store(std::string folder, UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::string folder_;
  UniqueFd lock_;
};

}  // namespace nodal::cni::ipam
