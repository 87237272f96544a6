// nodectl/commands/apply.cc — apply and create: manifests → objects.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>

#include "base/text.h"
#include "gen/apps_v1.h"
#include "gen/core_v1.h"
#include "nodectl/commands.h"
#include "nodectl/manifests.h"
#include "nodectl/resources.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kWho = "fieldManager=nodectl&fieldValidation=Strict";

json::object& object_in(json::object& parent, std::string_view name) {
  auto& value = parent[name];
  if (!value.is_object()) value = json::object{};
  return value.get_object();
}

std::string last_applied(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  const auto* annotations = metadata != nullptr && metadata->is_object()
                                ? metadata->get_object().if_contains("annotations")
                                : nullptr;
  const auto* value = annotations != nullptr && annotations->is_object()
                          ? annotations->get_object().if_contains(kLastApplied)
                          : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

struct Place {
  ResourceKind kind;
  std::string ns;
};

Result<Place> place_of(const Cluster& cluster, const Globals& globals, const Resources& resources,
                       const Manifest& manifest) {
  auto kind = resources.by_kind(manifest.api_version, manifest.kind);
  if (!kind) return wrap(manifest.source, kind.error());
  if (!globals.ns.empty() && !manifest.ns.empty() && manifest.ns != globals.ns)
    return fail(Errc::invalid, text::cat(manifest.source, ": the object is for namespace ",
                                         manifest.ns, ", but -n says ", globals.ns));
  return Place{*kind, kind->namespaced ? (manifest.ns.empty() ? cluster.ns : manifest.ns) : ""};
}

// As the annotation holds it: the manifest with its namespace, one line, a line break at the end.
json::object to_apply(const Manifest& manifest, const Place& place) {
  json::object object = manifest.object;
  auto& metadata = object_in(object, "metadata");
  if (place.kind.namespaced) metadata["namespace"] = place.ns;
  auto& annotations = object_in(metadata, "annotations");
  annotations.erase(kLastApplied);
  const std::string record = json::serialize(object) + "\n";
  annotations[kLastApplied] = record;
  return object;
}

Result<std::string> apply_one(Cluster& cluster, const Manifest& manifest, const Place& place) {
  const auto object = to_apply(manifest, place);
  const auto path = place.kind.path(place.ns, manifest.name);
  const auto live_text = cluster.client->get_text(path);
  if (!live_text) {
    if (live_text.error().code != Errc::not_found) return std::unexpected(live_text.error());
    NODAL_TRY(cluster.client->post_text(text::cat(place.kind.path(place.ns), "?", kWho),
                                        json::serialize(object)));
    return "created";
  }
  const auto live = NODAL_TRY(codec::parse(*live_text));
  const auto last = codec::parse(last_applied(live.get_object()));
  const auto* resource = schema::find_kind(place.kind.group, place.kind.version, place.kind.kind);
  json::object before = last && last->is_object() ? last->get_object() : json::object{};
  auto patch = apply_patch(before, object, live.get_object(),
                           resource != nullptr ? resource->type : nullptr);
  if (patch.empty()) return "unchanged";
  NODAL_TRY(cluster.client->patch_text(
      text::cat(path, "?", kWho),
      resource != nullptr ? client::PatchType::strategic : client::PatchType::merge,
      json::serialize(patch)));
  return "configured";
}

}  // namespace

Result<> apply(const Globals& globals, const std::vector<std::string>& files) {
  const auto manifests = NODAL_TRY(read_manifests(files));
  if (manifests.empty()) return fail(Errc::invalid, "no objects in what was given");
  auto cluster = NODAL_TRY(connect(globals));
  const auto resources = NODAL_TRY(Resources::discover(*cluster.client));
  // What one object lacks does not keep the others back; the first error is the command's.
  Result<> outcome;
  for (const auto& manifest : manifests) {
    const auto place = place_of(cluster, globals, resources, manifest);
    auto done = place ? apply_one(cluster, manifest, *place)
                      : Result<std::string>(std::unexpected(place.error()));
    if (done) {
      std::puts(text::cat(place->kind.printed(), "/", manifest.name, " ", *done).c_str());
      continue;
    }
    if (!outcome)
      std::fputs(text::cat("nodectl: ", printable(outcome.error().message), "\n").c_str(), stderr);
    outcome = wrap(manifest.source, done.error());
  }
  return outcome;
}

Result<> create(const Globals& globals, const std::vector<std::string>& files) {
  const auto manifests = NODAL_TRY(read_manifests(files));
  if (manifests.empty()) return fail(Errc::invalid, "no objects in what was given");
  auto cluster = NODAL_TRY(connect(globals));
  const auto resources = NODAL_TRY(Resources::discover(*cluster.client));
  for (const auto& manifest : manifests) {
    const auto place = NODAL_TRY(place_of(cluster, globals, resources, manifest));
    if (auto done = cluster.client->post_text(text::cat(place.kind.path(place.ns), "?", kWho),
                                              json::serialize(manifest.object));
        !done)
      return wrap(manifest.source, done.error());
    std::puts(text::cat(place.kind.printed(), "/", manifest.name, " created").c_str());
  }
  return {};
}

Result<> create_deployment(const Globals& globals, const CreateDeployment& options) {
  auto cluster = NODAL_TRY(connect(globals));
  apps_v1::Deployment deployment;
  deployment.metadata.namespace_ = cluster.ns;
  deployment.metadata.name = options.name;
  deployment.metadata.labels = {{"app", options.name}};
  deployment.spec.replicas = options.replicas;
  meta_v1::LabelSelector selector;
  selector.match_labels = deployment.metadata.labels;
  deployment.spec.selector = selector;
  deployment.spec.template_.metadata.labels = deployment.metadata.labels;
  core_v1::Container container;
  const auto slash = options.image.rfind('/');
  std::string base = slash == std::string::npos ? options.image : options.image.substr(slash + 1);
  container.name = base.substr(0, base.find_first_of(":@"));
  container.image = options.image;
  if (options.port) {
    core_v1::ContainerPort port;
    port.container_port = *options.port;
    container.ports.push_back(port);
  }
  deployment.spec.template_.spec.containers.push_back(std::move(container));
  NODAL_TRY(cluster.client->create(deployment));
  std::puts(text::cat("deployment.apps/", options.name, " created").c_str());
  return {};
}

Result<> create_namespace(const Globals& globals, const std::string& name) {
  auto cluster = NODAL_TRY(connect(globals));
  core_v1::Namespace ns;
  ns.metadata.name = name;
  NODAL_TRY(cluster.client->create(ns));
  std::puts(text::cat("namespace/", name, " created").c_str());
  return {};
}

}  // namespace nodal::nodectl
