// tests/unit/nodectl/completion_test.cc — what is offered for unfinished lines, and the script in a
// real bash.
#include "nodectl/completion.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

class CompletionOfLines : public testing::Test {
 protected:
  Completion plan(const std::vector<std::string>& line) { return plan_completion(root, line); }
  std::string words(const std::vector<std::string>& line) {
    return text::join(plan(line).words, " ");
  }

  Globals globals;
  Command root = all_commands(globals);
};

TEST_F(CompletionOfLines, Commands) {
  EXPECT_EQ(words({"desc"}), "describe");
  EXPECT_EQ(words({"superv"}), "") << "what is hidden is not offered";
  EXPECT_EQ(words({"create", "dep"}), "deployment");
}

TEST_F(CompletionOfLines, FlagsOfTheCommandAndOfAll) {
  EXPECT_EQ(words({"get", "--field"}), "--field-selector");
  EXPECT_EQ(words({"up", "--output"}), "");
  EXPECT_EQ(words({"get", "--names"}), "--namespace");
}

TEST_F(CompletionOfLines, ValuesOfFlags) {
  EXPECT_EQ(words({"get", "-o", "y"}), "yaml");
  EXPECT_EQ(words({"get", "--output=y"}), "yaml");
  EXPECT_EQ(words({"get", "--output", "=", "y"}), "yaml") << "as bash breaks the line";
  EXPECT_EQ(plan({"get", "-n", "ku"}).offer, Offer::namespaces);
  EXPECT_EQ(plan({"apply", "-f", ""}).offer, Offer::files);
}

TEST_F(CompletionOfLines, ArgumentsAreTheServersBusiness) {
  const auto types = plan({"-n", "kube-system", "get", "po"});
  EXPECT_EQ(types.offer, Offer::objects);
  EXPECT_TRUE(types.before.empty());
  EXPECT_EQ(types.globals.ns, "kube-system");
  EXPECT_EQ(plan({"get", "pods", "web"}).before, std::vector<std::string>{"pods"});
  EXPECT_EQ(plan({"get", "-w", "pods", ""}).before, std::vector<std::string>{"pods"})
      << "a switch takes no value";
  EXPECT_EQ(plan({"logs", "w"}).offer, Offer::pods);
  EXPECT_EQ(plan({"service", "web", ""}).offer, Offer::nothing) << "it takes one";
}

// What a shell prints that runs the completion script, then this.
std::string in_shell(const std::string& shell, const std::string& program, std::string_view rest) {
  char name[] = "/tmp/nodal-completion-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  EXPECT_TRUE(file::write(folder + "/script", text::cat(shell == "zsh" ? "compdef() { :; }\n" : "",
                                                        completion_script(shell).value(), rest)));
  FILE* out = ::popen(text::cat(program, " ", folder, "/script 2>/dev/null").c_str(), "r");
  std::string printed;
  char buffer[256] = "";
  while (std::fgets(buffer, sizeof buffer, out) != nullptr) printed += buffer;
  EXPECT_EQ(::pclose(out), 0);
  static_cast<void>(file::remove_all(folder));
  return printed;
}

TEST(CompletionScript, AsksTheProgramInBash) {
  EXPECT_EQ(in_shell("bash", "bash --norc",
                     "nodectl() { printf '%s\\n' \"$*\" >&2; echo pods; }\n"
                     "COMP_WORDS=(nodectl get po)\nCOMP_CWORD=2\n_nodectl\n"
                     "echo \"${COMPREPLY[@]}\"\n"),
            "pods\n");
}

TEST(CompletionScript, AsksTheProgramInZsh) {
  // The functions that zsh completes with say what they are told.
  constexpr std::string_view kSay =
      "compadd() { print -r -- \"add $*\" }\ncompset() { print -r -- \"set $*\" }\n"
      "_files() { print files }\n";
  EXPECT_EQ(in_shell("zsh", "zsh -f",
                     text::cat(kSay,
                               "nodectl() { [[ \"$*\" == '__complete -- get po' ]] && "
                               "print -l pods pod/ }\n"
                               "words=(nodectl get po rest); CURRENT=3; _nodectl\n")),
            "add -S  -- pod/\nadd -- pods\n");
  EXPECT_EQ(in_shell("zsh", "zsh -f",
                     text::cat(kSay, "nodectl() { print -l json jsonpath= }\n",
                               "words=(nodectl get --output=js); CURRENT=3; _nodectl\n")),
            "set -P *=\nadd -S  -- jsonpath=\nadd -- json\n");
  EXPECT_EQ(in_shell("zsh", "zsh -f",
                     text::cat(kSay, "nodectl() { print : }\n",
                               "words=(nodectl apply -f ''); CURRENT=4; _nodectl\n")),
            "files\n");
}

TEST(CompletionScript, OfOtherShellsIsNone) { EXPECT_FALSE(completion_script("fish")); }

TEST(ManPage, IsMadeOfTheTable) {
  Globals globals;
  const auto page = man_page(all_commands(globals));
  EXPECT_TRUE(page.starts_with(".TH NODECTL 1"));
  EXPECT_NE(page.find("nodectl get TYPE"), std::string::npos);
  EXPECT_NE(page.find("nodectl create deployment NAME"), std::string::npos);
  EXPECT_EQ(page.find("supervise"), std::string::npos);
}

}  // namespace
}  // namespace nodal::nodectl
