// nodectl/completion.h — what the shell is offered for an unfinished command line.
#pragma once

#include <string>
#include <vector>

#include "nodectl/command_line.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

/// A script for bash or zsh: it asks the program for each word.
/// @errors invalid for another shell
Result<std::string> completion_script(const std::string& shell);

/// What fits the last of the words: words that are known here, and what the server must be asked
/// for.
struct Completion {
  std::vector<std::string> words;     ///< that begin with the last word
  Offer offer = Offer::nothing;       ///< of what else
  std::vector<std::string> before{};  ///< the command's arguments that stand already
  Globals globals{};                  ///< as the line has them
};
/// Pure.
/// @param line  the words after the program's name; the last is the unfinished one
Completion plan_completion(const Command& root, const std::vector<std::string>& line);

}  // namespace nodal::nodectl
