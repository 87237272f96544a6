// ingress/model.h — Ingresses and what they name → what the web server is to do. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "gen/networking_v1.h"

namespace nodal::ingress {

/// spec.controller of the IngressClasses that are ours.
inline constexpr const char* kController = "nodal.dev/nginx";

using IngressPtr = std::shared_ptr<const networking_v1::Ingress>;
using ServicePtr = std::shared_ptr<const core_v1::Service>;

/// A port of a Service, behind which are endpoints. They come and go without a change of the model.
struct Backend {
  std::string service;  ///< "namespace/name"; "" when there is none: 503
  std::string port;     ///< its name in the Service, "" when it has none
  std::int32_t number = 0;

  /// What the web server calls it: "namespace/name:80".
  [[nodiscard]] std::string key() const;
  auto operator<=>(const Backend&) const = default;
};

struct Location {
  enum class Match { exact, prefix, regex };
  Match match = Match::prefix;
  std::string path;
  Backend backend;
  std::string rewrite;  ///< the URI to ask for instead, with $1 to $9; "" the same
  bool to_https = false;
  bool operator==(const Location&) const = default;
};

struct Server {
  std::string host;  ///< "" any that no other server has; "*.example.org" one label in front
  std::vector<Location> locations;  ///< in the order to try them
  std::string certificate;          ///< Secret "namespace/name"; "" no TLS
  bool operator==(const Server&) const = default;
};

struct Model {
  std::vector<Server> servers;  ///< by host
  bool operator==(const Model&) const = default;
};

struct Inputs {
  std::vector<IngressPtr> ingresses;
  std::set<std::string> classes;               ///< names of the IngressClasses that are ours
  std::map<std::string, ServicePtr> services;  ///< by "namespace/name"
  std::set<std::string>
      certificates;  ///< Secrets whose key and certificate are at hand, "namespace/name"
  std::set<std::string> excluded;  ///< uids of Ingresses that the web server refused
};

/// What is wrong with one Ingress; the rest of it is served.
struct Problem {
  IngressPtr ingress;
  std::string message;
};

struct Plan {
  Model model;
  std::vector<IngressPtr> served;
  std::vector<Problem> problems;
};

/// True when the Ingress is ours to serve: its class is, or it names none.
[[nodiscard]] bool is_ours(const networking_v1::Ingress& ingress,
                           const std::set<std::string>& classes);
/// The Secrets that an Ingress names, "namespace/name".
[[nodiscard]] std::set<std::string> secrets_of(const networking_v1::Ingress& ingress);

/// The older first.
[[nodiscard]] std::vector<IngressPtr> by_age(std::vector<IngressPtr> ingresses);

/// Of two Ingresses with the same host and path the older one has it. Exact paths come first, then
/// the longer before the shorter.
/// @source networking.k8s.io/v1 Ingress; annotations nginx.ingress.kubernetes.io/rewrite-target,
/// use-regex, ssl-redirect,
///         force-ssl-redirect
[[nodiscard]] Plan plan(const Inputs& inputs);

/// Uids of the Ingresses that the web server does not take, be it beside older ones: looked for by
/// halves, as few are bad among many; of two that do not go together the younger one is refused.
///
/// @param takes  whether it takes a model
/// @errors those of `takes`; unavailable when it takes not even an empty model: no Ingress is to
/// blame
Result<std::set<std::string>> find_refused(const Inputs& inputs,
                                           const std::function<Result<bool>(const Model&)>& takes);

/// All backends of the model, each once.
[[nodiscard]] std::set<Backend> backends_of(const Model& model);

/// Where a backend's requests may go: "10.244.0.7:8080" of every ready endpoint; of those that end
/// but still serve when no other is left. Sorted.
/// @param slices  those of the backend's Service
[[nodiscard]] std::vector<std::string> endpoints_of(
    const Backend& backend,
    const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& slices);

}  // namespace nodal::ingress
