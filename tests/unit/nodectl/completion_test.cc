// tests/unit/nodectl/completion_test.cc — the completion script, asked by a real bash.
#include "nodectl/completion.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"

namespace nodal::nodectl {
namespace {

class Completion : public testing::Test {
 protected:
  Completion() {
    app.add_option("-n,--namespace", ns);
    auto* get = app.add_subcommand("get");
    get->add_option("-o,--output", output);
    app.add_subcommand("up");
    app.add_subcommand("secret")->group("");
    char name[] = "/tmp/nodal-completion-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Completion() override { static_cast<void>(file::remove_all(folder)); }

  // What bash offers for the last of these words.
  std::string offered(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) line += text::cat("'", word, "' ");
    const auto script =
        text::cat(completion(app, "bash"), "COMP_WORDS=(nodectl ", line,
                  ")\nCOMP_CWORD=", words.size(), "\n_nodectl\necho \"${COMPREPLY[@]}\"\n");
    EXPECT_TRUE(file::write(folder + "/script", script));
    FILE* out = ::popen(text::cat("bash --norc ", folder, "/script 2>&1").c_str(), "r");
    std::string answer;
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, out) != nullptr) answer += buffer;
    EXPECT_EQ(::pclose(out), 0) << answer;
    return std::string(text::trim(answer));
  }

  CLI::App app;
  std::string ns, output, folder;
};

TEST_F(Completion, CommandsAndFlagsOfTheWhole) {
  EXPECT_EQ(offered({"g"}), "get");
  EXPECT_EQ(offered({"--name"}), "--namespace");
  EXPECT_EQ(offered({"sec"}), "") << "what is hidden is not offered";
}

TEST_F(Completion, FlagsOfTheCommand) {
  EXPECT_EQ(offered({"get", "--o"}), "--output");
  EXPECT_EQ(offered({"up", "--o"}), "");
}

TEST_F(Completion, KindsWhereAKindIsMeant) {
  EXPECT_EQ(offered({"get", "pod"}), "pods");
  EXPECT_EQ(offered({"get", "endpoint"}), "endpoints endpointslices");
}

TEST_F(Completion, AFlagsValueIsNoCommand) {
  EXPECT_EQ(offered({"-n", "kube-system", "get", "--o"}), "--output");
}

TEST_F(Completion, ZshReadsItByBashcompinit) {
  EXPECT_TRUE(completion(app, "zsh").starts_with("autoload -U +X bashcompinit"));
  EXPECT_FALSE(completion(app, "bash").starts_with("autoload"));
}

}  // namespace
}  // namespace nodal::nodectl
