// nodectl/commands.h — the commands: one function each gives its row of the table, with what runs
// it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/command_line.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

// Headings in the list of commands.
constexpr const char* kClusterGroup = "The cluster of this node";
constexpr const char* kLookGroup = "Looking";
constexpr const char* kChangeGroup = "Making and changing";
constexpr const char* kRolloutGroup = "Rollouts";
constexpr const char* kOtherGroup = "Other";

/// The whole table. `globals` outlives it.
Command all_commands(Globals& globals);

/// Everything that ever was of the cluster on this node. On a terminal it asks first.
/// @param sure  do not ask
Result<> delete_cluster(bool sure);

Command up_command();
Command status_command();
Command stop_command();
Command supervise_command();
Command service_command(const Globals& globals);
Command docker_env_command();
Command addons_command();

Command get_command(const Globals& globals);
Command describe_command(const Globals& globals);
Command logs_command(const Globals& globals);
Command exec_command(const Globals& globals);
Command attach_command(const Globals& globals);
Command debug_command(const Globals& globals);
Command cp_command(const Globals& globals);
Command port_forward_command(const Globals& globals);
Command apply_command(const Globals& globals);
Command create_command(const Globals& globals);
Command delete_command(const Globals& globals);

Command run_command(const Globals& globals);
Command expose_command(const Globals& globals);
Command scale_command(const Globals& globals);
Command label_command(const Globals& globals);
Command annotate_command(const Globals& globals);
Command patch_command(const Globals& globals);
Command replace_command(const Globals& globals);
Command edit_command(const Globals& globals);
Command set_command(const Globals& globals);
Command cordon_command(const Globals& globals);
Command uncordon_command(const Globals& globals);
Command drain_command(const Globals& globals);
Command taint_command(const Globals& globals);
Command diff_command(const Globals& globals);
Command wait_command(const Globals& globals);
Command rollout_command(const Globals& globals);
Command explain_command(const Globals& globals);
Command api_resources_command(const Globals& globals);
Command api_versions_command(const Globals& globals);

Command version_command(const Globals& globals);
Command auth_command(const Globals& globals);
Command config_command(const Globals& globals);
Command completion_command();
/// @param root  the whole table by the time the command runs
Command complete_command(const Command& root);
Command man_command(const Command& root);
Command help_command(const Command& root);

/// "No resources found in default namespace.\n"
std::string nothing_found(const Cluster& cluster, bool everywhere);
/// For an error that is not the last word of a command.
void report_now(const Error& error);

}  // namespace nodal::nodectl
