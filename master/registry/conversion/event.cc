// master/registry/conversion/event.cc — see event.h.
#include "master/registry/conversion/event.h"

#include "master/registry/strategy/fields.h"

namespace nodal::master {
namespace {

constexpr struct {
  std::string_view served, stored;
} kNames[] = {
    {"regarding", "involvedObject"},
    {"note", "message"},
    {"reportingController", "reportingComponent"},
    {"deprecatedSource", "source"},
    {"deprecatedFirstTimestamp", "firstTimestamp"},
    {"deprecatedLastTimestamp", "lastTimestamp"},
    {"deprecatedCount", "count"},
};

void to_core(boost::json::object& event) {
  for (const auto& name : kNames) fields::rename(event, name.served, name.stored);
}

void from_core(boost::json::object& event) {
  for (const auto& name : kNames) fields::rename(event, name.stored, name.served);
}

std::string field_of_core(std::string_view field) {
  const auto first = field.substr(0, field.find('.'));
  for (const auto& name : kNames)
    if (name.served == first) return text::cat(name.stored, field.substr(first.size()));
  return std::string(field);
}

}  // namespace

const Conversion kEventsGroupEvent{.group = "events.k8s.io",
                                   .version = "v1",
                                   .kind = "Event",
                                   .stored_group = "",
                                   .to_stored = to_core,
                                   .from_stored = from_core,
                                   .stored_field = field_of_core};

}  // namespace nodal::master
