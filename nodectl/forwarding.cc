// nodectl/forwarding.cc — see forwarding.h.
#include "nodectl/forwarding.h"

#include <boost/json/array.hpp>

#include "base/net/address.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

Result<std::uint16_t> named_port_of_pod(const json::value& pod, std::string_view name) {
  for (const auto& container : list_at(pod, "spec.containers"))
    for (const auto& port : list_at(container, "ports"))
      if (text_at(port, "name") == name)
        return static_cast<std::uint16_t>(int_at(port, "containerPort"));
  return fail(Errc::invalid, text::cat("Pod '", text_at(pod, "metadata.name"),
                                       "' does not have a named port '", name, "'"));
}

Result<std::uint16_t> named_port_of_service(const json::value& service, std::string_view name) {
  for (const auto& port : list_at(service, "spec.ports"))
    if (text_at(port, "name") == name) return static_cast<std::uint16_t>(int_at(port, "port"));
  return fail(Errc::invalid, text::cat("Service '", text_at(service, "metadata.name"),
                                       "' does not have a named port '", name, "'"));
}

Result<std::uint16_t> target_of(const json::value& service, const json::value& pod,
                                std::uint16_t port) {
  for (const auto& item : list_at(service, "spec.ports")) {
    if (int_at(item, "port") != port) continue;
    // Clients of a headless Service reach its pods without it.
    if (text_at(service, "spec.clusterIP") == "None") return port;
    const auto target = text_at(item, "targetPort");
    if (target.empty() || target == "0") return port;
    if (const auto number = text::number<std::uint16_t>(target)) return *number;
    return named_port_of_pod(pod, target);
  }
  return fail(Errc::invalid, text::cat("Service ", text_at(service, "metadata.name"),
                                       " does not have a service port ", port));
}

}  // namespace

Result<ForwardedPort> forwarded_port(const std::string& text, const json::value& pod,
                                     const json::value& service) {
  const auto parts = text::split(text, ':');
  if (parts.empty() || parts.size() > 2 || parts.back().empty())
    return fail(Errc::invalid, text::cat("invalid port format '", text, "': LOCAL:REMOTE"));
  const bool same = parts.size() == 1;
  const auto number = text::number<std::uint16_t>(parts.back());
  if (number == 0) return fail(Errc::invalid, "remote port must be > 0");
  ForwardedPort out;
  out.remote = number              ? *number
               : service.is_null() ? NODAL_TRY(named_port_of_pod(pod, parts.back()))
                                   : NODAL_TRY(named_port_of_service(service, parts.back()));
  if (same) {
    out.local = out.remote;
  } else if (!parts[0].empty()) {
    const auto local = text::number<std::uint16_t>(parts[0]);
    if (!local) return fail(Errc::invalid, text::cat("error parsing local port '", parts[0], "'"));
    out.local = *local;
  }
  if (!service.is_null()) out.remote = NODAL_TRY(target_of(service, pod, out.remote));
  return out;
}

Result<std::vector<LocalAddress>> local_addresses(const std::vector<std::string>& given) {
  std::vector<LocalAddress> out;
  const auto add = [&](LocalAddress address) {
    if (std::ranges::find(out, address.ip, &LocalAddress::ip) == out.end())
      out.push_back(std::move(address));
  };
  for (const auto& list : given)
    for (const auto item : text::split(list, ',')) {
      if (item == "localhost") {
        add({"127.0.0.1", true});
        add({"::1", true});
      } else if (const auto ip = net::IpAddress::parse(item)) {
        add({ip->text(), false});
      } else {
        return fail(Errc::invalid, text::cat(item, " is not a valid IP"));
      }
    }
  return out;
}

}  // namespace nodal::nodectl
