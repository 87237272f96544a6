// master/api/audit.cc — see audit.h.
#include "master/api/audit.h"

#include <boost/json.hpp>

#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/registry/object_store.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

bool is_machinery(const Caller& caller) {
  return caller.user.starts_with("system:") && caller.user != "system:anonymous";
}

bool is_stream(const RequestInfo& info) {
  return info.subresource == "exec" || info.subresource == "attach" ||
         info.subresource == "portforward" || info.subresource == "proxy";
}

// Who sent it: not whom they want to be.
json::object sender(const Caller& caller) {
  if (!caller.impersonator.empty()) return {{"username", caller.impersonator}};
  json::object out = caller.user_info();
  if (caller.user.empty()) out["username"] = "system:anonymous";
  return out;
}

json::object object_of(const Call& call) {
  const RequestInfo& info = call.info;
  json::object out{{"resource", info.resource}, {"apiVersion", info.version}};
  if (!info.group.empty()) out["apiGroup"] = info.group;
  if (!info.namespace_.empty()) out["namespace"] = info.namespace_;
  if (const auto& name = info.name.empty() ? call.created : info.name; !name.empty())
    out["name"] = name;
  if (!info.subresource.empty()) out["subresource"] = info.subresource;
  return out;
}

}  // namespace

bool is_audited(const Call& call, int status) {
  const RequestInfo& info = call.info;
  if (status == 401 || status == 403) return true;
  if (!info.is_resource) return false;
  if (is_stream(info) || info.subresource == "token") return true;
  const bool reads = info.verb == "get" || info.verb == "list" || info.verb == "watch";
  if (reads) return info.resource == "secrets" && !is_machinery(call.caller);
  if (info.resource.ends_with("reviews")) return false;
  if (!is_machinery(call.caller)) return true;
  return info.resource != "events" && info.resource != "leases" && info.subresource != "status";
}

std::string audit_line(const Call& call, int status, TimePoint now) {
  const Caller& caller = call.caller;
  const auto took = std::chrono::duration_cast<TimePoint::duration>(
      std::chrono::steady_clock::now() - call.started);
  const std::string_view peer = call.request.peer_address;
  json::object event{
      {"kind", "Event"},
      {"apiVersion", "audit.k8s.io/v1"},
      {"level", "Metadata"},
      {"auditID", make_uid()},
      {"stage", "ResponseComplete"},
      {"requestURI", call.request.target},
      {"verb", call.info.verb},
      {"user", sender(caller)},
      {"sourceIPs", json::array{peer.substr(0, peer.rfind(':'))}},
      {"userAgent", call.request.headers.get("User-Agent")},
      {"responseStatus", json::object{{"code", status}}},
      {"requestReceivedTimestamp", format_micro_time(now - took)},
      {"stageTimestamp", format_micro_time(now)},
      {"annotations", json::object{{"authorization.k8s.io/decision",
                                    status == 401 || status == 403 ? "forbid" : "allow"}}},
  };
  if (!caller.impersonator.empty()) event["impersonatedUser"] = caller.user_info();
  if (call.info.is_resource) event["objectRef"] = object_of(call);
  return json::serialize(event);
}

}  // namespace nodal::master
