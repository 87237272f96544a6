// api-client/client/kubeconfig.h — the file that says where a cluster is and who we are to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/client/transport.h"
#include "base/result.h"

namespace nodal::client {

/// One context of a kubeconfig, its file references read.
struct ClusterAccess {
  std::string server;  ///< "https://127.0.0.1:6443"
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  std::string token;
  std::string tls_server_name;
  std::string namespace_;  ///< the context's; "" means default
  std::string context;     ///< its name
  bool insecure = false;
  std::vector<std::string> files;  ///< what it was read from: the kubeconfig and what that names
};

/// @param path     a file; "" means the files of $KUBECONFIG together (of what two have, the
/// first), or
///                 ~/.kube/config
/// @param context  "" means current-context
/// @errors not_found (no such file or context), invalid (with what is missing)
Result<ClusterAccess> load_kubeconfig(std::string_view path, std::string_view context = "");

/// The names of the contexts, in the order of the file.
/// @errors as load_kubeconfig
Result<std::vector<std::string>> context_names(std::string_view path);

/// A kubeconfig with one cluster, user and context of that name, credentials inline, as YAML.
std::string render_kubeconfig(const ClusterAccess& access, std::string_view name);

/// The network transport: HTTP/1.1 over TLS with a client certificate or bearer token. Its streams
/// may be silent for as long as the server lives.
Result<std::shared_ptr<Transport>> connect(const ClusterAccess& access);

/// The same for a daemon's watches (silent for at most HttpTransport::kWatchSilence), by a
/// kubeconfig's path. When one of its files is written anew, the keys
/// or the token in it are taken for the connections to come; another server is not.
Result<std::shared_ptr<Transport>> connect_following(const std::string& path);

}  // namespace nodal::client
