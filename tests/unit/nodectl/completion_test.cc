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

TEST(CompletionScript, AsksTheProgramInBash) {
  char name[] = "/tmp/nodal-completion-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  const auto script = text::cat(completion_script("bash").value(),
                                "nodectl() { printf '%s\\n' \"$*\" >&2; echo pods; }\n"
                                "COMP_WORDS=(nodectl get po)\nCOMP_CWORD=2\n_nodectl\n"
                                "echo \"${COMPREPLY[@]}\"\n");
  ASSERT_TRUE(file::write(folder + "/script", script));
  FILE* out = ::popen(text::cat("bash --norc ", folder, "/script 2>/dev/null").c_str(), "r");
  char buffer[256] = "";
  ASSERT_NE(std::fgets(buffer, sizeof buffer, out), nullptr);
  EXPECT_EQ(::pclose(out), 0);
  EXPECT_STREQ(buffer, "pods\n");
  static_cast<void>(file::remove_all(folder));
}

TEST(CompletionScript, ZshReadsItByBashcompinit) {
  EXPECT_NE(completion_script("zsh").value().find("bashcompinit"), std::string::npos);
  EXPECT_FALSE(completion_script("fish"));
}

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
