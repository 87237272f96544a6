// nodectl/describe/parts.cc — see parts.h.
#include "nodectl/describe/parts.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

void describe_head(Page& page, const json::value& object) {
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  if (const auto ns = text_at(object, "metadata.namespace"); !ns.empty())
    page.line(0, "Namespace:\t", ns);
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
}

void describe_controller(Page& page, const json::value& object) {
  for (const auto& owner : list_at(object, "metadata.ownerReferences"))
    if (bool_at(owner, "controller"))
      page.line(0, "Controlled By:\t", text_at(owner, "kind"), "/", text_at(owner, "name"));
}

void describe_conditions(Page& page, const json::array& conditions) {
  if (conditions.empty()) return;
  page.line(0, "Conditions:");
  page.line(1, "Type\tStatus\tReason");
  page.line(1, "----\t------\t------");
  for (const auto& condition : conditions)
    page.line(1, text_at(condition, "type"), " \t", text_at(condition, "status"), "\t",
              text_at(condition, "reason"));
}

namespace {

std::string first_seen(const json::value& event) {
  const auto at = text_at(event, "eventTime");
  return at.empty() ? text_at(event, "firstTimestamp") : at;
}

std::string age(const json::value& event, TimePoint now) {
  const auto first = age_of(first_seen(event), now);
  if (const auto* series = find(event, "series"); series != nullptr && series->is_object())
    return text::cat(age_of(text_at(*series, "lastObservedTime"), now), " (x",
                     int_at(*series, "count"), " over ", first, ")");
  if (const auto count = int_at(event, "count"); count > 1)
    return text::cat(age_of(text_at(event, "lastTimestamp"), now), " (x", count, " over ", first,
                     ")");
  return first;
}

}  // namespace

void describe_events(Page& page, const Related& related) {
  if (!related.show_events) return;
  if (related.events.empty()) return page.line(0, "Events:\t<none>");
  std::vector<const json::value*> sorted;
  for (const auto& event : related.events) sorted.push_back(&event);
  std::ranges::stable_sort(sorted, {},
                           [](const auto* event) { return text_at(*event, "lastTimestamp"); });
  page.line(0, "Events:");
  page.line(1, "Type\tReason\tAge\tFrom\tMessage");
  page.line(1, "----\t------\t----\t----\t-------");
  for (const auto* event : sorted) {
    auto from = text_at(*event, "source.component");
    if (from.empty()) from = text_at(*event, "reportingComponent");
    page.line(1, text_at(*event, "type"), "\t", text_at(*event, "reason"), "\t",
              age(*event, related.now), "\t", from, "\t", text::trim(text_at(*event, "message")));
  }
}

}  // namespace nodal::nodectl
