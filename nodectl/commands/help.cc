// nodectl/commands/help.cc — help: what `COMMAND --help` prints, as a command.
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

Result<int> help(const Command& root, const std::vector<std::string>& words) {
  const Command* at = &root;
  std::string path = root.name;
  for (const auto& word : words) {
    const auto* inner = at->find(word);
    if (inner == nullptr)
      return fail(Errc::invalid,
                  text::cat("unknown command \"", word, "\"; `", path, " --help` lists them all"));
    at = inner;
    path += text::cat(" ", at->name);
  }
  std::fputs(help_text(root, *at, path).c_str(), stdout);
  return 0;
}

}  // namespace

Command help_command(const Command& root) {
  const auto words = std::make_shared<std::vector<std::string>>();
  return {.name = "help",
          .help = "What a command takes, with examples",
          .usage = "[COMMAND …]",
          .group = kOtherGroup,
          .args = words.get(),
          .examples = {"nodectl help", "nodectl help rollout undo"},
          .run = [words, &root] { return help(root, *words); },
          .own = true};
}

}  // namespace nodal::nodectl
