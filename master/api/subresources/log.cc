// master/api/subresources/log.cc — pods/log: the agent's answer, passed through.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/subresources/agent_call.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::size_t kAhead = 1u << 20;  // waiting bytes of one log before its producer pauses

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

// On a thread of the stream pool.
void stream_log(const CallPtr& call, const ApiParts::AgentAddress& agent, const std::string& path,
                std::stop_token stop) {
  bool begun = false;
  const auto begin = [&] {
    begun = true;
    http::Response head;
    head.headers = {{"Content-Type", "text/plain"}, {"Cache-Control", "no-cache, private"}};
    call->note(200);
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
  const auto message = agent_message(*answer);
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
  const auto container = chosen_container(pod, call->info.name, call->info.parameter("container"));
  if (!container) return call->fail(container.error());
  const auto query = agent_query(call->info);
  if (!query) return call->fail(query.error());
  const auto node = string_at(pod, "spec", "nodeName");
  if (node.empty()) {  // nowhere yet, so no output yet
    http::Response empty;
    empty.headers = {{"Content-Type", "text/plain"}};
    call->note(200);
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
