// master/api/subresources/ephemeral.cc — PUT of pods/ephemeralcontainers: a Pod, or the list alone
// as clients before 1.22 send it.
#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/codec.h"
#include "api-client/codec/pruning.h"
#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

constexpr std::string_view kOldKind = "EphemeralContainers";
constexpr std::string_view kList = "ephemeralContainers";

// The list of such a client; nothing when the body is none.
std::optional<json::object> old_form(const Call& call) {
  if (body_type(call.request.headers.get("Content-Type")) != BodyType::json) return std::nullopt;
  auto parsed = codec::parse(call.request.body);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const auto* kind = parsed->get_object().if_contains("kind");
  if (!kind || *kind != json::value(kOldKind)) return std::nullopt;
  return std::move(parsed->get_object());
}

bool has_name(const json::array& containers, const json::value& other) {
  const auto name_of = [](const json::value& container) {
    const auto* object = container.if_object();
    const auto* name = object ? object->if_contains("name") : nullptr;
    return name ? *name : json::value();
  };
  return std::ranges::any_of(containers,
                             [&](const auto& one) { return name_of(one) == name_of(other); });
}

// Such a client cannot read the list out of the Pod that GET answers, so it does not send what is
// there already: what it sends is added.
Answer<json::object> with_added(const Call& call, const json::object& old,
                                const json::object& sent) {
  json::object pod = old;
  json::array list;
  if (const auto* added = sent.if_contains(kList); added && added->is_array())
    list = added->get_array();
  auto& spec = pod["spec"];
  if (!spec.is_object()) spec.emplace_object();
  json::array all;
  if (const auto* present = spec.get_object().if_contains(kList); present && present->is_array())
    std::ranges::copy_if(present->get_array(), std::back_inserter(all),
                         [&](const auto& one) { return !has_name(list, one); });
  all.insert(all.end(), list.begin(), list.end());
  spec.get_object()[kList] = std::move(all);
  std::vector<std::string> unknown;
  if (const auto pruned = codec::prune(pod, *call.resource->type, unknown); !pruned)
    return errors::bad_request(pruned.error().message);
  auto& metadata = metadata_of(pod);
  for (const std::string_view key : {"resourceVersion", "uid"})
    if (const auto value = string_at(sent, "metadata", key); !value.empty()) metadata[key] = value;
  return pod;
}

}  // namespace

void update_added(Call& call) {
  const auto sent = old_form(call);
  if (!sent) return update(call);
  if (const auto same = check_identity(call, *sent); !same) return call.fail(same.error());
  const auto written = write_change(call, call.info.subresource, [&](const json::object& old) {
    return with_added(call, old, *sent);
  });
  if (!written) return call.fail(written.error());
  json::object pod = parse_object(*written->bytes);
  json::object answer{{"kind", kOldKind}, {"apiVersion", "v1"}};
  answer["metadata"] = std::move(pod["metadata"]);
  answer[kList] = std::move(pod["spec"].as_object()[kList]);
  call.answer(200, json::serialize(answer));
}

}  // namespace nodal::master::handlers
