// agent/serve/server.cc — see server.h.
#include "agent/serve/server.h"

#include <algorithm>

#include "agent/pod/facts.h"
#include "agent/serve/command_session.h"
#include "agent/serve/port_forward.h"
#include "agent/serve/target.h"
#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/loop/pool.h"
#include "base/stream/websocket_connection.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kMostStreams = 256;
constexpr std::size_t kWaiting = 1u << 20;  ///< bytes of one stream that may wait for a slow reader

http::Response answer(int status, std::string text,
                      const char* type = "text/plain; charset=utf-8") {
  http::Response out;
  out.status = status;
  out.headers.add("Content-Type", type);
  out.append(std::move(text));
  return out;
}

bool may_ask(const http::Request& request) {
  if (!request.certificate) return false;
  const auto& groups = request.certificate->organizations;
  return request.certificate->common_name == "kube-apiserver-kubelet-client" ||
         std::ranges::find(groups, "system:masters") != groups.end();
}

http::ServerTls tls_of(const ServeOptions& options) {
  return {options.certificate_pem, options.key_pem, options.client_ca_pem, false};
}

// How long a stream may go on: until the server ends or the client goes.
class Life {
 public:
  Life(const std::stop_token& server, http::Responder& client)
      : chain_(server, [source = source_]() mutable { source.request_stop(); }) {
    client.on_gone([source = source_]() mutable { source.request_stop(); });
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> chain_;
};

}  // namespace

struct AgentServer::State {
  Runtime* runtime = nullptr;
  const client::Mirror<core_v1::Pod>* pods = nullptr;
  Plans plans;
  std::stop_source stop;
  Pool streams{"stream", kMostStreams, 0};
  std::unique_ptr<http::Server> server, debug;

  void serve(const http::Request& request, const http::ResponderPtr& responder, bool local) {
    const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    if (!local && !may_ask(request))
      return responder->send(answer(request.certificate ? 403 : 401,
                                    request.certificate ? "Forbidden\n" : "Unauthorized\n"));
    auto target = parse_stream_target(request.target);
    if (target) return stream(request, std::move(*target), responder, local);
    if (target.error().code == Errc::invalid)
      return responder->send(answer(400, target.error().message));
    if (request.method != "GET") return responder->send(answer(405, "only GET\n"));
    if (path == "/healthz") return responder->send(answer(200, "ok"));
    if (path == "/pods") {
      std::string items;
      for (const auto& pod : pods->all())
        items += text::cat(items.empty() ? "" : ",", codec::encode(*pod));
      return responder->send(answer(
          200,
          text::cat(R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)", items, "]}"),
          "application/json"));
    }
    if (path == "/plans" && local) {
      std::string out;
      for (const auto& [pod, plan] : plans()) out += text::cat(pod, ": ", plan, "\n");
      return responder->send(answer(200, std::move(out)));
    }
    responder->send(answer(404, "no such path\n"));
  }

  // Streams block: each has a thread.
  void stream(const http::Request& request, StreamTarget target,
              const http::ResponderPtr& responder, bool local) {
    const bool logs = target.kind == StreamTarget::Kind::logs;
    if (local && !logs) return responder->send(answer(403, "only over TLS\n"));
    if (request.method != "GET" && (logs || request.method != "POST"))
      return responder->send(answer(405, logs ? "only GET\n" : "only GET and POST\n"));
    const bool taken = streams.run([this, request, target = std::move(target), responder] {
      carry(request, target, responder);
    });
    if (!taken) responder->send(answer(429, "too many streams are open on the node\n"));
  }

  void carry(const http::Request& request, const StreamTarget& target,
             const http::ResponderPtr& responder) {
    const auto pod = pods->get(client::object_key(target.ns, target.pod));
    if (!pod)
      return responder->send(
          answer(404, text::cat("pod \"", target.pod, "\" is not on this node\n")));
    const auto seen = runtime->inspect(ref_of(*pod));
    if (!seen) return responder->send(answer(503, seen.error().message));
    switch (target.kind) {
      case StreamTarget::Kind::logs:
        return logs(target, *pod, *seen, responder);
      case StreamTarget::Kind::exec:
      case StreamTarget::Kind::attach:
        return command(request, target, *pod, *seen, responder);
      case StreamTarget::Kind::port_forward:
        return forward(request, target, *seen, responder);
    }
  }

  void logs(const StreamTarget& target, const core_v1::Pod& pod, const SeenPod& seen,
            const http::ResponderPtr& responder) {
    const auto* container = target.previous ? last_ended(pod.status, seen, target.container)
                                            : newest(seen, target.container);
    if (container == nullptr)
      return responder->send(answer(
          400, target.previous ? text::cat("previous terminated container \"", target.container,
                                           "\" in pod \"", target.pod, "\" not found")
                               : waiting_to_start(pod, target.container)));
    const Life life(stop.get_token(), *responder);
    http::Response head;
    head.headers.add("Content-Type", "text/plain; charset=utf-8");
    responder->begin(std::move(head));
    const auto done = runtime->logs(
        container->id, target.log,
        [&](std::string_view bytes) {
          return responder->write(std::make_shared<const std::string>(bytes)) &&
                 responder->wait_drained(kWaiting);
        },
        life.token());
    if (!done && !life.token().stop_requested())
      responder->write(std::make_shared<const std::string>(
          text::cat("logs end early: ", done.error().message, "\n")));
    responder->end();
  }

  void command(const http::Request& request, const StreamTarget& target, const core_v1::Pod& pod,
               const SeenPod& seen, const http::ResponderPtr& responder) {
    const auto* container = newest(seen, target.container);
    if (container == nullptr || container->state != ContainerState::running)
      return responder->send(answer(
          400,
          !find_container(pod, target.container)
              ? text::cat("container ", target.container, " is not valid for pod ", target.pod)
              : text::cat("container ", target.container, " is not running in pod ", target.pod)));
    auto handshake = shake_hands(request, target.streams);
    if (!handshake.protocol)
      return refuse(handshake.status, handshake.headers, handshake.message, responder);
    const auto connection = responder->upgrade(std::move(handshake.headers));
    if (!connection) return;
    const Life life(stop.get_token(), *responder);
    const Runtime::StreamOptions options{target.streams.input, target.streams.tty};
    run_command(
        *connection, *handshake.protocol,
        [&] {
          return target.kind == StreamTarget::Kind::exec
                     ? runtime->exec_streams(container->id, target.command, options)
                     : runtime->attach(container->id, options);
        },
        life.token());
  }

  void forward(const http::Request& request, const StreamTarget& target, const SeenPod& seen,
               const http::ResponderPtr& responder) {
    const auto* sandbox = ready_sandbox(seen);
    if (sandbox == nullptr)
      return responder->send(answer(400, text::cat("pod ", target.pod, " is not running")));
    auto handshake = shake_hands_for_ports(request);
    if (handshake.status != 101)
      return refuse(handshake.status, handshake.headers, handshake.message, responder);
    auto connection = responder->upgrade(std::move(handshake.headers));
    if (!connection) return;
    const Life life(stop.get_token(), *responder);
    if (handshake.in_websocket)
      connection = std::make_unique<websocket::StreamConnection>(std::move(connection),
                                                                 websocket::Decoder::From::client);
    const std::string netns = sandbox->host_network ? "" : sandbox->netns_path;
    forward_ports(
        *connection, [&netns](std::uint16_t port) { return dial_in(netns, port); }, life.token());
  }

  static void refuse(int status, const http::Headers& headers, const std::string& message,
                     const http::ResponderPtr& responder) {
    auto refusal = answer(status, message + "\n");
    for (const auto& [name, value] : headers.lines()) refusal.headers.add(name, value);
    responder->send(std::move(refusal));
  }
};

AgentServer::AgentServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AgentServer::~AgentServer() {
  state_->stop.request_stop();
  state_->server.reset();
  state_->debug.reset();
}

Result<> AgentServer::reload(const ServeOptions& options) {
  return state_->server->reload(tls_of(options));
}

Result<std::unique_ptr<AgentServer>> AgentServer::start(const ServeOptions& options,
                                                        Runtime& runtime,
                                                        const client::Mirror<core_v1::Pod>& pods,
                                                        Plans plans) {
  auto state = std::make_unique<State>();
  State* raw = state.get();
  raw->runtime = &runtime;
  raw->pods = &pods;
  raw->plans = std::move(plans);
  std::unique_ptr<AgentServer> out(new AgentServer(std::move(state)));
  http::ServerOptions serve;
  serve.listen = options.listen;
  serve.tls = tls_of(options);
  raw->server = NODAL_TRY(http::Server::start(
      std::move(serve), [raw](const http::Request& request, const http::ResponderPtr& responder) {
        raw->serve(request, responder, false);
      }));
  if (!options.debug_socket.empty()) {
    NODAL_TRY(
        file::make_folders(options.debug_socket.substr(0, options.debug_socket.rfind('/')), 0755));
    http::ServerOptions local;
    local.listen = text::cat("unix:", options.debug_socket);
    raw->debug = NODAL_TRY(http::Server::start(
        std::move(local), [raw](const http::Request& request, const http::ResponderPtr& responder) {
          raw->serve(request, responder, true);
        }));
  }
  return out;
}

}  // namespace nodal::agent
