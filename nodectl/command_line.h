// nodectl/command_line.h — the table of commands: what the parser, the help, the completion and the
// man page are all made from.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

/// What the shell is offered for an argument or for a flag's value.
enum class Offer : std::uint8_t {
  nothing,
  words,
  files,
  objects,
  types,
  pods,
  nodes,
  deployments,
  services,
  namespaces,
  contexts,
  containers
};

struct Flag {
  std::string names;  ///< "-o,--output"
  std::string value;  ///< what help calls the value: "FORMAT"; "" for a switch
  std::string help;
  std::variant<bool*, std::string*, std::vector<std::string>*, std::optional<std::int64_t>*> target;
  std::string bare{};  ///< the value when none is given: "--dry-run" alone; else one is needed
  Offer offer = Offer::nothing;
  std::string words{};  ///< for Offer::words, parted by blanks

  /// "--output", or what there is.
  [[nodiscard]] std::string long_name() const;
};

struct Command {
  std::string name;
  std::string help;     ///< one line
  std::string usage{};  ///< of the arguments: "TYPE NAME …"
  std::string group{};  ///< heading in the list of commands; "" hides the command
  std::vector<Flag> flags{};
  std::vector<std::string>* args = nullptr;  ///< null: takes none
  std::vector<std::string>* given =
      nullptr;  ///< gets the flags on the line, also those of every command: "--output"
  std::size_t least_args = 0, most_args = SIZE_MAX;
  Offer offer = Offer::nothing;
  std::vector<std::string> examples{};  ///< whole lines
  /// The exit code, or an error (then it is 1). Empty for a command that only has others.
  std::function<Result<int>()> run{};
  std::vector<Command> commands{};
  std::vector<std::string> aliases{};  ///< other names of it
  bool own = false;  ///< not one of kubectl's: its errors begin with the program's name

  [[nodiscard]] const Command* find(std::string_view command) const;
};

/// Parses and runs; prints help and errors.
int run(const Command& root, int count, char** arguments);

/// @param path  "nodectl rollout"
std::string help_text(const Command& root, const Command& command, const std::string& path);
/// A page for man(1), in troff.
std::string man_page(const Command& root);

}  // namespace nodal::nodectl
