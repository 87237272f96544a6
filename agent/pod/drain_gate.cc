// agent/pod/drain_gate.cc — see drain_gate.h.
#include "agent/pod/drain_gate.h"

#include "base/http/client.h"
#include "base/text.h"

namespace nodal::agent {

void DrainGate::wait(const std::string& ns, const std::string& pod,
                     std::chrono::milliseconds longest) const {
  if (socket_.empty()) return;
  http::ClientOptions options;
  options.address = text::cat("unix:", socket_);
  options.connect_timeout = longest;
  options.timeout = longest;
  http::Request request;
  request.method = "GET";
  request.target = text::cat("/drained?pod=", http::percent_encode(text::cat(ns, "/", pod)));
  // The proxy answers when it is so; without an answer the pod ends as it would anywhere else.
  static_cast<void>(http::Client(std::move(options)).send(request));
}

}  // namespace nodal::agent
