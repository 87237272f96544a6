// cni/request.h — what a CNI caller asks, checked. Pure.
// @source CNI specification 1.1.0, sections 2 and 4
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/address.h"

namespace nodal::cni {

/// The specification's error codes; from 100 on they are ours.
enum class Code : int {
  incompatible_version = 1,
  unsupported_field = 2,
  unknown_container = 3,
  invalid_environment = 4,
  io_failure = 5,
  undecodable = 6,
  invalid_config = 7,
  invalid_namespace = 8,
  try_again = 11,
  not_available = 50,
  exhausted = 100,
  kernel = 101,
  check_failed = 102,
};

struct Failure {
  Code code = Code::io_failure;
  std::string message, details;
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

enum class Verb { add, check, del, gc, status, version };

/// Who owns an address and a link.
struct Attachment {
  std::string container_id, interface;
  auto operator<=>(const Attachment&) const = default;
};

/// What CHECK is told of the result of ADD, as it stands there.
struct Previous {
  struct Interface {
    std::string name, mac, sandbox;  ///< sandbox: "" on the host
  };
  struct Route {
    std::string to, via;
  };
  std::vector<Interface> interfaces;
  std::vector<std::string> ips;  ///< with their prefix lengths
  std::vector<Route> routes;
};

struct Request {
  Verb verb = Verb::version;
  std::string version;  ///< of the answer
  std::string network;
  Attachment attachment;
  std::string netns;
  std::vector<net::Cidr> subnets;
  std::string data_folder;
  std::uint32_t mtu = 0;
  std::set<Attachment> valid;  ///< GC
  Previous previous;           ///< CHECK
};

using Environment = std::function<std::string(const char* name)>;

/// @param input  at most 1 MiB is accepted
Outcome<Request> parse_request(const Environment& environment, std::string_view input);

/// "nodal" and ten hex digits: the same for the same attachment, so DEL needs no memory.
std::string host_link_name(const Attachment& attachment);

}  // namespace nodal::cni
