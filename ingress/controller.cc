// ingress/controller.cc — see controller.h.
#include "ingress/controller.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/http/client.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::ingress {
namespace {

constexpr std::string_view kAll = "all", kEndpoints = "endpoints";
constexpr const char* kByService = "service";
constexpr int kPushTries = 100;                            // while nginx opens its control socket
constexpr std::chrono::milliseconds kSecretsUnknown{500};  // until then the first look waits

}  // namespace

Controller::Controller(ControllerParts parts)
    : parts_(std::move(parts)),
      nginx_(parts_.nginx, parts_.render.folder,
             [this] {
               log::warn("nginx has ended; starting it again");
               nginx_ended_ = true;
               wake();
             }),
      loop_({.name = "ingress",
             .threads = 1,
             .first_backoff = std::chrono::milliseconds(200),
             .longest_backoff = std::chrono::milliseconds(10000)},
            [this](const std::string& key) { return key == kEndpoints ? follow() : sync(); }),
      certificates_(parts_.client, parts_.render, [this] { wake(); }) {
  const auto wakes = [this](const auto&) { wake(); };
  parts_.ingresses.on_change(wakes);
  parts_.classes.on_change(wakes);
  parts_.services.on_change([this](const client::Change<core_v1::Service>& change) {
    // Only what an address is made of: the rest of a Service is none of ours.
    if (change.before && change.after && change.before->spec == change.after->spec) return;
    wake();
  });
  parts_.slices.add_index(kByService, [](const discovery_v1::EndpointSlice& slice) {
    const auto it = slice.metadata.labels.find("kubernetes.io/service-name");
    if (it == slice.metadata.labels.end()) return std::vector<std::string>{};
    return std::vector<std::string>{client::object_key(slice.metadata.namespace_, it->second)};
  });
  // Pods come and go far more often than anything else that is looked at.
  parts_.slices.on_change([this](const auto&) { loop_.wake(kEndpoints); });
  parts_.slices.on_synced([this] { wake(); });
  const auto synced = [this] { wake(); };
  parts_.ingresses.on_synced(synced);
  parts_.classes.on_synced(synced);
  parts_.services.on_synced(synced);
}

Controller::~Controller() { loop_.stop(); }

void Controller::wake() { loop_.wake(kAll); }

Result<bool> Controller::takes(const Model& model) {
  const auto good = nginx_.check(render(model, parts_.render));
  if (good) return true;
  if (good.error().code == Errc::invalid) return false;
  return std::unexpected(good.error());
}

Result<Again> Controller::follow() {
  if (!serving_ || nginx_ended_) return Again{};  // a whole look comes, and takes them along
  NODAL_TRY(push_endpoints());
  return Again{};
}

Result<Again> Controller::sync() {
  if (!parts_.ingresses.has_synced() || !parts_.classes.has_synced() ||
      !parts_.services.has_synced() || !parts_.slices.has_synced())
    return Again{};
  Inputs inputs;
  for (const auto& item : parts_.classes.all())
    if (item->spec.controller == kController) inputs.classes.insert(item->metadata.name);
  for (const auto& ingress : parts_.ingresses.all())
    if (is_ours(*ingress, inputs.classes)) inputs.ingresses.push_back(ingress);
  for (const auto& service : parts_.services.all())
    inputs.services[client::key_of(*service)] = service;
  std::set<std::string> secrets;
  for (const auto& ingress : inputs.ingresses) secrets.merge(secrets_of(*ingress));
  auto certificates = certificates_.follow(secrets);
  if (certificates.bytes_differ) {  // the same words, but other bytes behind them
    judged_.clear();
    current_.clear();
  }
  if (!certificates.all_known) return Again{kSecretsUnknown};
  inputs.certificates = std::move(certificates.at_hand);

  auto wanted = plan(inputs);
  auto configuration = render(wanted.model, parts_.render);
  if (configuration != judged_) {
    refused_.clear();
    if (auto good = nginx_.check(configuration); !good) {
      log::warn("nginx refuses the configuration; looking for the Ingress that is to blame",
                {{"error", good.error().message}});
      refused_ =
          NODAL_TRY(find_refused(inputs, [this](const Model& model) { return takes(model); }));
    }
    judged_ = configuration;
  }
  if (!refused_.empty()) {
    inputs.excluded = refused_;
    wanted = plan(inputs);
    configuration = render(wanted.model, parts_.render);
  }
  if (nginx_ended_.exchange(false)) {
    serving_ = false;
    current_.clear();
  }
  if (!serving_) pushed_.clear();  // what it knows is not known to us
  if (configuration != current_) {
    // New backends have their endpoints before anybody is sent to them, unless nginx starts only
    // now.
    backends_ = backends_of(wanted.model);
    if (serving_) NODAL_TRY(push_endpoints());
    current_.clear();
    NODAL_TRY(nginx_.use(configuration));
    current_ = configuration;
    serving_ = true;
  }
  NODAL_TRY(push_endpoints());
  tell(wanted);
  return Again{};
}

Result<> Controller::push_endpoints() {
  http::ClientOptions options;
  options.address = text::cat("unix:", parts_.render.folder, "/private/control.sock");
  http::Client nginx(std::move(options));
  std::map<std::string, std::string> wanted;
  for (const auto& backend : backends_) {
    std::string lines;
    for (const auto& endpoint :
         endpoints_of(backend, parts_.slices.by_index(kByService, backend.service)))
      lines += endpoint + "\n";
    wanted[backend.key()] = std::move(lines);
  }
  for (const auto& [key, lines] : pushed_) wanted.try_emplace(key, "");
  for (const auto& [key, lines] : wanted) {
    if (const auto it = pushed_.find(key); it != pushed_.end() && it->second == lines) continue;
    http::Request request;
    request.method = "POST";
    request.target = text::cat("/endpoints?backend=", http::percent_encode(key));
    request.body = lines;
    auto told = nginx.send(request);
    for (int i = 0; !told && i < kPushTries; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      told = nginx.send(request);
    }
    if (!told) return wrap("tell nginx the endpoints", told.error());
    if (told->status != 200)
      return fail(Errc::unavailable,
                  text::cat("nginx does not take the endpoints of ", key, ": ", told->text()));
    pushed_[key] = lines;
  }
  std::erase_if(pushed_, [&](const auto& entry) {
    return entry.second.empty() &&
           std::ranges::none_of(backends_, [&](const auto& b) { return b.key() == entry.first; });
  });
  return {};
}

void Controller::tell(const Plan& plan) {
  std::map<std::string, std::set<std::string>> now;
  for (const auto& [ingress, message] : plan.problems) {
    const auto& m = ingress->metadata;
    const auto id = text::cat(m.uid, "/", m.generation);
    now[id].insert(message);
    if (const auto it = told_.find(id); it != told_.end() && it->second.contains(message)) continue;
    parts_.events.record(
        {"networking.k8s.io/v1", "Ingress", m.namespace_, m.name, m.uid, m.resource_version, ""},
        client::EventType::warning, "Rejected", message);
  }
  told_ = std::move(now);
  for (const auto& ingress : plan.served) {
    const auto& points = ingress->status.load_balancer.ingress;
    if (points.size() == 1 && points[0].ip == parts_.node_ip) continue;
    const auto written = parts_.client->patch<networking_v1::Ingress>(
        ingress->metadata.namespace_, ingress->metadata.name, client::PatchType::merge,
        text::cat(R"({"status":{"loadBalancer":{"ingress":[{"ip":")", parts_.node_ip, R"("}]}}})"),
        "status");
    if (!written && written.error().code != Errc::not_found)
      log::warn("an Ingress's address is not told",
                {{"ingress", client::key_of(*ingress)}, {"error", written.error().message}});
  }
}

}  // namespace nodal::ingress
