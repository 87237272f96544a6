// agent/runtime/docker/engine.cc — the one place that turns Docker's HTTP status into our errors.
#include "agent/runtime/docker/engine.h"

#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::chrono::milliseconds kTimeout = std::chrono::minutes(2);

http::ClientOptions options_for(const std::string& address, std::chrono::milliseconds timeout) {
  http::ClientOptions out;
  out.address = address;
  out.connect_timeout = std::chrono::seconds(5);
  out.timeout = timeout;
  out.body_limit = 64u << 20;
  out.idle_connections = 8;
  return out;
}

Result<http::Response> checked(http::Response response) {
  if ((response.status >= 200 && response.status < 300) || response.status == 304) return response;
  const Errc code = [&] {
    switch (response.status) {
      case 400:
        return Errc::invalid;
      case 401:
      case 403:
        return Errc::forbidden;
      case 404:
        return Errc::not_found;
      case 409:
        return Errc::conflict;
      case 503:
        return Errc::unavailable;
      default:
        return Errc::internal;
    }
  }();
  return fail(code, error_message(response.text()));
}

}  // namespace

Engine::Engine(std::string address)
    : address_(std::move(address)), client_(options_for(address_, kTimeout)) {}

Error Engine::away(Error error) {
  if (error.code != Errc::unavailable) return error;
  const std::lock_guard lock(mutex_);
  prefix_.clear();  // another version may come up in its place
  return {Errc::unavailable,
          text::cat("the Docker Engine at ", address_, " cannot be reached: ", error.message)};
}

Result<EngineVersion> Engine::version() {
  http::Request request;
  request.target = "/version";
  request.headers.set("Host", "docker");
  auto response = client_.send(request);
  if (!response) return std::unexpected(away(std::move(response).error()));
  const auto answer = NODAL_TRY(checked(std::move(*response)));
  return parse_version(answer.text());
}

Result<std::string> Engine::prefix() {
  {
    const std::lock_guard lock(mutex_);
    if (!prefix_.empty()) return prefix_;
  }
  const auto engine = NODAL_TRY(version());
  const std::lock_guard lock(mutex_);
  return prefix_ = text::cat("/v", negotiate(engine));
}

Result<http::Request> Engine::request(std::string_view method, std::string_view path,
                                      std::string body, std::string_view content_type) {
  http::Request out;
  out.method = method;
  out.target = NODAL_TRY(prefix()).append(path);
  out.headers.set("Host", "docker");
  if (!body.empty()) out.headers.set("Content-Type", content_type);
  out.body = std::move(body);
  return out;
}

Result<http::Response> Engine::call(std::string_view method, std::string_view path,
                                    std::string body, std::string_view content_type) {
  auto response = client_.send(NODAL_TRY(request(method, path, std::move(body), content_type)));
  if (!response) return std::unexpected(away(std::move(response).error()));
  return checked(std::move(*response));
}

Result<http::Response> Engine::slow_call(std::string_view method, std::string_view path,
                                         std::chrono::milliseconds timeout, std::string body,
                                         std::string_view content_type) {
  const auto asked = NODAL_TRY(request(method, path, std::move(body), content_type));
  http::Client client(options_for(address_, timeout));
  auto response = client.send(asked);
  if (!response) return std::unexpected(away(std::move(response).error()));
  return checked(std::move(*response));
}

Result<std::unique_ptr<http::Connection>> Engine::upgrade(std::string_view path, std::string body) {
  auto asked = NODAL_TRY(request("POST", path, std::move(body), "application/json"));
  asked.headers.set("Connection", "Upgrade");
  asked.headers.set("Upgrade", "tcp");
  auto upgraded = client_.upgrade(asked, {}, http::Switch::docker);
  if (!upgraded) return std::unexpected(away(std::move(upgraded).error()));
  if (upgraded->connection) return std::move(upgraded->connection);
  NODAL_TRY(checked(std::move(upgraded->response)));
  return fail(Errc::internal, "the engine does not switch to a raw stream");
}

Result<> Engine::stream(std::string_view method, std::string_view path, std::string body,
                        http::Headers headers, const std::function<bool(std::string_view)>& sink,
                        std::stop_token stop, std::chrono::milliseconds idle) {
  auto asked = NODAL_TRY(request(method, path, std::move(body), "application/json"));
  for (const auto& [key, value] : headers.lines()) asked.headers.set(key, value);
  auto response = client_.stream(asked, sink, std::move(stop), idle);
  if (!response) return std::unexpected(away(std::move(response).error()));
  NODAL_TRY(checked(std::move(*response)));
  return {};
}

}  // namespace nodal::agent::docker
