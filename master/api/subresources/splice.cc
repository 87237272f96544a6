// master/api/subresources/splice.cc — see splice.h.
#include "master/api/subresources/splice.h"

namespace nodal::master::handlers {

std::optional<ApiError> refusal_to_switch(const Call& call) {
  if (call.info.verb == "create") return std::nullopt;
  RequestInfo creation = call.info;
  creation.verb = "create";
  return call.api->refusal(call.caller, creation);
}

std::stop_source stop_when_gone(const Call& call) {
  std::stop_source stop;
  call.responder->on_gone([stop]() mutable { stop.request_stop(); });
  return stop;
}

void splice_client(const Call& call, http::Upgraded backend, std::stop_source stop) {
  call.note(101);
  const auto client = call.responder->upgrade(std::move(backend.response.headers));
  if (!client) return;
  // Whoever goes while the backend takes nothing is noticed here alone: nobody reads then.
  call.responder->on_gone([stop]() mutable { stop.request_stop(); });
  http::splice(*client, *backend.connection, stop);
}

}  // namespace nodal::master::handlers
