// nodectl/commands/cordon.h — what cordon and drain share.
#pragma once

#include <string>
#include <vector>

#include "nodectl/writing.h"

namespace nodal::nodectl {

/// Nodes by name ("node1", "node/node1") or by the selection's labels.
/// @errors invalid: neither; not_found
Result<std::vector<Target>> choose_nodes(Session& session, const Globals& globals,
                                         Selection selection,
                                         const std::vector<std::string>& names);

/// Whether new pods come to the node; told as "cordoned" or "uncordoned".
Result<> set_closed(Session& session, Writer& writer, const Target& node, bool closed);

/// --dry-run
Flag dry_run_flag(Writing& writing);

}  // namespace nodal::nodectl
