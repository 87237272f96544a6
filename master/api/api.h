// master/api/api.h — the API server behind its transport: one request in, one answer out.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/client.h"
#include "base/http/message.h"
#include "base/http/server.h"
#include "base/loop/pool.h"
#include "master/api/documents.h"
#include "master/api/event_view.h"
#include "master/api/media.h"
#include "master/api/metrics.h"
#include "master/api/request_info.h"
#include "master/api/timers.h"
#include "master/registry/object_store.h"

namespace nodal::master {

/// Who asks.
struct Caller {
  std::string user;
  std::vector<std::string> groups;
  std::string uid;
  std::string impersonator = {};  ///< who sent the request, when the rest is whom they want to be
  std::map<std::string, std::vector<std::string>> extra = {};  ///< what else is said of them

  /// As UserInfo has it.
  [[nodiscard]] boost::json::object user_info() const;
};

/// What the API needs and does not make itself. All calls are thread-safe.
struct ApiParts {
  KvStore* kv = nullptr;
  const Clock* clock = nullptr;

  /// Who sent the request, or 401.
  std::function<Answer<Caller>(const http::Request&)> authenticate;
  /// Nothing when allowed, else why not (for the 403).
  std::function<std::optional<std::string>(const Caller&, const RequestInfo&)> authorize;

  /// What a caller may do: the status of a SelfSubjectRulesReview.
  std::function<boost::json::object(const Caller&)> list_rules;

  /// Service addresses and ports. `old` is null for a creation. May fill clusterIP, clusterIPs and
  /// nodePorts. reserve: takes what the new object needs; the token gives it back unless kept.
  struct Reservation {
    virtual ~Reservation() = default;  ///< gives back what was taken, unless kept
    virtual void keep() = 0;
  };
  std::function<Answer<std::unique_ptr<Reservation>>(boost::json::object& service,
                                                     const boost::json::object* old, bool dry_run)>
      reserve_service;
  std::function<void(const boost::json::object& service)> release_service;

  /// Whose token it is, for the first of the audiences that takes it (none: the API itself): the
  /// status of a TokenReview.
  std::function<boost::json::object(std::string_view token,
                                    const std::vector<std::string>& audiences)>
      review_token;
  /// Who issues them, and the keys that they are signed with (a JWK set); empty: not told.
  std::string issuer, jwks;

  /// Signs a service-account token: the TokenRequest with its status filled. The request has a
  /// spec with expirationSeconds, and the uid of the object it is bound to, if to any.
  std::function<Answer<boost::json::object>(const boost::json::object& account,
                                            boost::json::object request)>
      issue_token;

  /// Streams an agent's answer (GET path on the node's port) to `sink`.
  struct AgentAddress {
    std::string host;
    int port = 10250;
  };
  std::function<Result<http::Response>(const AgentAddress&, const std::string& path,
                                       const std::function<bool(std::string_view)>& sink,
                                       std::stop_token stop)>
      call_agent;
  /// Asks an agent to switch protocols.
  std::function<Result<http::Upgraded>(const AgentAddress&, const http::Request& request,
                                       std::stop_token stop)>
      upgrade_agent;

  /// What a `proxy` request goes to.
  struct Backend {
    std::string scheme;  ///< http or https
    std::string host;
    std::uint16_t port = 0;
    bool is_agent = false;  ///< it is asked with the master's own certificate, and verified
  };
  /// Sends the request; `head` gets status and headers of whatever answer, then `sink` its body.
  std::function<Result<>(const Backend&, const http::Request& request,
                         const std::function<void(const http::Response&)>& head,
                         const std::function<bool(std::string_view)>& sink, std::stop_token stop)>
      call_backend;
  /// Asks to switch protocols.
  std::function<Result<http::Upgraded>(const Backend&, const http::Request& request,
                                       std::stop_token stop)>
      upgrade_backend;

  /// Takes a line for the audit log; null: none is kept.
  std::function<void(std::string_view line)> audit;

  std::string advertise_address = "127.0.0.1:6443";
  std::chrono::seconds bookmark_interval{60};
  std::size_t body_limit = 3u << 20;
  int write_threads = 32;
  int streams = 1024;  ///< under way at a time: exec, attach, port-forward, logs, proxy
};

class Api;

/// One request under way; every handler gets one and answers it once.
struct Call {
  Api* api = nullptr;
  http::Request request;
  http::ResponderPtr responder;
  RequestInfo info;
  Caller caller;
  const schema::Resource* resource = nullptr;  ///< in the version that is asked for
  const schema::Subresource* subresource = nullptr;
  Form form = Form::json;
  bool dry_run = false;
  FieldValidation validation = FieldValidation::warn;
  Warnings warnings;
  std::string created;  ///< the name of what was made, which no URL says
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  void fail(const ApiError& error);
  /// A whole answer, packed when it is large and the client takes gzip.
  void send(http::Response response);
  /// JSON text.
  void answer(int status, Bytes body);
  void answer(int status, std::string body);
  /// One object in the form that was asked for.
  void answer_object(int status, const Bytes& object);
  /// The same of an object that has no bytes yet, as a row of a kind's table.
  void answer_table(int status, const schema::Resource& kind, const boost::json::object& object);
  /// The version of the kind that is stored: what the store, admission and the rules work on.
  [[nodiscard]] const schema::Resource& stored() const;
  /// The opening of an object as shown() gives it: `{"kind":"Pod","apiVersion":"v1"`; of a list of
  /// them with `suffix` "List".
  [[nodiscard]] std::string opening(std::string_view suffix = "") const;
  /// A stored object in the version that was asked for, or its metadata when that is the form.
  [[nodiscard]] Bytes shown(const Bytes& object) const;
  /// Stored bytes are what shown() gives: no object has to be parsed.
  [[nodiscard]] bool shows_stored() const;
  /// Headers of every answer, warnings among them.
  [[nodiscard]] http::Headers headers() const;
  /// Every answer comes by here once: metrics and the audit log.
  void note(int status) const;
};
using CallPtr = std::shared_ptr<Call>;

/// Answers everything under one root. Thread-safe. Must outlive its transport's last request.
class Api {
 public:
  explicit Api(ApiParts parts);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Never blocks: reads are answered here, the rest from the pool.
  void serve(http::Request request, http::ResponderPtr responder);
  /// The same for a caller that is known already (in process).
  void serve_as(Caller caller, http::Request request, http::ResponderPtr responder);
  /// The Status for requests that the transport refuses.
  http::Response refusal(int status) const;

  /// Ready to be used by others: /readyz says so from now on.
  void set_ready() { ready_ = true; }
  [[nodiscard]] bool ready() const { return ready_; }

  /// Nothing when the caller may do it, else the 403.
  [[nodiscard]] std::optional<ApiError> refusal(const Caller& caller,
                                                const RequestInfo& info) const;

  [[nodiscard]] const ApiParts& parts() const { return parts_; }
  [[nodiscard]] ObjectStore& objects() { return objects_; }
  [[nodiscard]] EventViews& views() { return views_; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] Pool& pool() { return pool_; }
  /// For answers that may take hours: what it does not start at once it refuses.
  [[nodiscard]] Pool& streams() { return streams_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }

 private:
  void route(const CallPtr& call);
  void route_resource(const CallPtr& call);
  void blocking(const CallPtr& call, void (*handler)(Call&));

  const ApiParts parts_;
  ObjectStore objects_;
  EventViews views_;
  Metrics metrics_;
  std::atomic<bool> ready_ = false;
  Timers timers_;
  Pool streams_;
  Pool pool_;  // last: its jobs use the rest
};

}  // namespace nodal::master
