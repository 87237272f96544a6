// master/api/table/object_rows.cc — the other kinds.
#include <set>

#include "base/text.h"
#include "master/api/table/rows.h"

namespace nodal::master::table {
namespace {

std::string event_object(const Object& about) {
  const auto name = string_in(about, "name");
  return text::cat(text::lower(string_in(about, "kind")), name.empty() ? "" : "/", name);
}

}  // namespace

void node_row(const Object& node, TimePoint now, Cells& cells) {
  const Object& status = object_in(node, "status");
  const auto* ready = condition(status, "Ready");
  std::string text = !ready                                  ? "Unknown"
                     : string_in(*ready, "status") == "True" ? "Ready"
                                                             : "NotReady";
  if (bool_in(object_in(node, "spec"), "unschedulable")) text += ",SchedulingDisabled";
  cells.text(text);
  std::set<std::string> roles;
  for (const auto& [key, value] : object_in(object_in(node, "metadata"), "labels")) {
    const auto k = view(key);
    if (k.starts_with("node-role.kubernetes.io/") && k.size() > 24)
      roles.emplace(k.substr(24));
    else if (k == "kubernetes.io/role" && value.is_string() && !value.get_string().empty())
      roles.emplace(view(value.get_string()));
  }
  cells.text(or_none(text::join({roles.begin(), roles.end()}, ",")));
  cells.text(age(node, now));
  const Object& about = object_in(status, "nodeInfo");
  cells.text(string_in(about, "kubeletVersion"));
  for (const std::string_view type : {"InternalIP", "ExternalIP"}) {
    std::string found;
    for (const auto& item : list_in(status, "addresses"))
      if (found.empty() && item.is_object() && string_in(item.get_object(), "type") == type)
        found = string_in(item.get_object(), "address");
    cells.text(or_none(found));
  }
  for (const std::string_view key : {"osImage", "kernelVersion", "containerRuntimeVersion"}) {
    const auto value = string_in(about, key);
    cells.text(value.empty() ? "<unknown>" : value);
  }
}

void namespace_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object_in(object, "status"), "phase"));
  cells.text(age(object, now));
}

void config_map_row(const Object& object, TimePoint now, Cells& cells) {
  cells.number(static_cast<std::int64_t>(object_in(object, "data").size() +
                                         object_in(object, "binaryData").size()));
  cells.text(age(object, now));
}

void secret_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object, "type"));
  cells.number(static_cast<std::int64_t>(object_in(object, "data").size()));
  cells.text(age(object, now));
}

void service_account_row(const Object& object, TimePoint now, Cells& cells) {
  cells.number(static_cast<std::int64_t>(list_in(object, "secrets").size()));
  cells.text(age(object, now));
}

void lease_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object_in(object, "spec"), "holderIdentity"));
  cells.text(age(object, now));
}

// Both groups' events: the fields differ in name alone.
void event_row(const Object& event, TimePoint now, Cells& cells) {
  const Object& about = event.contains("involvedObject") ? object_in(event, "involvedObject")
                                                         : object_in(event, "regarding");
  const Object& source =
      event.contains("source") ? object_in(event, "source") : object_in(event, "deprecatedSource");
  const Object& series = object_in(event, "series");
  const auto first_of = [&](std::initializer_list<std::string_view> keys) {
    for (const auto key : keys)
      if (auto text = string_in(event, key); !text.empty()) return text;
    return std::string();
  };
  const auto first = first_of({"firstTimestamp", "deprecatedFirstTimestamp", "eventTime"});
  auto last = string_in(series, "lastObservedTime");
  if (last.empty())
    last = first_of({"lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"});
  auto count = int_in(series, "count");
  if (count == 0)
    count = std::max<std::int64_t>({1, int_in(event, "count"), int_in(event, "deprecatedCount")});
  cells.text(age_of(last, now));
  cells.text(string_in(event, "type"));
  cells.text(string_in(event, "reason"));
  cells.text(event_object(about));
  cells.text(string_in(about, "fieldPath"));
  auto component = string_in(source, "component");
  if (component.empty()) component = first_of({"reportingComponent", "reportingController"});
  auto host = string_in(source, "host");
  if (host.empty()) host = string_in(event, "reportingInstance");
  cells.text(host.empty() ? component : text::cat(component, ", ", host));
  const auto message = first_of({"message", "note"});
  cells.text(text::trim(message));
  cells.text(age_of(first, now));
  cells.number(count);
  cells.text(string_in(object_in(event, "metadata"), "name"));
}

}  // namespace nodal::master::table
