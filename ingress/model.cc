// ingress/model.cc — see model.h.
#include "ingress/model.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

#include "base/text.h"

namespace nodal::ingress {
namespace {

using networking_v1::Ingress;
using networking_v1::IngressBackend;
using Match = Location::Match;

std::string key_of(const Ingress& ingress, const std::string& name) {
  return text::cat(ingress.metadata.namespace_, "/", name);
}

std::string annotation(const Ingress& ingress, const char* name) {
  const auto it =
      ingress.metadata.annotations.find(text::cat("nginx.ingress.kubernetes.io/", name));
  return it == ingress.metadata.annotations.end() ? std::string() : it->second;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Only captures may be put in: no other variable of the web server.
bool is_clean_rewrite(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '$' && (i + 1 == text.size() || text[i + 1] < '1' || text[i + 1] > '9'))
      return false;
  return !has_control(text);
}

// "a.example.org" of ".example.org".
bool is_one_label_below(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() && host.ends_with(domain) &&
         host.find('.') == host.size() - domain.size();
}

class Planner {
 public:
  explicit Planner(const Inputs& inputs) : inputs_(inputs) {}

  Plan run() {
    auto ingresses = inputs_.ingresses;
    std::erase_if(ingresses, [&](const IngressPtr& ingress) {
      return !is_ours(*ingress, inputs_.classes) || ingress->metadata.deletion_timestamp;
    });
    for (const auto& ingress : by_age(std::move(ingresses))) {
      if (inputs_.excluded.contains(ingress->metadata.uid)) {
        current_ = ingress;
        problem("the web server refuses it; see its paths and annotations");
        continue;
      }
      take(ingress);
      out_.served.push_back(ingress);
    }
    for (auto& [host, server] : servers_) {
      std::ranges::stable_sort(server.locations, [](const Location& a, const Location& b) {
        return std::tuple(a.match != Match::exact, b.path.size()) <
               std::tuple(b.match != Match::exact, a.path.size());
      });
      out_.model.servers.push_back(std::move(server));
    }
    return std::move(out_);
  }

 private:
  void take(const IngressPtr& ingress) {
    current_ = ingress;
    rewrite_ = annotation(*ingress, "rewrite-target");
    if (!is_clean_rewrite(rewrite_)) {
      problem("rewrite-target may hold $1 to $9 and no other variable");
      rewrite_.clear();
    }
    const bool force = annotation(*ingress, "force-ssl-redirect") == "true";
    const bool redirect = annotation(*ingress, "ssl-redirect") != "false";
    for (const auto& rule : ingress->spec.rules) {
      if (has_control(rule.host)) {
        problem("a host with control characters");
        continue;
      }
      const auto certificate = certificate_of(rule.host);
      auto& server = server_of(rule.host);
      if (!certificate.empty() && server.certificate.empty()) server.certificate = certificate;
      https_ = force || (redirect && !certificate.empty());
      if (rule.http)
        for (const auto& path : rule.http->paths)
          add(server, path.path_type.value_or("ImplementationSpecific"), path.path, path.backend);
      if (ingress->spec.default_backend) add_default(server, *ingress->spec.default_backend);
    }
    https_ = force;
    if (ingress->spec.default_backend) add_default(server_of(""), *ingress->spec.default_backend);
  }

  Server& server_of(const std::string& host) {
    auto& server = servers_[host];
    server.host = host;
    return server;
  }

  std::string certificate_of(const std::string& host) {
    for (const auto& tls : current_->spec.tls) {
      const bool covers =
          tls.hosts.empty() || std::ranges::any_of(tls.hosts, [&](const std::string& of) {
            return of == host || (of.starts_with("*.") && is_one_label_below(host, of.substr(1)));
          });
      if (!covers || tls.secret_name.empty()) continue;
      auto key = key_of(*current_, tls.secret_name);
      if (inputs_.certificates.contains(key)) return key;
      problem(
          text::cat("Secret ", key, " has no certificate and key (type kubernetes.io/tls) yet"));
    }
    return {};
  }

  void add(Server& server, const std::string& type, const std::string& path,
           const IngressBackend& backend) {
    if (has_control(path)) return problem("a path with control characters");
    Location location;
    location.path = path.empty() ? "/" : path;
    // A target that is the path itself changes nothing.
    if (rewrite_ != location.path) location.rewrite = rewrite_;
    location.match = type == "Exact" ? Match::exact : Match::prefix;
    if (!location.rewrite.empty() || type == "ImplementationSpecific" ||
        (type == "Prefix" && annotation(*current_, "use-regex") == "true"))
      location.match = Match::regex;
    // A plain path is no pattern: the same, and cheaper.
    if (location.match == Match::regex && type == "ImplementationSpecific" &&
        location.rewrite.empty() && location.path == "/")
      location.match = Match::prefix;
    location.backend = backend_of(backend);
    location.to_https = https_;
    if (location.match == Match::prefix && location.path.size() > 1 && location.path.ends_with('/'))
      location.path.pop_back();
    if (!claim(server, location))
      return problem(text::cat("host \"", server.host, "\", path ", location.path,
                               ": an older Ingress has it"));
    server.locations.push_back(std::move(location));
  }

  // What no path of the host takes.
  void add_default(Server& server, const IngressBackend& backend) {
    Location location;
    location.path = "/";
    location.backend = backend_of(backend);
    location.to_https = https_;
    if (claim(server, location)) server.locations.push_back(std::move(location));
  }

  bool claim(const Server& server, const Location& location) {
    return std::ranges::none_of(server.locations, [&](const Location& other) {
      return other.match == location.match && other.path == location.path;
    });
  }

  Backend backend_of(const IngressBackend& backend) {
    if (!backend.service) {
      problem("a backend that is no Service cannot be served");
      return {};
    }
    const auto key = key_of(*current_, backend.service->name);
    const auto it = inputs_.services.find(key);
    if (it == inputs_.services.end()) {
      problem(text::cat("Service ", key, " does not exist"));
      return {};
    }
    const auto& wanted = backend.service->port;
    for (const auto& port : it->second->spec.ports)
      if (wanted.name.empty() ? port.port == wanted.number : port.name == wanted.name)
        return {key, port.name, port.port};
    problem(text::cat("Service ", key, " has no port ",
                      wanted.name.empty() ? std::to_string(wanted.number) : wanted.name));
    return {};
  }

  void problem(std::string_view message) {
    const Problem next{current_, std::string(message)};
    for (const auto& known : out_.problems)
      if (known.ingress == next.ingress && known.message == next.message) return;
    out_.problems.push_back(next);
  }

  const Inputs& inputs_;
  Plan out_;
  std::map<std::string, Server> servers_;
  IngressPtr current_;
  std::string rewrite_;
  bool https_ = false;
};

}  // namespace

bool is_ours(const Ingress& ingress, const std::set<std::string>& classes) {
  if (ingress.spec.ingress_class_name && !ingress.spec.ingress_class_name->empty())
    return classes.contains(*ingress.spec.ingress_class_name);
  const auto old = ingress.metadata.annotations.find("kubernetes.io/ingress.class");
  return old == ingress.metadata.annotations.end() || classes.contains(old->second);
}

std::set<std::string> secrets_of(const Ingress& ingress) {
  std::set<std::string> out;
  for (const auto& tls : ingress.spec.tls)
    if (!tls.secret_name.empty()) out.insert(key_of(ingress, tls.secret_name));
  return out;
}

std::vector<IngressPtr> by_age(std::vector<IngressPtr> ingresses) {
  std::ranges::sort(ingresses, {}, [](const IngressPtr& ingress) {
    const auto& m = ingress->metadata;
    return std::tuple(m.creation_timestamp.value_or(TimePoint{}), m.namespace_, m.name);
  });
  return ingresses;
}

Plan plan(const Inputs& inputs) { return Planner(inputs).run(); }

Result<std::set<std::string>> find_refused(const Inputs& inputs,
                                           const std::function<Result<bool>(const Model&)>& takes) {
  if (!NODAL_TRY(takes({})))
    return fail(Errc::unavailable, "the web server takes no configuration, not even an empty one");
  std::vector<IngressPtr> taken;
  std::set<std::string> out;
  const std::function<Result<>(std::span<const IngressPtr>)> add =
      [&](std::span<const IngressPtr> more) -> Result<> {
    Inputs tried = inputs;
    tried.ingresses = taken;
    tried.ingresses.insert(tried.ingresses.end(), more.begin(), more.end());
    if (NODAL_TRY(takes(plan(tried).model))) {
      taken = std::move(tried.ingresses);
      return {};
    }
    if (more.size() == 1) {
      out.insert(more.front()->metadata.uid);
      return {};
    }
    NODAL_TRY(add(more.first(more.size() / 2)));
    return add(more.subspan(more.size() / 2));
  };
  if (!inputs.ingresses.empty()) NODAL_TRY(add(by_age(inputs.ingresses)));
  return out;
}

std::string Backend::key() const { return text::cat(service, ":", number); }

std::set<Backend> backends_of(const Model& model) {
  std::set<Backend> out;
  for (const auto& server : model.servers)
    for (const auto& location : server.locations)
      if (!location.backend.service.empty()) out.insert(location.backend);
  return out;
}

std::vector<std::string> endpoints_of(
    const Backend& backend,
    const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& slices) {
  std::set<std::string> ready, ending;
  for (const auto& slice : slices)
    for (const auto& port : slice->ports) {
      if (port.name.value_or("") != backend.port || !port.port) continue;
      for (const auto& endpoint : slice->endpoints)
        for (const auto& address : endpoint.addresses) {
          const bool v6 = address.find(':') != std::string::npos;
          auto where = text::cat(v6 ? "[" : "", address, v6 ? "]:" : ":", *port.port);
          const auto& conditions = endpoint.conditions;
          if (conditions.ready.value_or(true))
            ready.insert(std::move(where));
          else if (conditions.terminating.value_or(false) && conditions.serving.value_or(false))
            ending.insert(std::move(where));
        }
    }
  const auto& chosen = ready.empty() ? ending : ready;
  return {chosen.begin(), chosen.end()};
}

}  // namespace nodal::ingress
