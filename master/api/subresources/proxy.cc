// master/api/subresources/proxy.cc — pods/proxy, services/proxy and nodes/proxy: any request,
// passed on to what the object's status says is its address.
#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/subresources/proxy_backend.h"
#include "master/api/subresources/splice.h"

namespace nodal::master::handlers {
namespace {

using proxying::View;

constexpr std::size_t kAhead = 1u << 20;  // waiting bytes of one answer before its producer pauses

ApiError unreachable(const Error& error) {
  return errors::unavailable(text::cat("error trying to reach service: ", error.message)).error();
}

bool is_bodiless(const Call& call, int status) {
  return call.request.method == "HEAD" || status == 204 || status == 304;
}

// On a thread of the stream pool.
void carry(const CallPtr& call, const ApiParts::Backend& backend, const http::Request& request,
           const View& view, std::stop_token stop) {
  bool begun = false, whole = false;
  const auto begin = [&](const http::Response& answer) {
    begun = true;
    whole = is_bodiless(*call, answer.status);
    http::Response head;
    head.status = answer.status;
    const auto headers = proxying::returned(answer.headers, view);
    for (const auto& [name, value] : headers.lines())
      if (whole || text::lower(name) != "content-length") head.headers.add(name, value);
    call->note(answer.status);
    if (whole)
      call->responder->send(std::move(head));
    else
      call->responder->begin(std::move(head));
  };
  const auto sink = [&](std::string_view bytes) {
    return call->responder->wait_drained(kAhead) &&
           call->responder->write(std::make_shared<const std::string>(bytes));
  };
  const auto done = call->api->parts().call_backend(backend, request, begin, sink, stop);
  if (!begun) return call->fail(unreachable(done ? Error{} : done.error()));
  // Broken off: the dying responder cuts the connection, so that the answer does not look whole.
  if (!whole && (done || stop.stop_requested())) call->responder->end();
}

// Likewise.
void switch_protocols(const CallPtr& call, const ApiParts::Backend& backend,
                      const http::Request& request, const View& view,
                      const std::stop_source& stop) {
  auto answer = call->api->parts().upgrade_backend(backend, request, stop.get_token());
  if (!answer) return call->fail(unreachable(answer.error()));
  if (!answer->connection) {
    http::Response refusal = std::move(answer->response);
    auto headers = proxying::returned(refusal.headers, view);
    refusal.headers = {};
    for (const auto& [name, value] : headers.lines())
      if (text::lower(name) != "content-length") refusal.headers.add(name, value);
    call->note(refusal.status);
    return call->responder->send(std::move(refusal));
  }
  splice_client(*call, std::move(*answer), stop);
}

// Links of a page are relative to its folder, so a folder's path has its slash.
void redirect_to_root(Call& call) {
  const auto question = call.request.target.find('?');
  http::Response answer;
  answer.status = 301;
  answer.headers = {
      {"Location",
       text::cat(call.info.path, "/",
                 question == std::string::npos ? "" : call.request.target.substr(question))}};
  call.note(301);
  call.responder->send(std::move(answer));
}

}  // namespace

void proxy(const CallPtr& call) {
  const auto& info = call->info;
  const auto named = proxying::parse_name(info.name);
  if (!named)
    return call->fail(errors::bad_request(text::cat("invalid ", call->resource->singular,
                                                    " request ", quoted(info.name)))
                          .error());
  const auto upgrade = proxying::wanted_upgrade(call->request.headers);
  if (upgrade.empty() && call->request.headers.has("Upgrade"))
    return call->fail(
        errors::bad_request("only websocket and SPDY/3.1 can be switched to").error());
  // A node's agent runs commands for a GET.
  if (!upgrade.empty() && info.resource == "nodes")
    if (const auto refused = refusal_to_switch(*call)) return call->fail(*refused);
  const auto backend = backend_of(*call, *named);
  if (!backend) return call->fail(backend.error());
  if (info.tail.empty() && upgrade.empty()) return redirect_to_root(*call);
  if (!call->api->parts().call_backend || !call->api->parts().upgrade_backend)
    return call->fail(errors::unavailable("").error());
  View view;
  view.prefix = info.path.substr(0, info.path.size() - info.tail.size());
  view.host = call->request.headers.get("Host");
  view.backend =
      text::cat(backend->host.find(':') == std::string::npos ? backend->host
                                                             : text::cat("[", backend->host, "]"),
                ":", backend->port);
  auto request = proxying::forwarded(call->request, view, info.tail);
  const bool taken =
      call->api->streams().run([call, backend = *backend, view, upgrade,
                                request = std::move(request), stop = stop_when_gone(*call)] {
        if (upgrade.empty())
          carry(call, backend, request, view, stop.get_token());
        else
          switch_protocols(call, backend, request, view, stop);
      });
  if (!taken) call->fail(errors::too_many("too many streams are open").error());
}

}  // namespace nodal::master::handlers
