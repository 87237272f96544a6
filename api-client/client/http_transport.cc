// api-client/client/http_transport.cc — see http_transport.h.
#include "api-client/client/http_transport.h"

#include "base/text.h"

namespace nodal::client {
namespace {

http::ClientTls tls_for(const ClusterAccess& access) {
  return {access.ca_pem, access.certificate_pem, access.key_pem, access.tls_server_name,
          access.insecure};
}

http::ClientOptions options_for(const ClusterAccess& access) {
  http::ClientOptions options;
  options.address = access.server;
  options.tls = tls_for(access);
  return options;
}

}  // namespace

HttpTransport::HttpTransport(const ClusterAccess& access,
                             std::optional<std::chrono::milliseconds> silence)
    : client_(options_for(access)), silence_(silence), token_(access.token) {}

Result<> HttpTransport::reload(const ClusterAccess& access) {
  NODAL_TRY(client_.reload(tls_for(access)));
  const std::lock_guard lock(mutex_);
  token_ = access.token;
  return {};
}

http::Request HttpTransport::authorized(const http::Request& request) {
  http::Request out = request;
  const std::lock_guard lock(mutex_);
  if (!token_.empty()) out.headers.set("Authorization", text::cat("Bearer ", token_));
  return out;
}

Result<http::Response> HttpTransport::send(const http::Request& request, std::stop_token stop) {
  return client_.send(authorized(request), stop);
}

Result<http::Response> HttpTransport::stream(const http::Request& request,
                                             const std::function<bool(std::string_view)>& sink,
                                             std::stop_token stop) {
  return client_.stream(authorized(request), sink, stop, silence_);
}

Result<http::Upgraded> HttpTransport::upgrade(const http::Request& request, std::stop_token stop) {
  return client_.upgrade(authorized(request), std::move(stop));
}

}  // namespace nodal::client
