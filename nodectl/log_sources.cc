// nodectl/log_sources.cc — see log_sources.h.
#include "nodectl/log_sources.h"

#include <algorithm>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

Result<std::vector<LogSource>> log_sources(const json::value& pod, const std::string& container,
                                           bool all) {
  const auto name = text_at(pod, "metadata.name");
  std::vector<std::string> names, main;
  for (const auto* list : {"spec.initContainers", "spec.containers", "spec.ephemeralContainers"})
    for (const auto& item : list_at(pod, list)) {
      names.push_back(text_at(item, "name"));
      if (std::string_view(list) == "spec.containers") main.push_back(names.back());
    }
  std::vector<LogSource> out;
  if (all) {
    for (const auto& each : names) out.push_back({name, each, ""});
    return out;
  }
  if (!container.empty()) {
    if (std::ranges::find(names, container) == names.end())
      return fail(Errc::invalid, text::cat("container ", container, " is not valid for pod ", name,
                                           "\nhint: its containers are ", text::join(names, ", ")));
    out.push_back({name, container, ""});
    return out;
  }
  if (const auto* chosen = object_at(pod, "metadata.annotations")
                               .if_contains("kubectl.kubernetes.io/default-container");
      chosen != nullptr && std::ranges::find(names, text_of(*chosen)) != names.end()) {
    out.push_back({name, text_of(*chosen), ""});
    return out;
  }
  if (main.empty()) return fail(Errc::invalid, text::cat("pod ", name, " has no containers"));
  std::vector<std::string> others = main;
  for (const auto& each : list_at(pod, "spec.initContainers"))
    others.push_back(text::cat(text_at(each, "name"), " (init)"));
  out.push_back({name, main[0],
                 others.size() > 1 ? text::cat("Defaulted container \"", main[0],
                                               "\" out of: ", text::join(others, ", "))
                                   : ""});
  return out;
}

std::string pod_selector(const json::value& object) {
  const auto* selector = find(object, "spec.selector");
  if (selector == nullptr || !selector->is_object()) return "";
  const bool is_label_selector =
      find(*selector, "matchLabels") != nullptr || find(*selector, "matchExpressions") != nullptr;
  return is_label_selector ? selector_text(*selector) : label_text(selector->get_object());
}

json::array by_readiness(json::array pods) {
  const auto rank = [](const json::value& pod) {
    bool ready = false;
    for (const auto& condition : list_at(pod, "status.conditions"))
      if (text_at(condition, "type") == "Ready") ready = text_at(condition, "status") == "True";
    return ready ? 0 : text_at(pod, "status.phase") == "Running" ? 1 : 2;
  };
  std::vector<json::value> sorted(pods.begin(), pods.end());
  std::ranges::stable_sort(sorted, [&](const auto& a, const auto& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return text_at(a, "metadata.creationTimestamp") > text_at(b, "metadata.creationTimestamp");
  });
  return json::array(sorted.begin(), sorted.end());
}

}  // namespace nodal::nodectl
