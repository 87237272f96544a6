// proxy/host/health_ports.cc — see health_ports.h.
#include "proxy/host/health_ports.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace nodal::proxy {

std::uint16_t health_port(const ServiceEntry& service) {
  const bool asked = is_programmed(service) && service.type == ServiceType::load_balancer &&
                     service.external_policy == TrafficPolicy::local;
  return asked ? service.health_check_node_port : 0;
}

http::Response health_answer(const ServiceEntry& service) {
  std::set<net::IpAddress> local;
  for (const auto& port : service.ports)
    for (const auto& endpoint : port.endpoints)
      if (endpoint.local && endpoint.ready) local.insert(endpoint.address.ip);
  http::Response response;
  response.status = local.empty() ? 503 : 200;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("X-Load-Balancing-Endpoint-Weight", std::to_string(local.size()));
  // The names are DNS labels: nothing in them needs escaping.
  response.append(text::cat(R"({"service":{"namespace":")", service.namespace_, R"(","name":")",
                            service.name, R"("},"localEndpoints":)", local.size(),
                            R"(,"serviceProxyHealthy":true})", "\n"));
  return response;
}

void HealthPorts::follow(const Synced& synced) {
  // First those that end: another Service may have their port now.
  for (const auto& [key, before] : synced.before) {
    const auto it = ports_.find(key);
    const auto now = synced.services.find(key);
    if (it != ports_.end() && (!now || health_port(*now) != it->second.number)) ports_.erase(it);
  }
  const auto failed = std::exchange(failed_, {});
  std::set<std::string> keys;
  std::ranges::copy(synced.before | std::views::keys, std::inserter(keys, keys.end()));
  std::ranges::copy(failed | std::views::keys, std::inserter(keys, keys.end()));
  for (const auto& key : keys) {
    const auto now = synced.services.find(key);
    const auto number = now ? health_port(*now) : std::uint16_t{0};
    if (number == 0 || ports_.contains(key)) continue;
    auto server = http::Server::start(
        {.listen = text::cat("0.0.0.0:", number), .connection_limit = 64},
        [find = find_, key](const http::Request& request, const http::ResponderPtr& responder) {
          http::Response response;
          response.status = 503;
          if (request.method != "GET" && request.method != "HEAD") {
            response.status = 405;
          } else if (const auto service = find(key)) {
            response = health_answer(*service);
          }
          responder->send(std::move(response));
        });
    if (!server) {
      failed_[key] = number;
      const auto said = failed.find(key);
      if (said != failed.end() && said->second == number) continue;
      log::warn("a Service's healthCheckNodePort is not served",
                {{"service", key}, {"port", number}, {"error", server.error().message}});
      continue;
    }
    ports_[key] = {number, std::move(*server)};
  }
}

}  // namespace nodal::proxy
