// nodectl/config_file.h — kubeconfigs as `config` shows and changes them. Who uses one to connect
// reads it with api-client's load_kubeconfig().
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

/// A kubeconfig and where it is stored.
struct ConfigFile {
  std::string path;
  boost::json::object document{};
};

/// The file that is named, or those of $KUBECONFIG, or that of the home folder. One that is not
/// there is empty.
/// @errors invalid, with the file: no YAML, no map
Result<std::vector<ConfigFile>> read_config_files(const std::string& named);

/// The files as one: of two entries of one name the first counts, entries are sorted by name. Keys
/// that are files are named by their whole path. Pure.
boost::json::object joined_config(const std::vector<ConfigFile>& files);
/// Only what the context needs. Pure.
/// @errors not_found
Result<boost::json::object> minified_config(const boost::json::object& config,
                                            const std::string& context);
/// Without what is secret. Pure.
boost::json::object redacted_config(boost::json::object config);

/// Empty when there is no such list.
/// @param list  "clusters", "users" or "contexts"
const boost::json::array& config_entries(const boost::json::object& config, std::string_view list);
/// The entry's inside ("cluster", "user" or "context"); null when there is none.
/// @param list  "clusters", "users" or "contexts"
const boost::json::object* config_entry(const boost::json::object& config, std::string_view list,
                                        std::string_view name);

struct ContextChange {
  std::string name, ns, cluster, user;  ///< empty: as it is
};
/// Changes the context in the file that has it, else makes it in the first one. Pure.
/// @return the file's index, and whether the context is new
std::pair<std::size_t, bool> set_context(std::vector<ConfigFile>& files,
                                         const ContextChange& change);
/// Sets current-context where it stands, else in the first file. Pure.
/// @errors not_found: no such context
Result<std::size_t> use_context(std::vector<ConfigFile>& files, const std::string& name);

Result<> write_config_file(const ConfigFile& config);

}  // namespace nodal::nodectl
