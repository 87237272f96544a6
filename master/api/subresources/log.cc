// master/api/subresources/log.cc — pods/log: the agent's answer, passed through.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::size_t kAhead = 1u << 20;  // waiting bytes of one log before its producer pauses

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

// The container that is meant, or why none is.
Answer<std::string> container_of(const json::object& pod, std::string_view pod_name,
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

// The query for the agent; only what it knows.
Answer<std::string> agent_query(const RequestInfo& info) {
  std::string out;
  const auto add = [&](std::string_view key, std::string_view value) {
    out += text::cat(out.empty() ? "?" : "&", key, "=", http::percent_encode(value));
  };
  for (const std::string_view key : {"follow", "previous", "timestamps"})
    if (info.flag(key)) add(key, "true");
  for (const std::string_view key : {"sinceSeconds", "tailLines", "limitBytes"}) {
    if (!info.has_parameter(key)) continue;
    const auto number = text::number<std::int64_t>(info.parameter(key));
    const std::int64_t least = key == "tailLines" ? 0 : 1;
    if (!number || *number < least)
      return errors::invalid(
          "", "PodLogOptions", info.name,
          {{"FieldValueInvalid", std::string(key),
            text::cat(
                "Invalid value: ", number ? std::to_string(*number) : quoted(info.parameter(key)),
                ": must be greater than or equal to ", least)}});
    add(key, info.parameter(key));
  }
  if (info.has_parameter("sinceTime")) {
    if (info.has_parameter("sinceSeconds"))
      return errors::invalid(
          "", "PodLogOptions", info.name,
          {{"FieldValueForbidden", "sinceSeconds",
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"}});
    add("sinceTime", info.parameter("sinceTime"));
  }
  return out;
}

Answer<ApiParts::AgentAddress> agent_of(Call& call, std::string_view node_name) {
  const schema::Resource* nodes = schema::find_resource("", "v1", "nodes");
  const auto entry = call.api->objects().get(*nodes, "", node_name);
  if (!entry) return std::unexpected(entry.error());
  const json::object node = parse_object(*entry->value);
  ApiParts::AgentAddress out;
  if (const auto* addresses = array_in(node, "status", "addresses"))
    for (const std::string_view type : {"InternalIP", "ExternalIP", "Hostname"})
      for (const auto& address : *addresses)
        if (out.host.empty() && string_of(address, "type") == type)
          out.host = string_of(address, "address");
  if (out.host.empty())
    return errors::internal(text::cat("no preferred addresses found for node ", node_name));
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

// On a thread of the stream pool.
void stream_log(const CallPtr& call, const ApiParts::AgentAddress& agent, const std::string& path,
                std::stop_token stop) {
  bool begun = false;
  const auto begin = [&] {
    begun = true;
    http::Response head;
    head.headers = {{"Content-Type", "text/plain"}, {"Cache-Control", "no-cache, private"}};
    call->count(200);
    call->responder->begin(std::move(head));
  };
  const auto sink = [&](std::string_view bytes) {
    if (!begun) begin();
    return call->responder->wait_drained(kAhead) &&
           call->responder->write(std::make_shared<const std::string>(bytes));
  };
  const auto answer = call->api->parts().call_agent(agent, path, sink, stop);
  if (begun) {
    if (answer || stop.stop_requested()) call->responder->end();
    return;  // broken off: the dying responder cuts the connection, so that the log does not look
             // whole
  }
  if (!answer)
    return call->fail(
        errors::internal(text::cat("Get \"https://", agent.host, ":", agent.port,
                                   path.substr(0, path.find('?')), "\": ", answer.error().message))
            .error());
  if (answer->status == 200) {
    begin();
    return call->responder->end();
  }
  std::string message(text::trim(answer->text()));
  // An agent that speaks Status is quoted, one that writes text as well.
  if (message.starts_with('{'))
    if (const auto status = parse_object(message);
        status.contains("message") && status.at("message").is_string())
      message = std::string(status.at("message").get_string().data(),
                            status.at("message").get_string().size());
  if (answer->status == 404)
    return call->fail(errors::not_found(*call->resource, call->info.name).error());
  if (answer->status >= 500) return call->fail(errors::internal(message).error());
  call->fail(errors::bad_request(message).error());
}

}  // namespace

void log(const CallPtr& call) {
  const auto entry =
      call->api->objects().get(*call->resource, call->info.namespace_, call->info.name);
  if (!entry) return call->fail(entry.error());
  const json::object pod = parse_object(*entry->value);
  const auto container = container_of(pod, call->info.name, call->info.parameter("container"));
  if (!container) return call->fail(container.error());
  const auto query = agent_query(call->info);
  if (!query) return call->fail(query.error());
  const auto node = string_at(pod, "spec", "nodeName");
  if (node.empty()) {  // nowhere yet, so no output yet
    http::Response empty;
    empty.headers = {{"Content-Type", "text/plain"}};
    call->count(200);
    return call->responder->send(std::move(empty));
  }
  const auto agent = agent_of(*call, node);
  if (!agent) return call->fail(agent.error());
  if (!call->api->parts().call_agent) return call->fail(errors::unavailable("").error());
  const std::string path = text::cat("/containerLogs/", call->info.namespace_, "/", call->info.name,
                                     "/", *container, *query);
  auto stop = std::make_shared<std::stop_source>();
  call->responder->on_gone([stop] { stop->request_stop(); });
  const bool taken = call->api->streams().run(
      [call, agent = *agent, path, stop] { stream_log(call, agent, path, stop->get_token()); });
  if (!taken) call->fail(errors::unavailable("too many logs are being read").error());
}

}  // namespace nodal::master::handlers
