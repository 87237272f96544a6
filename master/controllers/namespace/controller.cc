// master/controllers/namespace/controller.cc — see controller.h.
#include "master/controllers/namespace/controller.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "api-client/codec/schema.h"
#include "base/text.h"

namespace nodal::master::controllers {
namespace {

namespace json = boost::json;

// Objects that go by themselves with a grace period are looked at again this often.
constexpr std::chrono::seconds kLookAgain{1};

std::string collection_of(const schema::Resource& resource, const std::string& ns) {
  const std::string root = resource.group.empty()
                               ? text::cat("/api/", resource.version)
                               : text::cat("/apis/", resource.group, "/", resource.version);
  return text::cat(root, "/namespaces/", ns, "/", resource.plural);
}

void count_finalizers(const json::value& item, Remaining& out) {
  boost::system::error_code none;
  const auto* finalizers = item.find_pointer("/metadata/finalizers", none);
  if (finalizers == nullptr || !finalizers->is_array()) return;
  for (const auto& finalizer : finalizers->get_array())
    if (finalizer.is_string()) ++out.finalizers[std::string(finalizer.get_string())];
}

bool is_collection(const schema::Resource& resource) {
  return resource.namespaced &&
         std::ranges::find(resource.verbs, "deletecollection") != resource.verbs.end();
}

}  // namespace

NamespaceController::NamespaceController(Context context)
    : Controller("namespace", std::move(context)) {
  context_.mirrors.namespaces.on_change([this](const client::Change<core_v1::Namespace>& change) {
    if (change.after && change.after->metadata.deletion_timestamp) wake(change.key);
  });
}

Result<Remaining> NamespaceController::empty(const std::string& ns) {
  Remaining left;
  for (const auto& resource : schema::resources()) {
    if (!is_collection(resource)) continue;
    const auto path = collection_of(resource, ns);
    const auto document =
        NODAL_TRY(codec::parse_answer(NODAL_TRY(context_.client->get_text(path))));
    const auto* list = document.if_object();
    const auto* items = list == nullptr ? nullptr : list->if_contains("items");
    if (items == nullptr || !items->is_array() || items->get_array().empty()) continue;
    left.objects[text::cat(resource.plural, ".", resource.group)] += items->get_array().size();
    for (const auto& item : items->get_array()) count_finalizers(item, left);
    NODAL_TRY(context_.client->delete_path(path, {.propagation_policy = "Background"}));
  }
  return left;
}

Result<Again> NamespaceController::reconcile(const std::string& key) {
  const auto ns = context_.mirrors.namespaces.get(key);
  if (!ns || !ns->metadata.deletion_timestamp || ns->spec.finalizers.empty()) return Again{};
  const auto left = NODAL_TRY(empty(key));
  if (!left.objects.empty()) {
    auto after = *ns;
    after.status.conditions = conditions_of(left, ns->status.conditions, context_.clock.now());
    NODAL_TRY(patch_status(*context_.client, *ns, after));
    return Again{kLookAgain};
  }
  const auto path = client::Client::path<core_v1::Namespace>("", key);
  auto document = NODAL_TRY(codec::parse_answer(NODAL_TRY(context_.client->get_text(path))));
  if (auto* object = document.if_object())
    if (auto* spec = object->if_contains("spec"); spec != nullptr && spec->is_object()) {
      if (auto* finalizers = spec->get_object().if_contains("finalizers");
          finalizers != nullptr && finalizers->is_array()) {
        json::array kept;
        for (const auto& finalizer : finalizers->get_array())
          if (finalizer != "kubernetes") kept.push_back(finalizer);
        *finalizers = std::move(kept);
      }
    }
  NODAL_TRY(context_.client->put_text(text::cat(path, "/finalize"), json::serialize(document)));
  return Again{};
}

}  // namespace nodal::master::controllers
