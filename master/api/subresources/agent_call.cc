// master/api/subresources/agent_call.cc — see agent_call.h.
#include "master/api/subresources/agent_call.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/subresources/proxy_message.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

const json::array* array_in(const json::object& object, std::string_view a, std::string_view b) {
  const auto* outer = object.if_contains(a);
  const auto* inner = outer && outer->is_object() ? outer->get_object().if_contains(b) : nullptr;
  return inner ? inner->if_array() : nullptr;
}

std::string_view string_of(const json::value& object, std::string_view key) {
  const auto* o = object.if_object();
  const auto* value = o ? o->if_contains(key) : nullptr;
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

}  // namespace

Answer<std::string> chosen_container(const json::object& pod, std::string_view pod_name,
                                     std::string_view wanted) {
  std::vector<std::string> regular, all;
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"})
    if (const auto* containers = array_in(pod, "spec", list))
      for (const auto& container : *containers) {
        all.emplace_back(string_of(container, "name"));
        if (list == "containers") regular.emplace_back(string_of(container, "name"));
      }
  if (!wanted.empty()) {
    if (std::ranges::find(all, wanted) == all.end())
      return errors::bad_request(
          text::cat("container ", wanted, " is not valid for pod ", pod_name));
    return std::string(wanted);
  }
  if (regular.size() == 1) return regular[0];
  if (const auto* metadata = pod.if_contains("metadata"); metadata && metadata->is_object()) {
    const auto preferred =
        string_at(metadata->get_object(), "annotations", "kubectl.kubernetes.io/default-container");
    if (std::ranges::find(regular, preferred) != regular.end()) return std::string(preferred);
  }
  return errors::bad_request(text::cat("a container name must be specified for pod ", pod_name,
                                       ", choose one of: [", text::join(regular, " "), "]"));
}

Answer<ApiParts::AgentAddress> agent_of(Call& call, std::string_view node_name) {
  const schema::Resource* nodes = schema::find_resource("", "v1", "nodes");
  const auto entry = call.api->objects().get(*nodes, "", node_name);
  if (!entry) return std::unexpected(entry.error());
  const json::object node = parse_object(*entry->value);
  ApiParts::AgentAddress out;
  if (const auto* addresses = array_in(node, "status", "addresses"))
    for (const std::string_view type : {"InternalIP", "ExternalIP"})
      for (const auto& address : *addresses)
        if (out.host.empty() && string_of(address, "type") == type)
          out.host = string_of(address, "address");
  if (out.host.empty())
    return errors::internal(text::cat("no preferred addresses found for node ", node_name));
  if (const auto ip = net::IpAddress::parse(out.host); !ip || !proxying::may_be_reached(*ip))
    return errors::bad_request(text::cat("the address ", quoted(out.host), " of node ", node_name,
                                         " is not one that an agent can have"));
  const auto* status = node.if_contains("status");
  const auto* endpoints =
      status && status->is_object() ? status->get_object().if_contains("daemonEndpoints") : nullptr;
  const auto* kubelet = endpoints && endpoints->is_object()
                            ? endpoints->get_object().if_contains("kubeletEndpoint")
                            : nullptr;
  const auto* port =
      kubelet && kubelet->is_object() ? kubelet->get_object().if_contains("Port") : nullptr;
  if (port && port->is_int64() && port->get_int64() > 0 && port->get_int64() < 65536)
    out.port = static_cast<int>(port->get_int64());
  return out;
}

std::string agent_message(const http::Response& answer) {
  std::string message(text::trim(answer.text()));
  if (message.starts_with('{'))
    if (const auto status = parse_object(message);
        status.contains("message") && status.at("message").is_string())
      message = std::string(status.at("message").get_string().data(),
                            status.at("message").get_string().size());
  return message;
}

}  // namespace nodal::master::handlers
