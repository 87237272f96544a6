// nodectl/commands/create.h — what the commands that make one object from flags share.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nodectl/writing.h"

namespace nodal::nodectl {

struct Creating {
  Writing writing;
  bool save = false;
  std::string manager = "kubectl-create", told = "created", doing = "";
};
std::vector<Flag> creating_flags(Creating& creating);

/// Sends the object and tells it.
Result<int> create_object(const Globals& globals, const Creating& creating,
                          boost::json::object object);
boost::json::object new_object(std::string_view api_version, std::string_view kind,
                               std::string_view name);

/// A container's name from its image: "registry/team/web:1" → "web".
std::string container_name(std::string_view image);

/// The "data" and "binaryData" of --from-literal, --from-file and --from-env-file.
/// @param encoded  base64, as Secrets have them
/// @errors invalid; of the files
Result<boost::json::object> data_from(const std::vector<std::string>& literals,
                                      const std::vector<std::string>& files,
                                      const std::vector<std::string>& env_files, bool encoded);

Command create_deployment_command(const Globals& globals);
Command create_namespace_command(const Globals& globals);
Command create_config_map_command(const Globals& globals);
Command create_secret_command(const Globals& globals);
Command create_service_command(const Globals& globals);
Command create_service_account_command(const Globals& globals);

}  // namespace nodal::nodectl
