// master/api/api.cc — see api.h: authentication, routing, the frame of every answer.
#include "master/api/api.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/codec.h"
#include "base/log.h"
#include "base/stream/gzip.h"
#include "base/stream/handshake.h"
#include "base/text.h"
#include "master/api/audit.h"
#include "master/api/handlers.h"
#include "master/api/table.h"
#include "master/registry/conversion.h"

namespace nodal::master {
namespace {

constexpr const char* kMetaVersion = "meta.k8s.io/v1";
constexpr std::string_view kJson = "application/json";

// A Warning header's text: printable, quotes escaped (RFC 7234 §5.5).
std::string warning_header(std::string_view text) {
  std::string out = "299 - \"";
  for (const char c : text.substr(0, 1024)) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  out += '"';
  return out;
}

IncludeObject include_object(const RequestInfo& info) {
  const auto value = info.parameter("includeObject");
  if (value == "None") return IncludeObject::none;
  if (value == "Object") return IncludeObject::object;
  return IncludeObject::metadata;
}

// @source API validation of CreateOptions, UpdateOptions and PatchOptions
std::optional<ApiError> wrong_manager(const RequestInfo& info) {
  const auto manager = info.parameter("fieldManager");
  std::string why;
  if (manager.size() > handlers::kMaxManager)
    why = text::cat("Too long: may not be more than ", handlers::kMaxManager, " bytes");
  else if (std::ranges::any_of(manager, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    why =
        text::cat("Invalid value: ", quoted(manager), ": should only contain printable characters");
  if (why.empty()) return std::nullopt;
  const std::string_view kind = info.verb == "create"   ? "CreateOptions"
                                : info.verb == "update" ? "UpdateOptions"
                                                        : "PatchOptions";
  return errors::invalid("meta.k8s.io", kind, "", {{"FieldValueInvalid", "fieldManager", why}})
      .error();
}

// Large answers to whoever takes gzip.
// @source kube-apiserver's threshold
bool is_worth_packing(const Call& call, const http::Response& response) {
  constexpr std::size_t kLeast = 128u << 10;
  if (response.status != 200 || call.request.method != "GET") return false;
  std::size_t size = 0;
  for (const auto& part : response.body) size += part->size();
  if (size <= kLeast) return false;
  const auto taken = handshake::listed(call.request, "Accept-Encoding");
  return std::ranges::find(taken, "gzip") != taken.end();
}

bool is_subset_of(std::span<const std::string_view> verbs, std::string_view verb) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

}  // namespace

boost::json::object Caller::user_info() const {
  boost::json::object out{{"username", user}};
  if (!uid.empty()) out["uid"] = uid;
  if (!groups.empty()) out["groups"] = boost::json::array(groups.begin(), groups.end());
  if (extra.empty()) return out;
  auto& more = out["extra"].emplace_object();
  for (const auto& [key, values] : extra)
    more[key] = boost::json::array(values.begin(), values.end());
  return out;
}

// ---------------------------------------------------------------- Call

http::Headers Call::headers() const {
  http::Headers out{{"Content-Type", std::string(kJson)}, {"Cache-Control", "no-cache, private"}};
  for (const auto& warning : warnings) out.add("Warning", warning_header(warning));
  return out;
}

void Call::note(int status) const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  api->metrics().count(info.verb, resource ? resource->plural : std::string_view(), status,
                       took.count());
  if (api->parts().audit && is_audited(*this, status))
    api->parts().audit(audit_line(*this, status, api->parts().clock->now()));
}

void Call::fail(const ApiError& error) {
  http::Response response;
  response.status = error.code;
  response.headers = headers();
  if (error.retry_after_seconds > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_seconds));
  response.append(render_status(error) + "\n");
  note(error.code);
  responder->send(std::move(response));
}

void Call::answer(int status, Bytes body) {
  http::Response response;
  response.status = status;
  response.headers = headers();
  response.body.push_back(std::move(body));
  send(std::move(response));
}

void Call::send(http::Response response) {
  note(response.status);
  if (!is_worth_packing(*this, response)) return responder->send(std::move(response));
  // Packing takes its time: not on the thread that all connections share.
  const auto plain = std::make_shared<http::Response>(std::move(response));
  const bool taken = api->pool().run([to = responder, plain] {
    http::Response packed;
    packed.status = plain->status;
    packed.headers = plain->headers;
    packed.headers.set("Content-Encoding", "gzip");
    packed.headers.set("Vary", "Accept-Encoding");
    packed.append(gzip(plain->body));
    to->send(std::move(packed));
  });
  if (!taken) responder->send(std::move(*plain));
}

void Call::answer(int status, std::string body) {
  answer(status, std::make_shared<const std::string>(std::move(body)));
}

const schema::Resource& Call::stored() const { return stored_version(*resource); }

bool Call::shows_stored() const { return form != Form::metadata && !conversion_for(*resource); }

std::string Call::opening(std::string_view suffix) const {
  const bool whole = form != Form::metadata;
  return text::cat(R"({"kind":")", whole ? resource->kind : "PartialObjectMetadata", suffix,
                   R"(","apiVersion":")", whole ? resource->api_version() : kMetaVersion, "\"");
}

Bytes Call::shown(const Bytes& object) const {
  if (form == Form::metadata)
    return std::make_shared<const std::string>(
        text::cat(opening(), R"(,"metadata":)",
                  boost::json::serialize(parse_object(*object)["metadata"]), "}"));
  if (!conversion_for(*resource)) return object;
  return std::make_shared<const std::string>(
      boost::json::serialize(from_stored(*resource, parse_object(*object))));
}

void Call::answer_object(int status, const Bytes& object) {
  if (!resource) return answer(status, object);
  if (form != Form::table) return answer(status, shown(object));
  answer_table(status, *resource, parse_object(*shown(object)));
}

void Call::answer_table(int status, const schema::Resource& kind,
                        const boost::json::object& object) {
  std::string out =
      R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":)";
  codec::append_string(out, string_at(object, "metadata", "resourceVersion"));
  out += R"(},"columnDefinitions":)";
  out += column_definitions(kind);
  out += R"(,"rows":[)";
  append_row(kind, object, api->parts().clock->now(), include_object(info), out);
  out += "]}";
  answer(status, std::move(out));
}

// ---------------------------------------------------------------- Api

Api::Api(ApiParts parts)
    : parts_(std::move(parts)),
      objects_(*parts_.kv, *parts_.clock),
      streams_("api-stream", parts_.streams, 0),
      pool_("api-write", parts_.write_threads) {
  objects_.on_removed([this](const schema::Resource& resource, const boost::json::object& object) {
    if (resource.group.empty() && resource.kind == "Service" && parts_.release_service)
      parts_.release_service(object);
  });
}

Api::~Api() = default;

http::Response Api::refusal(int status) const {
  ApiError error;
  switch (status) {
    case 413:
      error = errors::too_large(parts_.body_limit).error();
      break;
    case 408:
      error = {408, "Timeout", "the request did not arrive in time", {}, {}, {}, {}, {}};
      break;
    case 431:
      error = {431, "RequestEntityTooLarge", "the request headers are too large", {}, {}, {}, {},
               {}};
      break;
    default:
      error = errors::bad_request("the request is not valid HTTP").error();
      break;
  }
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", kJson);
  response.append(render_status(error) + "\n");
  return response;
}

void Api::serve(http::Request request, http::ResponderPtr responder) {
  auto call = std::make_shared<Call>();
  call->api = this;
  call->request = std::move(request);
  call->responder = std::move(responder);
  auto caller = parts_.authenticate(call->request);
  if (!caller) return call->fail(caller.error());
  call->caller = std::move(*caller);
  route(call);
}

void Api::serve_as(Caller caller, http::Request request, http::ResponderPtr responder) {
  auto call = std::make_shared<Call>();
  call->api = this;
  call->request = std::move(request);
  call->responder = std::move(responder);
  call->caller = std::move(caller);
  route(call);
}

std::optional<ApiError> Api::refusal(const Caller& caller, const RequestInfo& info) const {
  const auto why = parts_.authorize(caller, info);
  if (!why) return std::nullopt;
  ApiError error = {403, "Forbidden", {}, info.name, info.group, info.resource, {}, {}};
  std::string what = info.is_resource
                         ? text::cat(info.resource, info.group.empty() ? "" : ".", info.group)
                         : std::string();
  if (!info.name.empty()) what += text::cat(what.empty() ? "" : " ", quoted(info.name));
  error.message =
      what.empty() ? text::cat("forbidden: ", *why) : text::cat(what, " is forbidden: ", *why);
  return error;
}

void Api::route(const CallPtr& call) {
  auto info = parse_request(call->request.method, call->request.target);
  if (!info) return call->fail(errors::bad_request(info.error().message).error());
  call->info = std::move(*info);
  if (const auto refused = refusal(call->caller, call->info)) return call->fail(*refused);
  if (call->info.is_resource) return route_resource(call);
  if (handlers::health(*call) || handlers::discovery(*call) || handlers::key_discovery(*call) ||
      handlers::openapi(call))
    return;
  call->fail(errors::no_such_path().error());
}

void Api::blocking(const CallPtr& call, void (*handler)(Call&)) {
  const bool taken = pool_.run([call, handler] { handler(*call); });
  if (!taken)
    call->fail(errors::too_many("too many requests are waiting, please try again later").error());
}

void Api::route_resource(const CallPtr& call) {
  const RequestInfo& info = call->info;
  const schema::Resource* resource = schema::find_resource(info.group, info.version, info.resource);
  if (!resource || info.version != resource->version) {
    if (!handlers::absent(*call)) call->fail(errors::no_such_path().error());
    return;
  }
  const bool placed = !info.namespace_.empty() && info.resource != "namespaces";
  if (placed && !resource->namespaced) return call->fail(errors::no_such_path().error());
  // A named object of a namespaced kind has a namespace.
  if (!placed && resource->namespaced &&
      (!info.name.empty() || info.verb == "create" || info.verb == "deletecollection"))
    return call->fail(info.name.empty() ? errors::method_not_allowed().error()
                                        : errors::no_such_path().error());
  call->resource = resource;
  if (info.subresource == "proxy") {  // headers and parameters are for somebody else
    call->subresource = resource->subresource(info.subresource);
    if (!call->subresource) return call->fail(errors::no_such_path().error());
    if (!is_subset_of(call->subresource->verbs, info.verb))
      return call->fail(errors::method_not_allowed().error());
    return handlers::proxy(call);
  }
  const auto form = negotiate(call->request.headers.get("Accept"), handlers::is_review(*resource));
  if (!form) return call->fail(errors::not_acceptable().error());
  call->form = *form;

  const auto dry_run = info.parameter("dryRun");
  if (info.has_parameter("dryRun") && dry_run != "All")
    return call->fail(errors::bad_request(text::cat("invalid dryRun value ", quoted(dry_run),
                                                    ": the only valid value is \"All\""))
                          .error());
  call->dry_run = !dry_run.empty();
  const auto validation = info.parameter("fieldValidation");
  if (validation == "Strict")
    call->validation = FieldValidation::strict;
  else if (validation == "Ignore")
    call->validation = FieldValidation::ignore;
  else if (!validation.empty() && validation != "Warn")
    return call->fail(
        errors::bad_request(text::cat("invalid fieldValidation value ", quoted(validation),
                                      ": supported values are \"Ignore\", \"Strict\", \"Warn\""))
            .error());

  if (const auto wrong = wrong_manager(info)) return call->fail(*wrong);

  const std::string& verb = info.verb;
  if (info.subresource.empty()) {
    if (!is_subset_of(resource->verbs, verb))
      return call->fail(errors::method_not_allowed().error());
    if (handlers::is_review(*resource)) return blocking(call, handlers::review);
    if (verb == "get") return handlers::get(*call);
    if (verb == "list") return handlers::list(call);
    if (verb == "watch") return handlers::watch(call);
    if (verb == "create" && resource->group.empty() && resource->kind == "Binding")
      return info.name.empty() ? blocking(call, handlers::bind)
                               : call->fail(errors::method_not_allowed().error());
    if (verb == "create")
      return info.name.empty() ? blocking(call, handlers::create)
                               : call->fail(errors::method_not_allowed().error());
    if (info.name.empty() && verb != "deletecollection")
      return call->fail(errors::method_not_allowed().error());
    if (verb == "update") return blocking(call, handlers::update);
    if (verb == "patch") return blocking(call, handlers::patch);
    if (verb == "delete") return blocking(call, handlers::remove);
    if (verb == "deletecollection") return blocking(call, handlers::remove_collection);
    return call->fail(errors::method_not_allowed().error());
  }

  call->subresource = resource->subresource(info.subresource);
  if (!call->subresource || !info.rest.empty()) return call->fail(errors::no_such_path().error());
  if (!is_subset_of(call->subresource->verbs, verb))
    return call->fail(errors::method_not_allowed().error());
  const std::string& sub = info.subresource;
  if (sub == "status") {
    if (verb == "get") return handlers::get(*call);
    return blocking(call, verb == "update" ? handlers::update : handlers::patch);
  }
  if (sub == "ephemeralcontainers") {
    if (verb == "get") return handlers::get(*call);
    return blocking(call, verb == "update" ? handlers::update_added : handlers::patch);
  }
  if (sub == "scale")
    return verb == "get" ? handlers::get_scale(*call) : blocking(call, handlers::write_scale);
  if (sub == "binding") return blocking(call, handlers::bind);
  if (sub == "eviction") return blocking(call, handlers::evict);
  if (sub == "finalize") return blocking(call, handlers::finalize);
  if (sub == "token") return blocking(call, handlers::token);
  if (sub == "log") return handlers::log(call);
  if (sub == "exec" || sub == "attach" || sub == "portforward") return handlers::stream(call);
  call->fail(errors::no_such_path().error());
}

}  // namespace nodal::master
