// master/api/selection.cc — see selection.h.
#include "master/api/selection.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/label_selector.h"
#include "base/text.h"
#include "master/registry/conversion.h"
#include "master/registry/object_store.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

// The fields beyond metadata that a kind offers.
// @source REQUIREMENTS of the API, section 13
struct Offer {
  std::string_view group, kind;
  std::span<const std::string_view> fields;
};
constexpr std::string_view kPod[] = {"spec.nodeName",
                                     "spec.restartPolicy",
                                     "spec.schedulerName",
                                     "spec.serviceAccountName",
                                     "spec.hostNetwork",
                                     "status.phase",
                                     "status.podIP",
                                     "status.podIPs",
                                     "status.nominatedNodeName"};
constexpr std::string_view kNode[] = {"spec.unschedulable"};
constexpr std::string_view kNamespace[] = {"status.phase"};
constexpr std::string_view kSecret[] = {"type"};
constexpr std::string_view kService[] = {"spec.clusterIP", "spec.type"};
constexpr std::string_view kReplicas[] = {"status.replicas"};
constexpr std::string_view kEvent[] = {"involvedObject.kind",
                                       "involvedObject.namespace",
                                       "involvedObject.name",
                                       "involvedObject.uid",
                                       "involvedObject.apiVersion",
                                       "involvedObject.resourceVersion",
                                       "involvedObject.fieldPath",
                                       "reason",
                                       "reportingComponent",
                                       "source",
                                       "type"};
constexpr std::string_view kEventV1[] = {"regarding.kind",       "regarding.namespace",
                                         "regarding.name",       "regarding.uid",
                                         "regarding.apiVersion", "regarding.resourceVersion",
                                         "regarding.fieldPath",  "reason",
                                         "reportingController",  "type"};
constexpr Offer kOffers[] = {
    {"", "Pod", kPod},
    {"", "Node", kNode},
    {"", "Namespace", kNamespace},
    {"", "Secret", kSecret},
    {"", "Service", kService},
    {"", "Event", kEvent},
    {"events.k8s.io", "Event", kEventV1},
    {"apps", "ReplicaSet", kReplicas},
};

bool offers(const schema::Resource& resource, std::string_view field) {
  if (field == "metadata.name") return true;
  if (field == "metadata.namespace") return resource.namespaced;
  for (const auto& offer : kOffers)
    if (offer.group == resource.group && offer.kind == resource.kind)
      return std::ranges::find(offer.fields, field) != offer.fields.end();
  return false;
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  if (value.is_object() || value.is_null()) return {};
  return json::serialize(value);
}

// The value of a field as a selector compares it; "" when absent.
std::string field_of(const json::object& object, std::string_view field) {
  if (field == "source") {  // of an Event: the component
    const auto component = string_at(object, "source", "component");
    const auto* reporting = object.if_contains("reportingComponent");
    return component.empty() && reporting ? text_of(*reporting) : std::string(component);
  }
  const json::object* at = &object;
  const auto parts = text::split(field, '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto* next = at->if_contains(parts[i]);
    if (!next || !next->is_object())
      return field == "spec.hostNetwork" || field == "spec.unschedulable" ? "false" : std::string();
    at = &next->get_object();
  }
  const auto* value = at->if_contains(parts.back());
  if (!value) {
    if (field == "spec.hostNetwork" || field == "spec.unschedulable") return "false";
    if (field == "status.replicas") return "0";
    return {};
  }
  if (const auto* list = value->if_array()) {  // podIPs: [{ip: …}]
    std::string out;
    for (const auto& item : *list) {
      if (!out.empty()) out += ',';
      out += item.is_object() && item.get_object().contains("ip")
                 ? text_of(item.get_object().at("ip"))
                 : text_of(item);
    }
    return out;
  }
  return text_of(*value);
}

struct FieldTerm {
  std::string field, value;
  bool equal = true;
};

// "a=b,c!=d" with \ before a literal \ , =
Answer<std::vector<FieldTerm>> parse_fields(const schema::Resource& resource,
                                            std::string_view text) {
  std::vector<std::string> raw(1);  // still escaped
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      raw.back() += text[i];
      raw.back() += text[++i];
    } else if (text[i] == ',') {
      raw.emplace_back();
    } else {
      raw.back() += text[i];
    }
  }
  std::vector<FieldTerm> out;
  for (const auto& part : raw) {
    if (part.empty()) continue;
    const auto at = part.find('=');
    if (at == std::string::npos || at == 0)
      return errors::bad_request(
          text::cat("invalid selector: '", text, "'; can't understand '", part, "'"));
    FieldTerm term;
    term.equal = part[at - 1] != '!';
    term.field =
        std::string(text::trim(std::string_view(part).substr(0, term.equal ? at : at - 1)));
    std::string_view value = std::string_view(part).substr(at + 1);
    if (term.equal && value.starts_with('=')) value.remove_prefix(1);
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\') {
        if (i + 1 == value.size() ||
            (value[i + 1] != '\\' && value[i + 1] != ',' && value[i + 1] != '='))
          return errors::bad_request(
              text::cat("invalid field selector: invalid escape sequence in ", quoted(part)));
        ++i;
      } else if (value[i] == '=') {
        return errors::bad_request(
            text::cat("invalid selector: '", text, "'; can't understand '", part, "'"));
      }
      term.value += value[i];
    }
    if (!offers(resource, term.field))
      return errors::bad_request(text::cat("field label not supported: ", term.field));
    term.field = stored_field(resource, term.field);
    out.push_back(std::move(term));
  }
  return out;
}

}  // namespace

struct Selection::State {
  std::vector<FieldTerm> by_key;     // metadata.name, metadata.namespace
  std::vector<FieldTerm> by_object;  // the rest
  LabelSelector labels;
};

Selection::Selection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Selection::~Selection() = default;
Selection::Selection(Selection&&) noexcept = default;
Selection& Selection::operator=(Selection&&) noexcept = default;

Answer<Selection> Selection::parse(const schema::Resource& resource, const RequestInfo& info) {
  auto state = std::make_unique<State>();
  for (const auto& [key, value] : info.query) {
    if (key != "fieldSelector") continue;
    for (auto& term : NODAL_TRY(parse_fields(resource, value)))
      (term.field.starts_with("metadata.") ? state->by_key : state->by_object)
          .push_back(std::move(term));
  }
  auto labels = LabelSelector::parse(info.parameter("labelSelector"));
  if (!labels) return errors::bad_request(labels.error().message);
  state->labels = std::move(*labels);
  return Selection(std::move(state));
}

bool Selection::all() const { return state_->by_key.empty() && !needs_object(); }

bool Selection::needs_object() const {
  return !state_->by_object.empty() || !state_->labels.empty();
}

bool Selection::key_fits(std::string_view ns, std::string_view name) const {
  return std::ranges::all_of(state_->by_key, [&](const FieldTerm& term) {
    return (term.value == (term.field == "metadata.name" ? name : ns)) == term.equal;
  });
}

bool Selection::fits(const json::object& object) const {
  for (const auto& term : state_->by_object)
    if ((field_of(object, term.field) == term.value) != term.equal) return false;
  if (state_->labels.empty()) return true;
  const auto* metadata = object.if_contains("metadata");
  const auto* labels =
      metadata && metadata->is_object() ? metadata->get_object().if_contains("labels") : nullptr;
  static const json::object kNone;
  const json::object& present = labels && labels->is_object() ? labels->get_object() : kNone;
  return state_->labels.matches([&](std::string_view key) -> std::optional<std::string_view> {
    const auto* value = present.if_contains(key);
    if (!value || !value->is_string()) return std::nullopt;
    return std::string_view(value->get_string().data(), value->get_string().size());
  });
}

std::string_view Selection::only_name() const {
  for (const auto& term : state_->by_key)
    if (term.field == "metadata.name" && term.equal) return term.value;
  return {};
}

}  // namespace nodal::master
