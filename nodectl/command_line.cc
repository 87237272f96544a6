// nodectl/command_line.cc — the table as a parser: the only includer of CLI11.
#include "nodectl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "nodectl/context.h"
#include "nodectl/errors.h"

namespace nodal::nodectl {
namespace {

void add_flag(CLI::App& app, const Flag& flag) {
  if (auto* const* to = std::get_if<bool*>(&flag.target)) {
    app.add_flag(flag.names, **to);
  } else if (auto* const* text = std::get_if<std::string*>(&flag.target)) {
    if (!flag.bare.empty())
      app.add_flag(text::cat(flag.names, "{", flag.bare, "}"), **text)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    else
      app.add_option(flag.names, **text)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&flag.target)) {
    app.add_option(flag.names, **list)->allow_extra_args(false);
  } else {
    app.add_option(flag.names, *std::get<std::optional<std::int64_t>*>(flag.target));
  }
}

struct Chosen {
  const Command* command;
  std::string path;
  const CLI::App* app = nullptr;
};

void add_command(CLI::App& app, const Command& command, const std::string& path, Chosen& chosen) {
  app.set_help_flag("-h,--help");
  // After the first command a word such as "service" is an argument, whatever else it could be.
  app.require_subcommand(0, 1);
  for (const auto& flag : command.flags) add_flag(app, flag);
  if (command.args != nullptr) app.add_option("args", *command.args);
  app.callback([&chosen, &command, &app, path] {
    // The callback of a parent comes after that of its chosen child.
    if (app.get_subcommands().empty()) chosen = {&command, path, &app};
  });
  for (const auto& inner : command.commands) {
    auto* added = app.add_subcommand(inner.name);
    for (const auto& alias : inner.aliases) added->alias(alias);
    add_command(*added, inner, text::cat(path, " ", inner.name), chosen);
  }
}

// "-o=wide" is how kubectl's users may write "-o wide"; the parser knows it of long flags only.
// What stands after "--" is no flag of ours, whatever it looks like: it comes into `rest`.
std::vector<std::string> words_of(int count, char** arguments, std::vector<std::string>& rest) {
  std::vector<std::string> out;
  for (int i = 1; i < count; ++i) {
    std::string word = arguments[i];
    if (word == "--") {
      rest.assign(arguments + i + 1, arguments + count);
      break;
    }
    if (word.size() > 3 && word[0] == '-' && word[1] != '-' && word[2] == '=') word.erase(2, 1);
    out.push_back(std::move(word));
  }
  std::ranges::reverse(out);
  return out;
}

std::vector<std::string> given_flags(const CLI::App* app) {
  std::vector<std::string> out;
  for (; app != nullptr; app = app->get_parent())
    for (const auto* option : app->get_options())
      if (option->count() > 0 && option->nonpositional()) out.push_back(option->get_name());
  return out;
}

// The command that the words name, as far as they do.
Chosen named(const Command& root, int count, char** arguments) {
  Chosen at{&root, root.name, nullptr};
  for (int i = 1; i < count; ++i)
    if (const auto* inner = at.command->find(arguments[i]))
      at = {inner, text::cat(at.path, " ", inner->name), nullptr};
  return at;
}

int usage_error(const Chosen& at, std::string message) {
  report(message, at.command->own || at.command->run == nullptr);
  std::fputs(text::cat("See '", at.path, " -h' for help and examples.\n").c_str(), stderr);
  return 1;
}

}  // namespace

std::string Flag::long_name() const {
  const auto comma = names.find(',');
  return comma == std::string::npos ? names : names.substr(comma + 1);
}

const Command* Command::find(std::string_view command) const {
  const auto at = std::ranges::find_if(commands, [&](const Command& one) {
    return one.name == command || std::ranges::find(one.aliases, command) != one.aliases.end();
  });
  return at == commands.end() ? nullptr : &*at;
}

int run(const Command& root, int count, char** arguments) {
  CLI::App app;
  app.fallthrough();
  Chosen chosen{nullptr, "", nullptr};
  app.name(root.name);
  std::vector<std::string> rest;
  add_command(app, root, root.name, chosen);
  try {
    app.parse(words_of(count, arguments, rest));
  } catch (const CLI::CallForHelp&) {
    const auto at = named(root, count, arguments);
    std::fputs(help_text(root, *at.command, at.path).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    const auto at = named(root, count, arguments);
    if (at.command->args == nullptr && !at.command->commands.empty())
      for (const auto& rest : app.remaining(true))
        if (!rest.starts_with('-'))
          return usage_error(at, text::cat("unknown command \"", rest, "\"; `", at.path,
                                           " --help` lists them all"));
    return usage_error(at, error.what());
  }
  if (chosen.command->run == nullptr) {
    std::fputs(help_text(root, *chosen.command, chosen.path).c_str(), stdout);
    return 0;
  }
  if (!rest.empty()) {
    if (chosen.command->args == nullptr)
      return usage_error(chosen, "no arguments are expected after --");
    chosen.command->args->insert(chosen.command->args->end(), rest.begin(), rest.end());
  }
  const auto given = chosen.command->args == nullptr ? 0 : chosen.command->args->size();
  if (given < chosen.command->least_args)
    return usage_error(
        chosen, text::cat("more arguments are needed: ", chosen.path, " ", chosen.command->usage));
  if (given > chosen.command->most_args)
    return usage_error(chosen,
                       text::cat("too many arguments: ", chosen.path, " ", chosen.command->usage));
  if (chosen.command->given != nullptr) *chosen.command->given = given_flags(chosen.app);
  const auto done = chosen.command->run();
  if (done) return *done;
  if (!done.error().message.empty()) report(done.error().message, chosen.command->own);
  return 1;
}

}  // namespace nodal::nodectl
