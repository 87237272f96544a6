// nodectl/last_applied.cc — see last_applied.h.
#include "nodectl/last_applied.h"

#include "nodectl/document.h"
#include "nodectl/manifests.h"

namespace nodal::nodectl {

std::string last_applied(const boost::json::value& object) {
  const auto* value = object_at(object, "metadata.annotations").if_contains(kLastApplied);
  return value == nullptr ? std::string() : text_of(*value);
}

void set_last_applied(boost::json::object& object) {
  auto& annotations = make_object(object, "metadata.annotations");
  annotations.erase(kLastApplied);
  annotations[kLastApplied] = sorted_json(object) + "\n";
}

}  // namespace nodal::nodectl
