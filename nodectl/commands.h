// nodectl/commands.h — one function a command; main.cc parses, these do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

struct UpOptions {
  Settings settings;  ///< empty strings: found out
  bool start_docker =
      true;  ///< start containerd and dockerd when they are installed and do not run
};
Result<> up(const UpOptions& options);
Result<> status(std::string_view output);
Result<> stop();
/// Everything that ever was of the cluster on this node.
Result<> delete_cluster();
/// The supervisor itself; runs until it is told to end.
Result<> supervise();

struct GetOptions {
  std::vector<std::string> what;  ///< TYPE [NAME…], TYPE/NAME, TYPE,TYPE
  std::string output, selector;
  bool all_namespaces = false, watch = false, no_headers = false;
};
Result<> get(const Globals& globals, const GetOptions& options);
Result<> describe(const Globals& globals, const std::vector<std::string>& what);
Result<> remove(const Globals& globals, const std::vector<std::string>& what,
                const std::vector<std::string>& files);
Result<> apply(const Globals& globals, const std::vector<std::string>& files);
Result<> create(const Globals& globals, const std::vector<std::string>& files);

struct CreateDeployment {
  std::string name, image;
  int replicas = 1;
  std::optional<int> port;
};
Result<> create_deployment(const Globals& globals, const CreateDeployment& options);
Result<> create_namespace(const Globals& globals, const std::string& name);

struct LogOptions {
  std::string pod, container;
  bool follow = false, previous = false, timestamps = false;
  std::optional<int> tail;
};
Result<> logs(const Globals& globals, const LogOptions& options);

Result<> service_url(const Globals& globals, const std::string& name, bool url_only);
Result<> docker_env();
Result<> print_version(const Globals& globals, bool client_only);

}  // namespace nodal::nodectl
