// master/api/subresources/log.cc — pods/log: the agent's answer, passed through.
#include <algorithm>
#include <boost/json.hpp>

#include <thread>

#include "base/stream/handshake.h"
#include "base/stream/websocket_connection.h"
#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/subresources/agent_call.h"
#include "master/api/subresources/splice.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::string_view kBinary = "binary.k8s.io";
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

// The way to whoever reads a log: a chunked answer, or the messages of a WebSocket.
class Output {
 public:
  /// @param upgrade  headers of the 101; nothing: a plain answer
  Output(CallPtr call, std::optional<http::Headers> upgrade, std::stop_source gone)
      : call_(std::move(call)), upgrade_(std::move(upgrade)), gone_(std::move(gone)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    gone_.request_stop();  // ends the listener
  }

  [[nodiscard]] bool begun() const { return begun_; }

  bool write(std::string_view bytes) {
    if (!begun_) begin();
    if (upgrade_) return socket_ && socket_->write(bytes, gone_.get_token()).has_value();
    return call_->responder->wait_drained(kAhead) &&
           call_->responder->write(std::make_shared<const std::string>(bytes));
  }

  void end() {
    if (!begun_) begin();
    if (!upgrade_) return call_->responder->end();
    if (socket_) socket_->shutdown_write();
  }

 private:
  void begin() {
    begun_ = true;
    if (!upgrade_) {
      http::Response head;
      head.headers = {{"Content-Type", "text/plain"}, {"Cache-Control", "no-cache, private"}};
      call_->note(200);
      return call_->responder->begin(std::move(head));
    }
    call_->note(101);
    auto raw = call_->responder->upgrade(*upgrade_);
    if (!raw) return;
    socket_ = std::make_unique<websocket::StreamConnection>(std::move(raw),
                                                            websocket::Decoder::From::client);
    // Whoever goes while a followed log is silent is noticed here alone.
    listener_ = std::jthread([this] {
      char unread[512];
      while (socket_->read(unread, sizeof unread, gone_.get_token()).value_or(0) > 0) {
      }
      gone_.request_stop();
    });
  }

  const CallPtr call_;
  const std::optional<http::Headers> upgrade_;
  std::stop_source gone_;
  bool begun_ = false;
  std::unique_ptr<http::Connection> socket_;
  std::jthread listener_;  // last: joined before what it reads from goes
};

// On a thread of the stream pool.
void stream_log(const CallPtr& call, const ApiParts::AgentAddress& agent, const std::string& path,
                std::optional<http::Headers> upgrade, const std::stop_source& gone) {
  const auto stop = gone.get_token();
  Output out(call, std::move(upgrade), gone);
  const auto answer = call->api->parts().call_agent(
      agent, path, [&](std::string_view bytes) { return out.write(bytes); }, stop);
  if (out.begun()) {
    if (answer || stop.stop_requested()) out.end();
    return;  // broken off: the dying responder cuts the connection, so that the log does not look
             // whole
  }
  if (!answer)
    return call->fail(
        errors::internal(text::cat("Get \"https://", agent.host, ":", agent.port,
                                   path.substr(0, path.find('?')), "\": ", answer.error().message))
            .error());
  if (answer->status == 200) return out.end();
  const auto message = agent_message(*answer);
  if (answer->status == 404)
    return call->fail(errors::not_found(*call->resource, call->info.name).error());
  if (answer->status == 429) return call->fail(errors::too_many(message).error());
  if (answer->status >= 500) return call->fail(errors::internal(message).error());
  call->fail(errors::bad_request(message).error());
}

// The headers of the 101 that a client asked for; nothing when it asked for a plain answer.
Answer<std::optional<http::Headers>> upgrade_of(const http::Request& request) {
  if (!handshake::wants_upgrade(request, "websocket")) return std::nullopt;
  const auto offered = handshake::listed(request, "Sec-WebSocket-Protocol");
  if (!offered.empty() && std::ranges::find(offered, kBinary) == offered.end())
    return errors::bad_request(
        text::cat("no WebSocket protocol in common; a log is sent as ", kBinary));
  auto headers = handshake::websocket_answer(request, offered.empty() ? "" : kBinary);
  if (!headers) return errors::bad_request("not a WebSocket handshake of version 13");
  return headers;
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
  const auto upgrade = upgrade_of(call->request);
  if (!upgrade) return call->fail(upgrade.error());
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
  const bool taken = call->api->streams().run(
      [call, agent = *agent, path, upgrade = *upgrade, stop = stop_when_gone(*call)] {
        stream_log(call, agent, path, upgrade, stop);
      });
  if (!taken) call->fail(errors::too_many("too many streams are open").error());
}

}  // namespace nodal::master::handlers
