// master/api/subresources/stream.cc — pods/exec, attach and portforward: a connection to the agent,
// spliced through.
#include <array>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/subresources/agent_call.h"
#include "master/api/subresources/splice.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

// What the agent must see of the client's headers to agree on a protocol.
constexpr std::array<std::string_view, 6> kPassedOn = {"Connection",
                                                       "Upgrade",
                                                       "Sec-WebSocket-Key",
                                                       "Sec-WebSocket-Version",
                                                       "Sec-WebSocket-Protocol",
                                                       "X-Stream-Protocol-Version"};

bool wants_upgrade(const http::Request& request) {
  return text::lower(request.headers.get("Connection")).find("upgrade") != std::string::npos &&
         request.headers.has("Upgrade");
}

// The path on the agent, with the query as kubelets know it.
Answer<std::string> agent_target(const Call& call, const json::object& pod) {
  const auto& info = call.info;
  if (info.subresource == "portforward")
    return text::cat("/portForward/", info.namespace_, "/", info.name);
  const auto container = chosen_container(pod, info.name, info.parameter("container"));
  if (!container) return std::unexpected(container.error());
  std::string query;
  const auto add = [&](std::string_view key, std::string_view value) {
    query += text::cat(query.empty() ? "?" : "&", key, "=", http::percent_encode(value));
  };
  for (const auto& [ours, theirs] :
       {std::pair{"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}})
    if (info.flag(ours)) add(theirs, "1");
  if (query.empty())
    return errors::bad_request("you must specify at least one of stdin, stdout, stderr");
  if (info.subresource == "exec") {
    const auto commands = info.parameters("command");
    if (commands.empty()) return errors::bad_request("you must specify a command");
    for (const auto command : commands) add("command", command);
  }
  return text::cat("/", info.subresource, "/", info.namespace_, "/", info.name, "/", *container,
                   query);
}

// On a thread of the stream pool.
void pass_through(const CallPtr& call, const ApiParts::AgentAddress& agent,
                  const http::Request& request, const std::stop_source& stop) {
  auto answer = call->api->parts().upgrade_agent(agent, request, stop.get_token());
  if (!answer)
    return call->fail(
        errors::internal(text::cat("error dialing backend: ", answer.error().message)).error());
  if (!answer->connection) {
    const auto message = agent_message(answer->response);
    if (answer->response.status == 404)
      return call->fail(errors::not_found(*call->resource, call->info.name).error());
    if (answer->response.status == 403) {
      // No protocol in common: kubectl reads from the headers which there are.
      http::Response refusal;
      refusal.status = 403;
      refusal.headers = answer->response.headers;
      refusal.append(message + "\n");
      call->note(403);
      return call->responder->send(std::move(refusal));
    }
    if (answer->response.status == 429) return call->fail(errors::too_many(message).error());
    return call->fail(
        (answer->response.status >= 500 ? errors::internal(message) : errors::bad_request(message))
            .error());
  }
  splice_client(*call, std::move(*answer), stop);
}

}  // namespace

void stream(const CallPtr& call) {
  if (const auto refused = refusal_to_switch(*call)) return call->fail(*refused);
  const auto entry =
      call->api->objects().get(*call->resource, call->info.namespace_, call->info.name);
  if (!entry) return call->fail(entry.error());
  const json::object pod = parse_object(*entry->value);
  const auto target = agent_target(*call, pod);
  if (!target) return call->fail(target.error());
  const auto node = string_at(pod, "spec", "nodeName");
  if (node.empty())
    return call->fail(
        errors::bad_request(text::cat("pod ", call->info.name, " does not have a host assigned"))
            .error());
  if (!wants_upgrade(call->request))
    return call->fail(errors::bad_request("Upgrade request required").error());
  const auto agent = agent_of(*call, node);
  if (!agent) return call->fail(agent.error());
  if (!call->api->parts().upgrade_agent) return call->fail(errors::unavailable("").error());
  http::Request request;
  request.method = call->request.method;
  request.target = *target;
  for (const auto name : kPassedOn)
    for (const auto line : call->request.headers.all(name)) request.headers.add(name, line);
  const bool taken = call->api->streams().run(
      [call, agent = *agent, request = std::move(request), stop = stop_when_gone(*call)] {
        pass_through(call, agent, request, stop);
      });
  if (!taken) call->fail(errors::too_many("too many streams are open").error());
}

}  // namespace nodal::master::handlers
