// nodectl/context.h — what every command is given: the cluster, the namespace, where to print and
// how.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api-client/client/client.h"
#include "base/result.h"

namespace nodal::nodectl {

/// Flags that all commands share.
struct Globals {
  std::string kubeconfig, context, ns;
};

/// A connection to the cluster that the kubeconfig names.
struct Cluster {
  std::shared_ptr<client::Client> client;
  std::string ns;  ///< of the flag, else the context's, else "default"
  std::string server;
};
Result<Cluster> connect(const Globals& globals);

/// Text of a server for a terminal: control characters and escape sequences made visible (SECURITY
/// 51).
std::string printable(std::string_view text);
/// True when standard output is a terminal.
bool is_terminal();
/// In colour when `stream` is a terminal (unless NO_COLOR is set), else plain.
/// @param stream  STDOUT_FILENO or STDERR_FILENO
std::string good(std::string_view text, int stream = 1);
std::string bad(std::string_view text, int stream = 1);
std::string caution(std::string_view text, int stream = 1);
/// What objects hold, on its way to standard output: printable on a terminal, byte for byte in a
/// pipe.
std::string for_output(std::string text);

}  // namespace nodal::nodectl
