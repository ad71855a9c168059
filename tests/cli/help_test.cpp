#include <gtest/gtest.h>

#include <regex>
#include <sstream>
#include <string>

#include "cli/command.h"

namespace attnviz {
namespace {

using testing::run_attnviz;

TEST(Command, WithoutArgumentsSaysHowToUseItAndEndsWith2) {
  const auto outcome = run_attnviz({});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "attnviz: error: no MODEL given; for example: attnviz model.pt --text \"...\" --out maps/ "
            "(attnviz --help "
            "lists the options)\n");
}

TEST(Command, HelpIsGroupedOnStandardOutput) {
  const auto outcome = run_attnviz({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  std::size_t last = 0;
  for (const char* group : {"MODEL", "Input, exactly one", "Generation", "Selection", "Reduction", "Drawing",
                            "Files", "Run", "inspect", "tokenize", "Examples:", "Exit codes:"}) {
    const std::size_t at = outcome.out.find(group, last);
    EXPECT_NE(at, std::string::npos) << group << " is missing or out of order in\n" << outcome.out;
    if (at != std::string::npos && std::string(group) != "inspect") last = at;
    if (std::string(group) == "Run") last = 0;
  }
}

TEST(Command, EveryOptionSaysWhatItDoes) {
  std::istringstream lines(run_attnviz({"--help"}).out);
  int options = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  --")) continue;
    ++options;
    EXPECT_GT(line.size(), 40U) << line;
    EXPECT_LT(line.size(), 120U) << line;
  }
  EXPECT_GT(options, 25);
}

TEST(Command, SubcommandsHaveHelpOfTheirOwn) {
  EXPECT_NE(run_attnviz({"inspect", "--help"}).out.find("--json"), std::string::npos);
  EXPECT_NE(run_attnviz({"tokenize", "--help"}).out.find("--no-special"), std::string::npos);
  EXPECT_NE(run_attnviz({"diff", "--help"}).out.find("--fail-over"), std::string::npos);
}

TEST(Command, SubcommandsShowExamplesOfTheirOwn) {
  for (const std::string command : {"inspect", "tokenize", "diff"}) {
    const std::string help = run_attnviz({command, "--help"}).out;
    const std::size_t examples = help.find("Examples:\n");
    ASSERT_NE(examples, std::string::npos) << help;
    const std::string own = help.substr(examples);
    EXPECT_NE(own.find("  attnviz " + command + ' '), std::string::npos) << help;
    EXPECT_NE(own.find("Exit codes: 0 done"), std::string::npos) << help;
    std::istringstream lines(own);
    for (std::string line; std::getline(lines, line);)
      EXPECT_TRUE(!line.starts_with("  attnviz ") || line.starts_with("  attnviz " + command)) << line;
  }
}

TEST(Command, HelpSaysHowASegmentIsTaken) {
  const std::string help = run_attnviz({"--help"}).out;
  EXPECT_NE(help.find("\\n in it is a backslash and an n"), std::string::npos) << help;
  EXPECT_NE(help.find("=TEXT, without a name, is glue"), std::string::npos) << help;
}

TEST(Command, SaysItsVersion) {
  const auto outcome = run_attnviz({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  std::istringstream lines(outcome.out);
  std::string attnviz, libtorch, blas, more;
  std::getline(lines, attnviz);
  std::getline(lines, libtorch);
  std::getline(lines, blas);
  EXPECT_EQ(attnviz, "0.1.0");
  EXPECT_TRUE(std::regex_match(libtorch, std::regex("libtorch [0-9]+[.][0-9]+[.].*"))) << libtorch;
  EXPECT_TRUE(
      std::regex_search(blas, std::regex("OpenBLAS [0-9.]+ .*, kernels: [A-Z]|Math Kernel|BLIS|BLAS")))
      << blas;
  EXPECT_FALSE(std::getline(lines, more)) << more;
}

}  // namespace
}  // namespace attnviz
