// tests/support/services.h — short ways to write Services of a snapshot.
#pragma once

#include <string>
#include <vector>

#include "proxy/dataplane.h"
#include "proxy/service_snapshot.h"

namespace nodal::test {

inline net::IpAddress ip(const std::string& text) { return net::IpAddress::parse(text).value(); }
inline net::SocketAddress at(const std::string& text) {
  return net::SocketAddress::parse(text).value();
}

/// Builds a Service: service("web").at("10.96.0.10").port(80).to("10.244.0.2:8080").
class ServiceBuilder {
 public:
  explicit ServiceBuilder(std::string name, std::string ns = "default") {
    entry_.name = std::move(name);
    entry_.namespace_ = std::move(ns);
  }
  ServiceBuilder& cluster_ip(const std::string& text) {
    entry_.cluster_ips.push_back(ip(text));
    return *this;
  }
  ServiceBuilder& port(std::uint16_t number, proxy::Protocol protocol = proxy::Protocol::tcp) {
    proxy::ServicePort p;
    p.port = number;
    p.protocol = protocol;
    entry_.ports.push_back(p);
    return *this;
  }
  ServiceBuilder& node_port(std::uint16_t number) {
    entry_.type = proxy::ServiceType::node_port;
    entry_.ports.back().node_port = number;
    return *this;
  }
  ServiceBuilder& to(const std::string& address, bool ready = true, bool local = true) {
    proxy::Endpoint e;
    e.address = at(address);
    e.ready = ready;
    e.serving = ready;
    e.local = local;
    entry_.ports.back().endpoints.push_back(e);
    return *this;
  }
  ServiceBuilder& terminating(const std::string& address) {
    to(address, false);
    entry_.ports.back().endpoints.back().serving = true;
    entry_.ports.back().endpoints.back().terminating = true;
    return *this;
  }
  [[nodiscard]] proxy::ServiceEntry& entry() { return entry_; }
  [[nodiscard]] proxy::ServicePtr build() const {
    return std::make_shared<const proxy::ServiceEntry>(entry_);
  }
  [[nodiscard]] std::string key() const { return entry_.namespace_ + "/" + entry_.name; }

 private:
  proxy::ServiceEntry entry_;
};

inline proxy::ServiceSnapshot snapshot(const std::vector<ServiceBuilder>& services) {
  proxy::ServiceSnapshot out;
  for (const auto& service : services) out = out.with(service.key(), service.build());
  return out;
}

}  // namespace nodal::test
