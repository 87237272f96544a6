// nodectl/rollout/history.h — the revisions of a Deployment, read from its ReplicaSets.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct Revision {
  std::int64_t number = 0;
  std::string cause;                ///< "" when none was recorded
  boost::json::value pod_template;  ///< without the hash that the controller adds
  boost::json::value stored;        ///< the ReplicaSet's, with it
};

/// True when the pods of the ReplicaSet are those of the Deployment's template.
bool same_template(const boost::json::value& replica_set, const boost::json::value& deployment);
/// The ReplicaSets that the Deployment controls.
boost::json::array controlled(const boost::json::array& replica_sets,
                              const boost::json::value& deployment);
/// Oldest first. Pure.
std::vector<Revision> revisions(const boost::json::array& replica_sets,
                                const boost::json::value& deployment);
/// The revision to go back to: `number`, or with 0 the last but one.
/// @errors not_found
Result<Revision> revision_to_undo(const std::vector<Revision>& revisions, std::int64_t number);
/// The JSON patch that gives the Deployment the template and the annotations of a revision.
/// @source REQUIREMENTS of the API, section 7.3
std::string undo_patch(const boost::json::value& deployment, const Revision& revision);
/// What `rollout history --revision=N` prints of the revision: lines with their tabs, as kubectl
/// leaves them.
std::string template_text(const Revision& revision);

}  // namespace nodal::nodectl
