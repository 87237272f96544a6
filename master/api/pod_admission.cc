// master/api/pod_admission.cc — what a new Pod gets from its service account and the cluster's
// defaults.
#include <boost/json.hpp>
#include <chrono>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kAccount = "default";
constexpr std::chrono::milliseconds kAccountWait{1000};
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";

std::string_view string_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::optional<bool> bool_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

json::array& list_of(json::object& object, std::string_view key) {
  auto& value = object[key];
  return value.is_array() ? value.get_array() : value.emplace_array();
}

bool mounts_token_path(const json::object& container) {
  const auto* mounts = container.if_contains("volumeMounts");
  if (!mounts || !mounts->is_array()) return false;
  for (const auto& mount : mounts->get_array())
    if (mount.is_object() && string_of(mount.get_object(), "mountPath") == kTokenPath) return true;
  return false;
}

// Token, CA and namespace below the well-known path of every container that has nothing there.
void add_token_volume(json::object& spec) {
  std::string name;
  for (const std::string_view list : {"initContainers", "containers"}) {
    auto* containers = spec.if_contains(list);
    if (!containers || !containers->is_array()) continue;
    for (auto& item : containers->get_array()) {
      auto* container = item.if_object();
      if (!container || mounts_token_path(*container)) continue;
      if (name.empty()) name = generate_name("kube-api-access-");
      list_of(*container, "volumeMounts")
          .push_back(json::object{{"name", name}, {"readOnly", true}, {"mountPath", kTokenPath}});
    }
  }
  if (name.empty()) return;
  json::array sources{
      json::object{
          {"serviceAccountToken", json::object{{"expirationSeconds", 3607}, {"path", "token"}}}},
      json::object{
          {"configMap", json::object{{"name", "kube-root-ca.crt"},
                                     {"items", json::array{json::object{{"key", "ca.crt"},
                                                                        {"path", "ca.crt"}}}}}}},
      json::object{
          {"downwardAPI",
           json::object{
               {"items", json::array{json::object{
                             {"path", "namespace"},
                             {"fieldRef", json::object{{"apiVersion", "v1"},
                                                       {"fieldPath", "metadata.namespace"}}}}}}}}}};
  list_of(spec, "volumes")
      .push_back(json::object{
          {"name", name},
          {"projected", json::object{{"sources", std::move(sources)}, {"defaultMode", 420}}}});
}

void tolerate(json::object& spec, std::string_view key) {
  auto& tolerations = list_of(spec, "tolerations");
  for (const auto& item : tolerations) {
    const auto* toleration = item.if_object();
    if (!toleration) continue;
    const auto effect = string_of(*toleration, "effect");
    if ((string_of(*toleration, "key") == key || string_of(*toleration, "key").empty()) &&
        (effect == "NoExecute" || effect.empty()))
      return;
  }
  tolerations.push_back(json::object{
      {"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
}

}  // namespace

void tolerate_node_faults(json::object& pod) {
  auto* spec = pod.if_contains("spec");
  if (!spec || !spec->is_object()) return;
  tolerate(spec->get_object(), "node.kubernetes.io/not-ready");
  tolerate(spec->get_object(), "node.kubernetes.io/unreachable");
}

Answer<> admit_pod(Call& call, json::object& pod) {
  auto& spec_value = pod["spec"];
  if (!spec_value.is_object()) return {};  // validation says what is missing
  auto& spec = spec_value.get_object();
  const std::string ns(string_at(pod, "metadata", "namespace"));
  const std::string name(string_at(pod, "metadata", "name"));
  const auto& metadata = metadata_of(pod);
  const auto* annotations = metadata.if_contains("annotations");
  const bool mirror =
      annotations && annotations->is_object() && annotations->get_object().contains(kMirror);

  std::string account(string_of(spec, "serviceAccountName"));
  if (account.empty()) account = string_of(spec, "serviceAccount");
  if (mirror) {
    // A mirror pod stands for a file on a node: it may not reach for the cluster's secrets.
    if (!account.empty())
      return errors::forbidden(*call.resource, name,
                               "a mirror pod may not reference service accounts");
    if (const auto* volumes = spec.if_contains("volumes"); volumes && volumes->is_array())
      for (const auto& volume : volumes->get_array())
        if (volume.is_object() && volume.get_object().contains("secret"))
          return errors::forbidden(*call.resource, name, "a mirror pod may not reference secrets");
  } else {
    if (account.empty()) account = kAccount;
    const schema::Resource* accounts = schema::find_resource("", "v1", "serviceaccounts");
    // A Namespace that was made a moment ago gets its account any moment.
    const auto entry = account == kAccount
                           ? call.api->objects().await(*accounts, ns, account, kAccountWait)
                           : call.api->objects().get(*accounts, ns, account);
    if (!entry) {
      if (entry.error().reason != "NotFound") return std::unexpected(entry.error());
      return errors::forbidden(*call.resource, name,
                               text::cat("error looking up service account ", ns, "/", account,
                                         ": serviceaccount ", quoted(account), " not found"));
    }
    const json::object found = parse_object(*entry->value);
    spec["serviceAccountName"] = account;
    spec["serviceAccount"] = account;
    const bool mount = bool_of(spec, "automountServiceAccountToken")
                           .value_or(bool_of(found, "automountServiceAccountToken").value_or(true));
    if (mount) add_token_volume(spec);
    const auto* own = spec.if_contains("imagePullSecrets");
    const auto* given = found.if_contains("imagePullSecrets");
    if ((!own || !own->is_array() || own->get_array().empty()) && given && given->is_array() &&
        !given->get_array().empty())
      spec["imagePullSecrets"] = *given;
  }

  tolerate_node_faults(pod);
  return admit_classes(call, pod);
}

}  // namespace nodal::master::handlers
