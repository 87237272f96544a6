// master/registry/allocate/services.cc — see services.h.
#include "master/registry/allocate/services.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <random>

#include "base/text.h"
#include "master/registry/allocate/families.h"
#include "master/registry/api_error.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMostAddresses =
    1u << 20;  // of a range wider than a /12, only the first are used

std::string string_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  return value->is_uint64() ? static_cast<std::int64_t>(value->get_uint64()) : 0;
}

const json::object* spec_of(const json::object& service) {
  const auto* spec = service.if_contains("spec");
  return spec != nullptr ? spec->if_object() : nullptr;
}

bool wants_address(const json::object& spec) {
  return string_of(spec, "type") != "ExternalName" && string_of(spec, "clusterIP") != "None";
}

bool wants_node_ports(const json::object& spec) {
  const auto type = string_of(spec, "type");
  if (type == "NodePort") return true;
  if (type != "LoadBalancer") return false;
  const auto* allocate = spec.if_contains("allocateLoadBalancerNodePorts");
  return allocate == nullptr || !allocate->is_bool() || allocate->get_bool();
}

bool wants_health_port(const json::object& spec) {
  return string_of(spec, "type") == "LoadBalancer" &&
         string_of(spec, "externalTrafficPolicy") == "Local";
}

// As many numbers at the low end as Kubernetes leaves for those who choose themselves: between 16
// and 256, a sixteenth.
std::uint64_t static_band(std::uint64_t size, std::uint64_t most) {
  return size < 32 ? 0 : std::clamp<std::uint64_t>(size / 16, 16, most);
}

}  // namespace

struct ServiceAllocator::Held {
  std::vector<std::uint64_t> addresses;
  std::vector<std::uint64_t> ports;  // the health port among them
  std::optional<std::uint64_t> health_port;
};

ServiceAllocator::ServiceAllocator(Options options)
    : options_(options),
      addresses_(std::min(options.service_cidr.size(), kMostAddresses)),
      ports_(static_cast<std::uint64_t>(options.last_port - options.first_port) + 1) {
  // The network's own address, and in IPv4 its broadcast address, are no Service's.
  addresses_.take(0);
  if (options_.service_cidr.base().is_v4() && addresses_.size() > 1 &&
      addresses_.size() == options_.service_cidr.size())
    addresses_.take(addresses_.size() - 1);
  std::random_device random;
  next_address_ = random();
  next_port_ = random();
}

std::optional<std::uint64_t> ServiceAllocator::offset_of(const net::IpAddress& address) const {
  if (!options_.service_cidr.contains(address)) return std::nullopt;
  std::uint64_t offset = 0;
  const auto& base = options_.service_cidr.base().bytes();
  for (std::size_t i = 0; i < address.size(); ++i)
    offset = offset << 8 | static_cast<std::uint64_t>(address.bytes()[i] - base[i]);
  if (offset >= addresses_.size()) return std::nullopt;
  return offset;
}

ServiceAllocator::Held ServiceAllocator::held_by(const json::object& service) const {
  Held held;
  const auto* spec = spec_of(service);
  if (spec == nullptr) return held;
  if (wants_address(*spec))
    if (const auto ip = net::IpAddress::parse(string_of(*spec, "clusterIP")))
      if (const auto offset = offset_of(*ip)) held.addresses.push_back(*offset);
  if (const auto* list = spec->if_contains("ports"); list != nullptr && list->is_array())
    for (const auto& item : list->get_array()) {
      if (!item.is_object()) continue;
      const auto port = number_of(item.get_object(), "nodePort");
      if (port < options_.first_port || port > options_.last_port) continue;
      const auto n = static_cast<std::uint64_t>(port - options_.first_port);
      // TCP and UDP of one Service may share a number.
      if (std::ranges::find(held.ports, n) == held.ports.end()) held.ports.push_back(n);
    }
  if (const auto port = number_of(*spec, "healthCheckNodePort");
      port >= options_.first_port && port <= options_.last_port) {
    held.health_port = static_cast<std::uint64_t>(port - options_.first_port);
    if (std::ranges::find(held.ports, *held.health_port) == held.ports.end())
      held.ports.push_back(*held.health_port);
  }
  return held;
}

bool ServiceAllocator::restore(const json::object& service) {
  const std::lock_guard lock(mutex_);
  const Held held = held_by(service);
  bool clean = true;
  for (const auto n : held.addresses) clean = addresses_.take(n) && clean;
  for (const auto n : held.ports) clean = ports_.take(n) && clean;
  return clean;
}

void ServiceAllocator::release(const json::object& service) {
  const std::lock_guard lock(mutex_);
  const Held held = held_by(service);
  for (const auto n : held.addresses) addresses_.give_back(n);
  for (const auto n : held.ports) ports_.give_back(n);
}

ServiceAllocator::Reservation::~Reservation() {
  const std::lock_guard lock(owner_.mutex_);
  for (const auto n : addresses_) owner_.addresses_.give_back(n);
  for (const auto n : ports_) owner_.ports_.give_back(n);
}

void ServiceAllocator::Reservation::keep() {
  const std::lock_guard lock(owner_.mutex_);
  for (const auto n : old_addresses_) owner_.addresses_.give_back(n);
  for (const auto n : old_ports_) owner_.ports_.give_back(n);
  addresses_.clear();
  ports_.clear();
  old_addresses_.clear();
  old_ports_.clear();
}

bool ServiceAllocator::reserve_address(json::object& spec, Reservation& reservation,
                                       const Held& old, FieldErrors& errors, bool& used_up) {
  if (!wants_address(spec)) {
    if (string_of(spec, "clusterIP") == "None") spec["clusterIPs"] = json::array{"None"};
    reservation.old_addresses_ = old.addresses;
    return true;
  }
  const std::string wanted = string_of(spec, "clusterIP");
  std::uint64_t offset = 0;
  if (!wanted.empty()) {
    const auto invalid = [&](std::string_view why) {
      errors.push_back({"FieldValueInvalid", "spec.clusterIPs",
                        text::cat("Invalid value: []string{", quoted(wanted), "}: ", why)});
      return false;
    };
    const auto ip = net::IpAddress::parse(wanted);
    if (!ip) {
      errors.push_back({"FieldValueInvalid", "spec.clusterIPs[0]",
                        text::cat("Invalid value: ", quoted(wanted),
                                  ": must be a valid IP address, (e.g. 10.9.8.7 or "
                                  "2001:db8::ffff)")});
      return false;
    }
    const auto found = offset_of(*ip);
    if (!found)
      return invalid(text::cat("failed to allocate IP ", wanted, ": the provided IP (", wanted,
                               ") is not in the valid range. The range of valid IPs is ",
                               options_.service_cidr.text()));
    offset = *found;
    if (std::ranges::find(old.addresses, offset) == old.addresses.end()) {
      if (!addresses_.take(offset))
        return invalid(
            text::cat("failed to allocate IP ", wanted, ": provided IP is already allocated"));
      reservation.addresses_.push_back(offset);
    }
  } else if (!old.addresses.empty()) {
    offset = old.addresses.front();
  } else {
    const auto free = addresses_.take_any(static_band(addresses_.size(), 256), next_address_);
    next_address_ += 1;
    if (!free) {
      used_up = true;
      return false;
    }
    offset = *free;
    reservation.addresses_.push_back(offset);
  }
  for (const auto n : old.addresses)
    if (n != offset) reservation.old_addresses_.push_back(n);
  const std::string ip = options_.service_cidr.base().plus(offset).text();
  spec["clusterIP"] = ip;
  spec["clusterIPs"] = json::array{ip};
  return true;
}

bool ServiceAllocator::reserve_ports(json::object& spec, Reservation& reservation, const Held& old,
                                     FieldErrors& errors, bool& used_up) {
  std::vector<std::uint64_t> mine;  // of this object
  const auto is_mine = [&](std::uint64_t n) { return std::ranges::find(mine, n) != mine.end(); };
  // Takes the port that the client names. @param shared  two ports of different protocols may
  // share one
  const auto take_chosen = [&](std::int64_t number, bool shared, const std::string& field) {
    const auto invalid = [&](std::string_view why) {
      errors.push_back(
          {"FieldValueInvalid", field, text::cat("Invalid value: ", number, ": ", why)});
    };
    if (number < options_.first_port || number > options_.last_port)
      return invalid(
          text::cat("provided port is not in the valid range. The range of valid ports is ",
                    options_.first_port, "-", options_.last_port));
    const auto n = static_cast<std::uint64_t>(number - options_.first_port);
    if (is_mine(n)) {
      if (!shared) invalid("provided port is already allocated");
      return;
    }
    if (std::ranges::find(old.ports, n) == old.ports.end()) {
      if (!ports_.take(n)) return invalid("provided port is already allocated");
      reservation.ports_.push_back(n);
    }
    mine.push_back(n);
  };
  // A free port's number; nothing when the range is used up.
  const auto take_any = [&]() -> std::optional<std::int64_t> {
    const auto free = ports_.take_any(static_band(ports_.size(), 128), next_port_);
    next_port_ += 1;
    if (!free) {
      used_up = true;
      return std::nullopt;
    }
    reservation.ports_.push_back(*free);
    mine.push_back(*free);
    return static_cast<std::int64_t>(options_.first_port + *free);
  };

  auto* list = spec.if_contains("ports");
  const bool wanted = wants_node_ports(spec);
  const auto each_port = [&](auto call) {
    if (list == nullptr || !list->is_array()) return;
    std::size_t at = 0;
    for (auto& item : list->get_array()) {
      if (item.is_object()) call(item.get_object(), at);
      ++at;
    }
  };
  // Chosen ones first, so that none of them is given away below.
  each_port([&](json::object& port, std::size_t at) {
    if (!wanted)
      port.erase("nodePort");
    else if (const auto number = number_of(port, "nodePort"); number != 0)
      take_chosen(number, true, text::cat("spec.ports[", at, "].nodePort"));
  });
  const bool health = wants_health_port(spec);
  const auto health_port = number_of(spec, "healthCheckNodePort");
  if (health && health_port != 0) take_chosen(health_port, false, "spec.healthCheckNodePort");
  each_port([&](json::object& port, std::size_t) {
    if (!wanted || number_of(port, "nodePort") != 0 || used_up) return;
    if (const auto number = take_any()) port["nodePort"] = *number;
  });
  if (!health) {
    spec.erase("healthCheckNodePort");
  } else if (health_port == 0 && !used_up) {
    if (old.health_port && !is_mine(*old.health_port)) {
      mine.push_back(*old.health_port);
      spec["healthCheckNodePort"] =
          static_cast<std::int64_t>(options_.first_port + *old.health_port);
    } else if (const auto number = take_any()) {
      spec["healthCheckNodePort"] = *number;
    }
  }
  if (used_up) return false;
  for (const auto n : old.ports)
    if (std::ranges::find(mine, n) == mine.end()) reservation.old_ports_.push_back(n);
  return errors.empty();
}

Result<std::unique_ptr<ServiceAllocator::Reservation>> ServiceAllocator::reserve(
    json::object& service, const json::object* old, FieldErrors& errors) {
  auto reservation = std::make_unique<Reservation>(*this);
  bool used_up = false;
  auto* spec = service.if_contains("spec");
  if (spec == nullptr || !spec->is_object()) return reservation;
  settle_families(spec->get_object(), options_.service_cidr.base().is_v6(), errors);
  if (!errors.empty()) return reservation;
  {
    const std::lock_guard lock(mutex_);
    const Held held = old != nullptr ? held_by(*old) : Held{};
    if (reserve_address(spec->get_object(), *reservation, held, errors, used_up))
      reserve_ports(spec->get_object(), *reservation, held, errors, used_up);
  }
  if (used_up)
    return fail(Errc::unavailable,
                text::cat("no free ",
                          reservation->addresses_.empty() && wants_address(spec->get_object()) &&
                                  string_of(spec->get_object(), "clusterIP").empty()
                              ? text::cat("address is left in ", options_.service_cidr.text())
                              : text::cat("node port is left in ", options_.first_port, "-",
                                          options_.last_port)));
  return reservation;
}

std::uint64_t ServiceAllocator::addresses_taken() const {
  const std::lock_guard lock(mutex_);
  return addresses_.taken();
}

std::uint64_t ServiceAllocator::ports_taken() const {
  const std::lock_guard lock(mutex_);
  return ports_.taken();
}

}  // namespace nodal::master
