// master/api/subresources/proxy_backend.cc — see proxy_backend.h.
#include "master/api/subresources/proxy_backend.h"

#include <atomic>
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/subresources/agent_call.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master::handlers {
namespace {

using namespace fields;
using proxying::Named;

std::optional<std::uint16_t> port_number(std::string_view text) {
  const auto number = text::number<std::uint16_t>(text);
  return number && *number != 0 ? number : std::nullopt;
}

std::uint16_t usual_port(const Named& named) { return named.scheme == "https" ? 443 : 80; }

Answer<ApiParts::Backend> backend_at(const Named& named, std::string_view address,
                                     std::uint16_t port) {
  const auto ip = net::IpAddress::parse(address);
  if (!ip || !proxying::may_be_reached(*ip))
    return errors::bad_request(text::cat("address not allowed: ", address));
  return ApiParts::Backend{named.scheme, ip->text(), port, false};
}

Answer<json::object> object_named(Call& call, std::string_view plural, std::string_view ns,
                                  std::string_view name) {
  const auto entry = call.api->objects().get(*schema::find_resource("", "v1", plural), ns, name);
  if (!entry) return std::unexpected(entry.error());
  return parse_object(*entry->value);
}

// The port of that name, or the first there is when no name is said.
std::optional<std::uint16_t> container_port(const json::object& pod, std::string_view name) {
  const auto* spec = object_in(pod, "spec");
  const auto* containers = spec ? list_in(*spec, "containers") : nullptr;
  if (!containers) return std::nullopt;
  for (const auto& container : *containers) {
    const auto* ports = container.is_object() ? list_in(container.get_object(), "ports") : nullptr;
    if (!ports) continue;
    for (const auto& port : *ports)
      if (port.is_object() && (name.empty() || string_in(port.get_object(), "name") == name))
        return port_number(text::cat(int_in(port.get_object(), "containerPort").value_or(0)));
  }
  return std::nullopt;
}

Answer<ApiParts::Backend> pod_backend(Call& call, const Named& named) {
  const auto pod = NODAL_TRY(object_named(call, "pods", call.info.namespace_, named.name));
  auto port = named.port.empty() ? std::nullopt : port_number(named.port);
  if (!port) port = container_port(pod, named.port);
  if (!port && named.port.empty()) port = usual_port(named);
  if (!port)
    return errors::bad_request(
        text::cat("pod ", quoted(named.name), " has no port ", quoted(named.port)));
  // The address of a pod that has ended may be another's by now.
  const auto phase = string_at(pod, "status", "phase");
  const auto address = string_at(pod, "status", "podIP");
  if (address.empty() || phase == "Succeeded" || phase == "Failed")
    return errors::unavailable(text::cat("pod ", quoted(named.name), " is not running"));
  return backend_at(named, address, *port);
}

// What Endpoints call the port that the client calls by its number.
Answer<std::string> service_port(Call& call, const Named& named) {
  const auto service = NODAL_TRY(object_named(call, "services", call.info.namespace_, named.name));
  const auto number = text::number<std::int64_t>(named.port);
  if (!number) return named.port;
  const auto* spec = object_in(service, "spec");
  if (const auto* ports = spec ? list_in(*spec, "ports") : nullptr)
    for (const auto& port : *ports)
      if (port.is_object() && int_in(port.get_object(), "port") == *number)
        return std::string(string_in(port.get_object(), "name"));
  return errors::unavailable(
      text::cat("no service port ", *number, " found for service ", quoted(named.name)));
}

Answer<ApiParts::Backend> service_backend(Call& call, const Named& named) {
  const auto port_name = NODAL_TRY(service_port(call, named));
  const auto none =
      errors::unavailable(text::cat("no endpoints available for service ", quoted(named.name)));
  const auto endpoints = object_named(call, "endpoints", call.info.namespace_, named.name);
  if (!endpoints) return none;
  struct Place {
    std::string address;
    std::uint16_t port;
  };
  std::vector<Place> places;
  if (const auto* subsets = list_in(*endpoints, "subsets"))
    for (const auto& item : *subsets) {
      const auto* subset = item.if_object();
      const auto* ports = subset ? list_in(*subset, "ports") : nullptr;
      const auto* addresses = subset ? list_in(*subset, "addresses") : nullptr;
      if (!ports || !addresses) continue;
      for (const auto& port : *ports) {
        if (!port.is_object() || string_in(port.get_object(), "name") != port_name) continue;
        const auto number = port_number(text::cat(int_in(port.get_object(), "port").value_or(0)));
        if (!number) continue;
        for (const auto& address : *addresses)
          if (address.is_object())
            places.push_back({std::string(string_in(address.get_object(), "ip")), *number});
      }
    }
  if (places.empty()) return none;
  static std::atomic<std::size_t> turn = 0;  // one after the other, whoever asks
  const auto& place = places[turn++ % places.size()];
  return backend_at(named, place.address, place.port);
}

Answer<ApiParts::Backend> node_backend(Call& call, const Named& named) {
  const auto agent = NODAL_TRY(agent_of(call, named.name));
  const auto port = port_number(named.port);
  if (!named.port.empty() && !port)
    return errors::bad_request(text::cat("a node's port is a number, not ", quoted(named.port)));
  if (!port || *port == agent.port)
    return ApiParts::Backend{"https", agent.host, static_cast<std::uint16_t>(agent.port), true};
  return backend_at(named, agent.host, *port);
}

}  // namespace

Answer<ApiParts::Backend> backend_of(Call& call, const Named& named) {
  if (call.info.resource == "pods") return pod_backend(call, named);
  if (call.info.resource == "services") return service_backend(call, named);
  return node_backend(call, named);
}

}  // namespace nodal::master::handlers
