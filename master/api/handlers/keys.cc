// master/api/handlers/keys.cc — how others check the tokens of this cluster's service accounts:
// OpenID Connect discovery.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {

// @source OpenID Connect Discovery 1.0 §3, as far as service accounts need it
bool key_discovery(Call& call) {
  const bool configuration = call.info.path == "/.well-known/openid-configuration";
  if (!configuration && call.info.path != "/openid/v1/jwks") return false;
  const ApiParts& parts = call.api->parts();
  if (parts.jwks.empty()) return false;
  if (call.info.verb != "get" && call.info.verb != "head") {
    call.fail(errors::method_not_allowed().error());
    return true;
  }
  http::Response response;
  response.headers = call.headers();
  response.headers.set("Content-Type",
                       configuration ? "application/json" : "application/jwk-set+json");
  response.headers.set("Cache-Control", "public, max-age=3600");
  using boost::json::array;
  using boost::json::object;
  response.append(
      !configuration
          ? parts.jwks
          : boost::json::serialize(object{
                {"issuer", parts.issuer},
                {"jwks_uri", text::cat("https://", parts.advertise_address, "/openid/v1/jwks")},
                {"response_types_supported", array{"id_token"}},
                {"subject_types_supported", array{"public"}},
                {"id_token_signing_alg_values_supported", array{"ES256"}}}));
  call.note(200);
  call.responder->send(std::move(response));
  return true;
}

}  // namespace nodal::master::handlers
