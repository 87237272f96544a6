// master/daemon/parts.cc — see parts.h.
#include "master/daemon/parts.h"

#include <boost/json.hpp>

#include "api-client/codec/time.h"
#include "base/http/client.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

constexpr std::chrono::hours kLongestWait{1};     // for the header of a proxied answer
constexpr std::size_t kMostOfRefusal = 1u << 20;  // bytes of an answer to an upgrade that is none

json::object read(KvStore& kv, std::string_view group, std::string_view plural, std::string_view ns,
                  std::string_view name) {
  const schema::Resource* resource = schema::find_resource(group, "v1", plural);
  if (!resource) return {};
  const auto entry = kv.get(object_key(*resource, ns, name));
  return entry ? parse_object(*entry->value) : json::object();
}

// Some member of that name anywhere below `value` is the text; how a pod spec names what it uses is
// regular enough.
bool names_reference(const json::value& value, std::string_view holder, std::string_view member,
                     std::string_view name) {
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list)
      if (names_reference(item, holder, member, name)) return true;
    return false;
  }
  const auto* object = value.if_object();
  if (!object) return false;
  for (const auto& [key, inner] : *object) {
    if (key == holder) {
      const auto is_it = [&](const json::value& v) {
        const auto* o = v.if_object();
        const auto* text = o ? o->if_contains(member) : nullptr;
        return text && text->is_string() && text->get_string() == name;
      };
      if (is_it(inner)) return true;
      if (const auto* list = inner.if_array())
        for (const auto& item : *list)
          if (is_it(item)) return true;
    }
    if (names_reference(inner, holder, member, name)) return true;
  }
  return false;
}

// How to reach an agent.
http::ClientOptions options_for(const Foundation& f, const ApiParts::AgentAddress& agent) {
  http::ClientOptions options;
  const bool v6 = agent.host.find(':') != std::string::npos;
  options.address = text::cat("https://", v6 ? "[" : "", agent.host, v6 ? "]:" : ":", agent.port);
  const auto shown = f.keys.agent_client();
  options.tls = http::ClientTls{f.ca_pem, shown->certificate_pem, shown->key_pem, "", false};
  return options;
}

// How to reach what is proxied. Nobody has signed the keys of a pod for its address.
http::ClientOptions options_for(const Foundation& f, const ApiParts::Backend& backend) {
  http::ClientOptions options;
  if (backend.is_agent) {
    options = options_for(f, ApiParts::AgentAddress{backend.host, backend.port});
  } else {
    const bool v6 = backend.host.find(':') != std::string::npos;
    options.address = text::cat(backend.scheme, "://", v6 ? "[" : "", backend.host, v6 ? "]:" : ":",
                                backend.port);
    options.tls = http::ClientTls{};
    options.tls->insecure = true;
  }
  options.timeout = kLongestWait;
  options.body_limit = kMostOfRefusal;
  return options;
}

// @source authorization.k8s.io/v1 SubjectRulesReviewStatus
json::object rules_status(const Rules& rules) {
  const auto array = [](const std::vector<std::string_view>& list) {
    return json::array(list.begin(), list.end());
  };
  json::array resources, paths;
  for (const auto& rule : rules.rules) {
    if (rule.paths.empty()) {
      resources.push_back(json::object{{"verbs", array(rule.verbs)},
                                       {"apiGroups", array(rule.groups)},
                                       {"resources", array(rule.resources)}});
      continue;
    }
    json::array below;
    for (const auto path : rule.paths) {
      below.emplace_back(path);
      if (path != "*") below.emplace_back(text::cat(path, "/*"));
    }
    paths.push_back(json::object{{"verbs", array(rule.verbs)}, {"nonResourceURLs", below}});
  }
  return {{"resourceRules", resources},
          {"nonResourceRules", paths},
          {"incomplete", !rules.is_complete}};
}

class Reserved final : public ApiParts::Reservation {
 public:
  explicit Reserved(std::unique_ptr<ServiceAllocator::Reservation> inner)
      : inner_(std::move(inner)) {}
  void keep() override { inner_->keep(); }

 private:
  std::unique_ptr<ServiceAllocator::Reservation> inner_;
};

Caller caller_of(const Identity& identity) {
  return {identity.user, identity.groups, identity.uid, {}, identity.extra};
}

// @source authentication.k8s.io/v1 TokenReviewStatus
json::object review_token(const Authenticator& authenticator, std::string_view token,
                          std::vector<std::string> audiences) {
  if (audiences.empty()) audiences.push_back(authenticator.audience());
  json::array good;
  json::object status{{"authenticated", false}};
  for (const auto& audience : audiences) {
    const auto identity = authenticator.identify_token(token, audience);
    if (!identity) {
      status["error"] = identity.error().message;
      continue;
    }
    good.emplace_back(audience);
    status["user"] = caller_of(*identity).user_info();
  }
  if (good.empty()) return status;
  status.erase("error");
  status["authenticated"] = true;
  status["audiences"] = std::move(good);
  return status;
}

Answer<json::object> sign_token(const Foundation& f, const json::object& account,
                                json::object request) {
  auto& spec = request["spec"].as_object();
  TokenClaims claims;
  claims.namespace_ = string_at(account, "metadata", "namespace");
  claims.account = string_at(account, "metadata", "name");
  claims.account_uid = string_at(account, "metadata", "uid");
  claims.bound = {std::string(string_at(spec, "boundObjectRef", "kind")),
                  std::string(string_at(spec, "boundObjectRef", "name")),
                  std::string(string_at(spec, "boundObjectRef", "uid"))};
  if (const auto* audiences = spec.if_contains("audiences"); audiences && audiences->is_array())
    for (const auto& audience : audiences->get_array())
      if (audience.is_string() && !audience.get_string().empty())
        claims.audiences.emplace_back(audience.get_string().data(), audience.get_string().size());
  if (claims.audiences.empty()) {
    claims.audiences.push_back(f.tokens.issuer());
    spec["audiences"] = json::array{claims.audiences.front()};
  }
  claims.issued = f.clock.now();
  claims.expires = claims.issued + std::chrono::seconds(spec.at("expirationSeconds").as_int64());
  const auto token = f.tokens.sign(claims);
  if (!token) return errors::internal(token.error().message);
  request["kind"] = "TokenRequest";
  request["apiVersion"] = "authentication.k8s.io/v1";
  request["status"] =
      json::object{{"token", *token}, {"expirationTimestamp", format_time(claims.expires)}};
  return request;
}

}  // namespace

ApiParts make_parts(const Foundation& f) {
  ApiParts parts;
  parts.kv = &f.kv;
  parts.clock = &f.clock;
  parts.authenticate = [&f](const http::Request& request) -> Answer<Caller> {
    const auto identity = f.authenticator.identify(request);
    if (!identity) return errors::unauthorized();
    const auto wanted = impersonated(request);
    if (!wanted) return errors::bad_request(wanted.error().message);
    if (!*wanted) return caller_of(*identity);
    if (!identity->in_group("system:masters")) {
      ApiError error = errors::unauthorized().error();
      error.code = 403;
      error.reason = "Forbidden";
      error.message = text::cat(
          "users ", quoted((*wanted)->user), " is forbidden: User ", quoted(identity->user),
          " cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
      return std::unexpected(std::move(error));
    }
    Caller caller = caller_of(**wanted);
    caller.impersonator = identity->user;
    return caller;
  };
  if (f.audit) parts.audit = [&f](std::string_view line) { f.audit->write(line); };
  parts.list_rules = [](const Caller& caller) {
    return rules_status(rules_of({caller.user, caller.groups, caller.uid}));
  };
  parts.authorize = [&f](const Caller& caller,
                         const RequestInfo& info) -> std::optional<std::string> {
    Attributes attributes;
    attributes.verb = info.verb;
    attributes.is_resource = info.is_resource;
    attributes.path = info.path;
    attributes.group = info.group;
    attributes.resource = info.resource;
    attributes.subresource = info.subresource;
    attributes.namespace_ = info.namespace_;
    attributes.name = info.name;
    attributes.field_selector = info.parameter("fieldSelector");
    return refuse(Identity{caller.user, caller.groups, caller.uid}, attributes, f.facts);
  };
  parts.reserve_service = [&f](json::object& service, const json::object* old,
                               bool) -> Answer<std::unique_ptr<ApiParts::Reservation>> {
    FieldErrors found;
    auto reserved = f.services.reserve(service, old, found);
    const schema::Resource* services = schema::find_resource("", "v1", "services");
    const auto name = string_at(service, "metadata", "name");
    if (!found.empty()) return errors::invalid(*services, name, std::move(found));
    if (!reserved) return errors::internal(reserved.error().message);
    return std::make_unique<Reserved>(std::move(*reserved));
  };
  parts.release_service = [&f](const json::object& service) { f.services.release(service); };
  parts.review_token = [&f](std::string_view token, const std::vector<std::string>& audiences) {
    return review_token(f.authenticator, token, audiences);
  };
  parts.issuer = f.tokens.issuer();
  parts.jwks = f.tokens.jwks();
  parts.issue_token = [&f](const json::object& account, json::object request) {
    return sign_token(f, account, std::move(request));
  };
  parts.call_agent = [&f](const ApiParts::AgentAddress& agent, const std::string& path,
                          const std::function<bool(std::string_view)>& sink,
                          std::stop_token stop) -> Result<http::Response> {
    http::Request request;
    request.target = path;
    return http::Client(options_for(f, agent)).stream(request, sink, std::move(stop));
  };
  parts.upgrade_agent = [&f](const ApiParts::AgentAddress& agent, const http::Request& request,
                             std::stop_token stop) -> Result<http::Upgraded> {
    return http::Client(options_for(f, agent)).upgrade(request, std::move(stop));
  };
  parts.call_backend = [&f](const ApiParts::Backend& backend, const http::Request& request,
                            const std::function<void(const http::Response&)>& head,
                            const std::function<bool(std::string_view)>& sink,
                            std::stop_token stop) -> Result<> {
    return http::Client(options_for(f, backend)).carry(request, head, sink, std::move(stop));
  };
  parts.upgrade_backend = [&f](const ApiParts::Backend& backend, const http::Request& request,
                               std::stop_token stop) -> Result<http::Upgraded> {
    return http::Client(options_for(f, backend)).upgrade(request, std::move(stop));
  };
  return parts;
}

NodeFacts node_facts(KvStore& kv) {
  NodeFacts facts;
  facts.is_pod_on = [&kv](const std::string& ns, const std::string& pod, const std::string& node) {
    return string_at(read(kv, "", "pods", ns, pod), "spec", "nodeName") == node;
  };
  facts.is_used_on = [&kv](const std::string& resource, const std::string& ns,
                           const std::string& name, const std::string& node) {
    const schema::Resource* pods = schema::find_resource("", "v1", "pods");
    const auto page = kv.list(key_prefix(*pods, ns), 0, "", 0);
    if (!page) return false;
    for (const auto& entry : page->entries) {
      if (entry.value->find(name) == std::string::npos) continue;  // cheaper than a parse
      const json::object pod = parse_object(*entry.value);
      if (string_at(pod, "spec", "nodeName") != node) continue;
      const auto* spec = pod.if_contains("spec");
      if (!spec) continue;
      if (resource == "serviceaccounts") {
        if (string_at(pod, "spec", "serviceAccountName") == name) return true;
      } else if (resource == "secrets") {
        for (const std::string_view holder :
             {"secretRef", "secretKeyRef", "imagePullSecrets", "secret"})
          if (names_reference(*spec, holder, "name", name)) return true;
        if (names_reference(*spec, "secret", "secretName", name)) return true;
      } else if (resource == "configmaps") {
        for (const std::string_view holder : {"configMapRef", "configMapKeyRef", "configMap"})
          if (names_reference(*spec, holder, "name", name)) return true;
      }
    }
    return false;
  };
  facts.is_certificate = [&kv](const std::string& ns, const std::string& secret) {
    const auto page = kv.list(
        key_prefix(*schema::find_resource("networking.k8s.io", "v1", "ingresses"), ns), 0, "", 0);
    return page && std::ranges::any_of(page->entries, [&](const auto& entry) {
             if (entry.value->find(secret) == std::string::npos) return false;
             const json::object ingress = parse_object(*entry.value);
             const auto* spec = ingress.if_contains("spec");
             return spec != nullptr && names_reference(*spec, "tls", "secretName", secret);
           });
  };
  return facts;
}

Authenticator::StillBound still_bound(KvStore& kv) {
  return [&kv](const TokenClaims& claims) {
    const json::object account = read(kv, "", "serviceaccounts", claims.namespace_, claims.account);
    if (string_at(account, "metadata", "uid") != claims.account_uid || claims.account_uid.empty())
      return false;
    const TokenBinding& bound = claims.bound;
    if (bound.kind.empty()) return true;
    const auto* kind = schema::find_kind("", "v1", bound.kind);
    return kind != nullptr && !bound.uid.empty() &&
           string_at(read(kv, "", kind->plural, claims.namespace_, bound.name), "metadata",
                     "uid") == bound.uid;
  };
}

Result<> restore_services(KvStore& kv, ServiceAllocator& services) {
  const schema::Resource* resource = schema::find_resource("", "v1", "services");
  const auto page = NODAL_TRY(kv.list(key_prefix(*resource, ""), 0, "", 0));
  for (const auto& entry : page.entries)
    if (!services.restore(parse_object(*entry.value)))
      log::warn("a stored Service has an address or port outside the ranges or used twice",
                {{"service", entry.key}});
  return {};
}

}  // namespace nodal::master
