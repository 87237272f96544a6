// master/registry/allocate/services.h — cluster addresses and node ports of Services, without leak
// or double use.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/net/address.h"
#include "base/result.h"
#include "master/registry/allocate/numbers.h"
#include "master/registry/strategy.h"

namespace nodal::master {

/// What of Services must be unique in the cluster. Filled at start from the stored Services; after
/// that every create, update and delete goes through it. Thread-safe.
///
/// The lower part of both ranges is left to those who ask for a number of their own, as long as the
/// rest suffices.
/// @source Service API reference; KEP-3070 and KEP-3668 (static bands); REQUIREMENTS of validation
/// (wording)
class ServiceAllocator {
 public:
  struct Options {
    net::Cidr service_cidr;  ///< IPv4 or IPv6
    std::uint16_t first_port = 30000, last_port = 32767;
  };
  explicit ServiceAllocator(Options options);

  /// Takes what an object that is stored already has. False when something of it was taken before,
  /// or lies outside.
  bool restore(const boost::json::object& service);

  /// Taken numbers that go back when it dies, unless kept.
  class Reservation {
   public:
    Reservation(ServiceAllocator& owner) : owner_(owner) {}
    ~Reservation();
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    /// The object is stored: the new numbers stay, those that only the old object had go back.
    void keep();

   private:
    friend class ServiceAllocator;
    ServiceAllocator& owner_;
    std::vector<std::uint64_t> addresses_, ports_;          // taken for this write
    std::vector<std::uint64_t> old_addresses_, old_ports_;  // free once it is stored
  };

  /// Fills clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy and nodePorts of the new object and
  /// takes them.
  /// @param old  what is stored now; null for a creation
  /// Adds to `errors` what cannot be had; then nothing is taken.
  /// @errors unavailable when a range is used up
  Result<std::unique_ptr<Reservation>> reserve(boost::json::object& service,
                                               const boost::json::object* old, FieldErrors& errors);

  /// The object is gone.
  void release(const boost::json::object& service);

  [[nodiscard]] std::uint64_t addresses_taken() const;
  [[nodiscard]] std::uint64_t ports_taken() const;

 private:
  struct Held;
  [[nodiscard]] std::optional<std::uint64_t> offset_of(const net::IpAddress& address) const;
  [[nodiscard]] Held held_by(const boost::json::object& service) const;
  bool reserve_address(boost::json::object& spec, Reservation& reservation, const Held& old,
                       FieldErrors& errors, bool& used_up);
  bool reserve_ports(boost::json::object& spec, Reservation& reservation, const Held& old,
                     FieldErrors& errors, bool& used_up);

  const Options options_;
  mutable std::mutex mutex_;
  Numbers addresses_;                               // offsets into the range; under mutex_
  Numbers ports_;                                   // offsets from first_port; under mutex_
  std::uint64_t next_address_ = 0, next_port_ = 0;  // under mutex_
};

}  // namespace nodal::master
