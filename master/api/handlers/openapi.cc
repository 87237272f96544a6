// master/api/handlers/openapi.cc — /openapi/v3 and /openapi/v2, made from the descriptors when
// asked for.
#include "api-client/codec/openapi.h"

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

void answer_document(Call& call, std::string document, std::string_view type, bool forever) {
  const std::string tag = text::cat("\"", codec::openapi_hash(document), "\"");
  http::Response response;
  response.headers = {{"Content-Type", std::string(type)}, {"Vary", "Accept"}, {"Etag", tag}};
  response.headers.set("Cache-Control", forever ? "public, immutable" : "no-cache, private");
  if (call.request.headers.get("If-None-Match") == tag) {
    response.status = 304;
  } else {
    response.append(std::move(document));
  }
  call.note(response.status);
  call.responder->send(std::move(response));
}

// Some hundred KiB are rendered: not on the thread that all connections share.
void render(Call& call) {
  std::string_view path = call.info.path;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/openapi/v2")
    return answer_document(call, codec::openapi_v2(),
                           "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", false);
  if (path == "/openapi/v3")
    return answer_document(call, codec::openapi_v3_index(), "application/json", false);
  const auto parts = text::split(path.substr(1), '/');
  std::string document;
  if (parts.size() == 4 && parts[2] == "api") document = codec::openapi_v3("", parts[3]);
  if (parts.size() == 5 && parts[2] == "apis") document = codec::openapi_v3(parts[3], parts[4]);
  if (document.empty()) return call.fail(errors::no_such_path().error());
  answer_document(call, std::move(document), "application/json", call.info.has_parameter("hash"));
}

}  // namespace

bool openapi(const CallPtr& call) {
  if (!call->info.path.starts_with("/openapi/v")) return false;
  if (call->info.verb != "get" && call->info.verb != "head") {
    call->fail(errors::method_not_allowed().error());
    return true;
  }
  if (!call->api->pool().run([call] { render(*call); }))
    call->fail(errors::unavailable("").error());
  return true;
}

}  // namespace nodal::master::handlers
