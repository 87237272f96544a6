// nodectl/completion.h — shell completion, written from the command line's own description.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace nodal::nodectl {

/// A script for bash, or for zsh by way of its bashcompinit.
std::string completion(const CLI::App& app, const std::string& shell);

}  // namespace nodal::nodectl
