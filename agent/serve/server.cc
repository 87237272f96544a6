// agent/serve/server.cc — see server.h.
#include "agent/serve/server.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <thread>

#include "agent/pod/facts.h"
#include "api-client/codec/codec.h"
#include "api-client/codec/time.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop/stop.h"
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

struct LogRequest {
  std::string ns, pod, container;
  bool previous = false;
  Runtime::LogOptions options;
};

Result<LogRequest> parse_log_request(const std::string& target) {
  const auto question = target.find('?');
  const auto parts = text::split(std::string_view(target).substr(0, question), '/');
  if (parts.size() != 5) return fail(Errc::not_found, "no such path");
  LogRequest out;
  std::string* names[] = {&out.ns, &out.pod, &out.container};
  for (std::size_t i = 0; i < 3; ++i) {
    auto part = http::percent_decode(parts[i + 2]);
    if (!part) return fail(Errc::invalid, "a path that cannot be decoded");
    *names[i] = std::move(*part);
  }
  const auto query = question == std::string::npos
                         ? std::vector<std::pair<std::string, std::string>>{}
                         : http::parse_query(std::string_view(target).substr(question + 1))
                               .value_or(std::vector<std::pair<std::string, std::string>>{});
  for (const auto& [key, value] : query) {
    const bool on = value == "true" || value == "1";
    const auto number = text::number<std::int64_t>(value);
    const bool counts = key == "tailLines" || key == "limitBytes" || key == "sinceSeconds";
    if (counts && (!number || *number < 0))
      return fail(Errc::invalid, text::cat(key, ": not a number: ", value));
    if (key == "follow") out.options.follow = on;
    if (key == "previous") out.previous = on;
    if (key == "timestamps") out.options.timestamps = on;
    if (key == "tailLines") out.options.tail_lines = *number;
    if (key == "limitBytes") out.options.limit_bytes = *number;
    if (key == "sinceSeconds") out.options.since_seconds = *number;
    if (key == "sinceTime") {
      out.options.since_time = parse_time(value);
      if (!out.options.since_time)
        return fail(Errc::invalid, text::cat("sinceTime: not a time: ", value));
    }
  }
  return out;
}

}  // namespace

struct AgentServer::State {
  Runtime* runtime = nullptr;
  const client::Mirror<core_v1::Pod>* pods = nullptr;
  Plans plans;
  std::stop_source stop;
  std::mutex mutex;
  std::list<std::jthread> streams;   // under mutex
  std::list<std::jthread> finished;  // under mutex: to be joined by the next
  std::atomic<int> count = 0;
  std::unique_ptr<http::Server> server, debug;

  void serve(const http::Request& request, const http::ResponderPtr& responder, bool local) {
    const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    if (!local && !may_ask(request))
      return responder->send(answer(request.certificate ? 403 : 401,
                                    request.certificate ? "Forbidden\n" : "Unauthorized\n"));
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
    if (path.starts_with("/containerLogs/")) return logs(request, responder);
    responder->send(answer(404, "no such path\n"));
  }

  void logs(const http::Request& request, const http::ResponderPtr& responder) {
    auto wanted = parse_log_request(request.target);
    if (!wanted)
      return responder->send(
          answer(wanted.error().code == Errc::not_found ? 404 : 400, wanted.error().message));
    if (++count > kMostStreams) {
      --count;
      return responder->send(answer(429, "too many log streams\n"));
    }
    const std::lock_guard lock(mutex);
    finished.clear();
    streams.emplace_back();
    const auto self = std::prev(streams.end());
    *self = std::jthread([this, self, wanted = std::move(*wanted), responder] {
      name_thread("logs");
      stream(wanted, responder);
      --count;
      const std::lock_guard end_lock(mutex);
      finished.splice(finished.end(), streams, self);
    });
  }

  void stream(const LogRequest& wanted, const http::ResponderPtr& responder) {
    const auto pod = pods->get(client::object_key(wanted.ns, wanted.pod));
    if (!pod)
      return responder->send(
          answer(404, text::cat("pod \"", wanted.pod, "\" is not on this node\n")));
    const auto seen = runtime->inspect(ref_of(*pod));
    if (!seen) return responder->send(answer(503, seen.error().message));
    const auto* container =
        wanted.previous ? previous(*seen, wanted.container) : newest(*seen, wanted.container);
    if (container == nullptr)
      return responder->send(
          answer(400, wanted.previous
                          ? text::cat("previous terminated container \"", wanted.container,
                                      "\" in pod \"", wanted.pod, "\" not found")
                          : text::cat("container \"", wanted.container, "\" in pod \"", wanted.pod,
                                      "\" is waiting to start: ContainerCreating")));
    std::stop_source gone;
    const std::stop_callback chain(stop.get_token(), [&gone] { gone.request_stop(); });
    responder->on_gone([gone]() mutable { gone.request_stop(); });
    http::Response head;
    head.headers.add("Content-Type", "text/plain; charset=utf-8");
    responder->begin(std::move(head));
    const auto done = runtime->logs(
        container->id, wanted.options,
        [&](std::string_view bytes) {
          return responder->write(std::make_shared<const std::string>(bytes)) &&
                 responder->wait_drained(kWaiting);
        },
        gone.get_token());
    if (!done && !gone.stop_requested())
      responder->write(std::make_shared<const std::string>(
          text::cat("logs end early: ", done.error().message, "\n")));
    responder->end();
  }
};

AgentServer::AgentServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

AgentServer::~AgentServer() {
  state_->stop.request_stop();
  state_->server.reset();
  state_->debug.reset();
  std::list<std::jthread> rest;
  {
    const std::lock_guard lock(state_->mutex);
    rest.swap(state_->streams);
  }
  rest.clear();
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
  serve.tls =
      http::ServerTls{options.certificate_pem, options.key_pem, options.client_ca_pem, false};
  raw->server = NODAL_TRY(http::Server::start(
      std::move(serve), [raw](http::Request request, http::ResponderPtr responder) {
        raw->serve(request, responder, false);
      }));
  if (!options.debug_socket.empty()) {
    NODAL_TRY(
        file::make_folders(options.debug_socket.substr(0, options.debug_socket.rfind('/')), 0755));
    http::ServerOptions local;
    local.listen = text::cat("unix:", options.debug_socket);
    raw->debug = NODAL_TRY(http::Server::start(
        std::move(local), [raw](http::Request request, http::ResponderPtr responder) {
          raw->serve(request, responder, true);
        }));
  }
  return out;
}

}  // namespace nodal::agent
