// tests/unit/nodectl/command_line_test.cc — the table of commands, parsed.
#include "nodectl/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

class CommandLine : public testing::Test {
 protected:
  // The exit code; what ran is in `ran`.
  int line(std::vector<std::string> words) {
    ran.clear();
    args.clear();
    files.clear();
    given.clear();
    dry_run = "none";
    output.clear();
    all = false;
    Command root{
        .name = "prog",
        .help = "A program",
        .flags = {
            {.names = "-n,--namespace", .value = "NAME", .help = "Namespace", .target = &ns}}};
    const auto command = [&](std::string name) {
      return Command{
          .name = name,
          .help = "Does it",
          .group = "Group",
          .flags =
              {{.names = "-o,--output", .value = "FORMAT", .help = "Format", .target = &output},
               {.names = "-f,--filename", .value = "FILE", .help = "File", .target = &files},
               {.names = "--dry-run",
                .value = "WHERE",
                .help = "Dry",
                .target = &dry_run,
                .bare = "client"},
               {.names = "-A,--all", .help = "All", .target = &all}},
          .args = &args,
          .given = &given,
          .run = [this, name]() -> Result<int> {
            ran = name;
            return 0;
          }};
    };
    auto parent = Command{.name = "create", .help = "Makes", .group = "Group"};
    parent.commands = {command("service")};
    parent.commands[0].aliases = {"svc"};
    root.commands = {command("get"), command("service"), std::move(parent)};
    root.commands[1].most_args = 1;
    words.insert(words.begin(), "prog");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    return run(root, static_cast<int>(arguments.size()), arguments.data());
  }
  std::string ran, output, dry_run, ns;
  std::vector<std::string> args, files, given;
  bool all = false;
};

TEST_F(CommandLine, ANameOfACommandIsAnArgumentAfterACommand) {
  EXPECT_EQ(line({"get", "service", "web", "-o", "yaml"}), 0);
  EXPECT_EQ(ran, "get");
  EXPECT_EQ(args, (std::vector<std::string>{"service", "web"}));
  EXPECT_EQ(line({"create", "svc", "web"}), 0);
  EXPECT_EQ(ran, "service");
}

TEST_F(CommandLine, FlagsAsKubectlsUsersWriteThem) {
  EXPECT_EQ(line({"get", "-o=wide", "pods", "-nother", "-A"}), 0);
  EXPECT_EQ(output, "wide");
  EXPECT_EQ(ns, "other");
  EXPECT_TRUE(all);
  EXPECT_EQ(line({"get", "--all=false", "--dry-run", "pods"}), 0);
  EXPECT_FALSE(all);
  EXPECT_EQ(dry_run, "client") << "a bare flag takes no word";
  EXPECT_EQ(args, std::vector<std::string>{"pods"});
  EXPECT_EQ(line({"get", "--dry-run=server", "-f", "a", "x=y", "-f", "b", "-o", "a", "-o", "b"}),
            0);
  EXPECT_EQ(dry_run, "server");
  EXPECT_EQ(files, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(args, std::vector<std::string>{"x=y"});
  EXPECT_EQ(output, "b") << "the last counts";
}

TEST_F(CommandLine, TheFlagsOnTheLineAreKnown) {
  EXPECT_EQ(line({"get", "pods"}), 0);
  EXPECT_TRUE(given.empty());
  EXPECT_EQ(line({"get", "pods", "-n", "other", "--dry-run=none", "--all=false"}), 0);
  std::ranges::sort(given);
  EXPECT_EQ(given, (std::vector<std::string>{"--all", "--dry-run", "--namespace"}))
      << "also with the value that they have anyway";
}

TEST_F(CommandLine, WhatFollowsTwoDashesIsNoFlag) {
  EXPECT_EQ(line({"get", "web", "--", "sh", "-c", "echo -o"}), 0);
  EXPECT_EQ(args, (std::vector<std::string>{"web", "sh", "-c", "echo -o"}));
}

TEST_F(CommandLine, MistakesEndWithOne) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"nope"}, {"get", "--nope"}, {"create", "nope"}, {"service", "a", "b"}, {"get", "-o"}}) {
    EXPECT_EQ(line(words), 1) << words[0];
    EXPECT_EQ(ran, "");
  }
}

// What can be done without an example: the paths of such commands.
std::string without_example(const Command& command, const std::string& path) {
  std::string out;
  for (const auto& inner : command.commands)
    if (!inner.group.empty()) out += without_example(inner, text::cat(path, " ", inner.name));
  // A hidden one, and those whose line says it all.
  const bool plain = command.args == nullptr && command.flags.empty() && command.commands.empty();
  return command.examples.empty() && !plain ? text::cat(path, "\n", out) : out;
}

TEST(Commands, HaveExamples) {
  Globals globals;
  const auto root = all_commands(globals);
  for (const auto& command : root.commands)
    if (!command.group.empty() && command.group != kClusterGroup) {
      EXPECT_EQ(without_example(command, command.name), "");
    }
}

TEST(Commands, HelpTellsOfOne) {
  Globals globals;
  Command root = all_commands(globals);
  root.commands.push_back(help_command(root));
  const auto line = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "nodectl");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(root, static_cast<int>(arguments.size()), arguments.data());
    return text::cat(code, testing::internal::GetCapturedStdout(),
                     testing::internal::GetCapturedStderr());
  };
  EXPECT_EQ(
      line({"help", "rollout", "undo"}),
      text::cat("0", help_text(root, *root.find("rollout")->find("undo"), "nodectl rollout undo")));
  root = all_commands(globals);
  root.commands.push_back(help_command(root));
  EXPECT_EQ(line({"help"}), text::cat("0", help_text(root, root, "nodectl")));
  root = all_commands(globals);
  root.commands.push_back(help_command(root));
  EXPECT_EQ(line({"help", "rollout", "nothing"}),
            "1nodectl: unknown command \"nothing\"; `nodectl rollout --help` lists them all\n");
}

}  // namespace
}  // namespace nodal::nodectl
