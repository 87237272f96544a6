// nodectl/rollout/status.cc — see status.h.
#include "nodectl/rollout/status.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

Result<Progress> rollout_progress(const boost::json::value& object, std::int64_t revision) {
  const auto name = text_at(object, "metadata.name");
  if (revision > 0) {
    const auto* now =
        object_at(object, "metadata.annotations").if_contains("deployment.kubernetes.io/revision");
    const auto number = now == nullptr ? std::nullopt : text::number<std::int64_t>(text_of(*now));
    if (number && *number != revision)
      return fail(Errc::invalid,
                  text::cat("desired revision (", revision,
                            ") is different from the running revision (", *number, ")"));
  }
  if (int_at(object, "metadata.generation") > int_at(object, "status.observedGeneration"))
    return Progress{"Waiting for deployment spec update to be observed..."};
  for (const auto& condition : list_at(object, "status.conditions"))
    if (text_at(condition, "type") == "Progressing" &&
        text_at(condition, "reason") == "ProgressDeadlineExceeded")
      return fail(Errc::timed_out,
                  text::cat("deployment \"", name, "\" exceeded its progress deadline"));
  const auto wanted = int_at(object, "spec.replicas", 1);
  const auto updated = int_at(object, "status.updatedReplicas");
  const auto all = int_at(object, "status.replicas");
  const auto available = int_at(object, "status.availableReplicas");
  const auto waiting = text::cat("Waiting for deployment \"", name, "\" rollout to finish: ");
  if (updated < wanted)
    return Progress{
        text::cat(waiting, updated, " out of ", wanted, " new replicas have been updated...")};
  if (all > updated)
    return Progress{text::cat(waiting, all - updated, " old replicas are pending termination...")};
  if (available < updated)
    return Progress{
        text::cat(waiting, available, " of ", updated, " updated replicas are available...")};
  return Progress{text::cat("deployment \"", name, "\" successfully rolled out"), true};
}

}  // namespace nodal::nodectl
