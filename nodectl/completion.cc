// nodectl/completion.cc — see completion.h.
#include "nodectl/completion.h"

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

// The long flags and subcommands of one command.
std::string words_of(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) out += text::cat("--", name, " ");
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) out += text::cat(command->get_name(), " ");
  return out;
}

}  // namespace

std::string completion(const CLI::App& app, const std::string& shell) {
  std::string cases, commands;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) {
      commands += text::cat(commands.empty() ? "" : "|", command->get_name());
      cases += text::cat("    ", command->get_name(), ") words=\"", words_of(*command), "\" ;;\n");
    }
  std::string out;
  if (shell == "zsh") out += "autoload -U +X bashcompinit && bashcompinit\n";
  out += text::cat(
      "_nodectl() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command= words\n"
      "  local i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in ",
      commands,
      ") command=${COMP_WORDS[i]}; break ;; esac\n"
      "  done\n"
      "  case $command in\n",
      cases, "    *) words=\"", words_of(app),
      "\" ;;\n"
      "  esac\n"
      "  case $command:$word in\n"
      "    get:[a-z]*|describe:[a-z]*|delete:[a-z]*)\n"
      "      words=\"pods services deployments replicasets nodes namespaces configmaps secrets "
      "events endpoints endpointslices serviceaccounts\" ;;\n"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _nodectl nodectl\n");
  return out;
}

}  // namespace nodal::nodectl
