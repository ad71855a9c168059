// Each error of the contract as a user meets it: exit code, one line, and nothing written.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "cli/command.h"
#include "cli/scripted_model.h"

namespace attnviz {
namespace {

using testing::Outcome;
using testing::run_attnviz;
using testing::ScratchFolder;
using testing::write_bytes;

const std::string kQa = ATTNVIZ_SOURCE_DIR "/examples/models/qa";

class ErrorsTest : public ::testing::Test {
 protected:
  /// Runs with --out, expects `code`, one line that holds every one of `words`, and no output.
  void expect(int code, std::vector<std::string> arguments, const std::vector<std::string>& words) {
    arguments.insert(arguments.end(), {"--out", scratch_.str("maps")});
    const Outcome outcome = run_attnviz(arguments);
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("attnviz: error: ")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const std::string& word : words)
      EXPECT_NE(outcome.err.find(word), std::string::npos) << word << " in " << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(scratch_ / "maps/manifest.json"));
  }

  std::string scripted(const std::string& source) {
    testing::save_scripted(source, scratch_.str("scripted.pt"));
    return scratch_.str("scripted.pt");
  }

  ScratchFolder scratch_;
};

TEST_F(ErrorsTest, UsageEndsWith2) {
  expect(2, {kQa}, {"no input given", "--text"});
  expect(2, {kQa, "--text", "a", "--ids", "1"}, {"more than one input"});
  expect(2, {kQa, "--text", "a", "--nonsense"}, {"--nonsense"});
  expect(2, {kQa, "--text", "a", "--reduce", "median"}, {"error: --reduce: 'median'", "rollout"});
  expect(2, {kQa, "--text", "a", "--scale", "cubic"}, {"cubic", "sqrt"});
  expect(2, {kQa, "--text", "a", "--colormap", "jet"}, {"error: --colormap: 'jet'", "viridis"});
  expect(2, {kQa, "--text", "a", "--theme", "blue"}, {"blue", "dark"});
  expect(2, {kQa, "--text", "a", "--vmax", "-1"}, {"-1"});
  expect(2, {kQa, "--text", "a", "--tokens", "3-1"}, {"--tokens", "3-1"});
  expect(2, {kQa, "--text", "a", "--generate", "0"}, {"--generate"});
  expect(2, {kQa, "--text", "a", "--threads", "none"}, {"--threads", "none", "1024"});
  expect(2, {kQa, "--text", "a", "--threads", "99999999999999"}, {"--threads", "1024"});
  expect(2, {kQa, "--text", "a", "--rollout-residual", "1"}, {"--rollout-residual"});
  expect(2, {kQa, "--segment", "no equals sign"}, {"NAME=TEXT"});
  expect(2, {kQa, "--text", "a", "--tokens", "900"}, {"900"});
  expect(2, {kQa, "--text", "a", "--font", scratch_.str("none.ttf")}, {"none.ttf"});
}

TEST_F(ErrorsTest, OptionsOfTheMainJobDoNotStandBeforeASubcommand) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--theme", "dark", "inspect", kQa}, {"--quiet", "diff", "a", "b"}, {kQa, "inspect", kQa}}) {
    const Outcome outcome = run_attnviz(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_NE(outcome.err.find("stands before '"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(ErrorsTest, FontsThatAreNoneEndWith2) {
  write_bytes(scratch_ / "empty.ttf", "");
  write_bytes(scratch_ / "text.ttf", "no font");
  write_bytes(scratch_ / "head.ttf", std::string("\0\1\0\0\xFF\xFF", 6) + std::string(500, '\xFF'));
  std::filesystem::create_directory(scratch_ / "folder.ttf");
  for (const char* name : {"empty.ttf", "text.ttf", "head.ttf", "folder.ttf"})
    expect(2, {kQa, "--text", "a", "--font", scratch_.str(name)}, {name, "font"});
}

TEST_F(ErrorsTest, FilesWithoutEndEndWith3) {
  const std::string endless = scratch_.str("endless.json");
  std::filesystem::create_symlink("/dev/zero", endless);
  expect(3, {kQa, "--text-file", endless}, {"endless.json", "512 MB"});
  expect(3, {kQa, "--ids", "1", "--tokenizer", endless}, {"endless.json", "512 MB"});
  expect(3, {kQa, "--ids", "1", "--config", endless}, {"endless.json"});
  expect(3, {endless, "--ids", "1"}, {"endless.json"});
}

TEST_F(ErrorsTest, NamesThatAreLongOrTurnTheTextAreShownSo) {
  const Outcome outcome =
      run_attnviz({std::string(3000, 'x') + "\u202E\x1B[2J", "--text", "a", "--out", "maps"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_LT(outcome.err.size(), 1300U);
  EXPECT_NE(outcome.err.find("xx … xx"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("x  [2J'"), std::string::npos) << outcome.err;
}

TEST_F(ErrorsTest, CompanionsThatAreNoFilesEndWith3) {
  for (const char* name : {"tokenizer.json", "attnviz.json", "config.json"}) {
    std::filesystem::create_directory(scratch_ / "model");
    std::filesystem::copy(kQa + "/model.pt", scratch_ / "model/model.pt");
    std::filesystem::create_symlink("nowhere", scratch_ / "model" / name);
    expect(3, {scratch_.str("model"), "--ids", "1"}, {name, "leads nowhere"});
    std::filesystem::remove(scratch_ / "model" / name);
    std::filesystem::create_directory(scratch_ / "model" / name);
    expect(3, {scratch_.str("model"), "--ids", "1"}, {name, "is no file"});
    std::filesystem::remove_all(scratch_ / "model");
  }
}

TEST_F(ErrorsTest, TimingsThatCannotBeWrittenEndWith4BeforeTheRun) {
  for (const char* file : {"", "none/timings.json"})
    expect(4, {kQa, "--text", "a", "--timings", scratch_.str("") + file}, {"--timings"});
}

TEST_F(ErrorsTest, TimingsInTheFolderOfTheMapsEndWith2HoweverTheFolderIsWritten) {
  for (const char* out : {"maps", "maps/", "./maps", "maps/.", "other/../maps/"}) {
    const Outcome outcome =
        run_attnviz({kQa, "--text", "a", "--timings", "maps/t.json", "--out", out}, "", scratch_ / "");
    EXPECT_EQ(outcome.exit_code, 2) << out << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("lies in the folder of the maps"), std::string::npos) << outcome.err;
  }
}

TEST_F(ErrorsTest, AFolderThatCannotTakeTheMapsIsSaidBeforeTheModelIsLoaded) {
  std::filesystem::create_directory(scratch_ / "maps");
  write_bytes(scratch_ / "maps/notes.txt", "mine");
  expect(4, {scratch_.str("none.pt"), "--ids", "1"}, {"is not empty"});
  std::filesystem::remove_all(scratch_ / "maps");
  expect(3, {scratch_.str("none.pt"), "--ids", "1"}, {"there is no model"});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "maps")) << "nothing is left of a run that failed";
}

TEST_F(ErrorsTest, AnEmptyValueDoesNotTakeTheNextOption) {
  expect(3, {kQa, "--text=", "--no-png"}, {"no tokens"});
  expect(2, {kQa, "--text", "a", "--tokens=", "--no-png"}, {"--tokens"});
  const Outcome outcome = run_attnviz({kQa, "--text", "--x=", "--no-png", "--out", scratch_.str("maps")});
  EXPECT_EQ(outcome.exit_code, 0) << "a value that ends so: " << outcome.err;
}

TEST_F(ErrorsTest, FilesThatAreNoTextAreNamed) {
  write_bytes(scratch_ / "latin.txt", "caf\xE9");
  expect(3, {kQa, "--text-file", scratch_.str("latin.txt")}, {"latin.txt", "UTF-8", "byte 3"});
  expect(3, {kQa, "--segment", "a=@" + scratch_.str("latin.txt")}, {"latin.txt", "UTF-8"});
  write_bytes(scratch_ / "empty.json", "");
  expect(3, {kQa, "--text", "a", "--tokenizer", scratch_.str("empty.json")}, {"empty.json", "is empty"});
  expect(3, {kQa, "--text", "a", "--tokenizer", scratch_.str("none.json")},
         {"there is no tokenizer", "none.json"});
}

TEST_F(ErrorsTest, OutIsRequired) {
  const Outcome outcome = run_attnviz({kQa, "--text", "a"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("--out"), std::string::npos);
}

TEST_F(ErrorsTest, AModelThatIsNoneEndsWith3) {
  write_bytes(scratch_ / "text.pt", "this is not an archive");
  write_bytes(scratch_ / "empty.pt", "");
  expect(3, {scratch_.str("missing.pt"), "--text", "a"}, {"missing.pt"});
  expect(3, {scratch_.str("text.pt"), "--text", "a"}, {"text.pt", "TorchScript"});
  expect(3, {scratch_.str("empty.pt"), "--text", "a"}, {"empty.pt"});
  std::filesystem::create_directory(scratch_ / "folder");
  expect(3, {scratch_.str("folder"), "--text", "a"}, {"folder", "model.pt"});
}

TEST_F(ErrorsTest, ATruncatedModelEndsWith3) {
  const std::string whole = testing::read_bytes(kQa + "/model.pt");
  for (const std::size_t size : {std::size_t{10}, whole.size() / 2, whole.size() - 5}) {
    write_bytes(scratch_ / "cut.pt", whole.substr(0, size));
    expect(3, {scratch_.str("cut.pt"), "--ids", "1"}, {"cut.pt"});
  }
}

TEST_F(ErrorsTest, AModelThatCrashesLibtorchEndsWith3) {
  testing::save_nested("def forward(self, input_ids):\n  return input_ids * 2\n", 500'000,
                       scratch_.str("nested.pt"));
  expect(3, {scratch_.str("nested.pt"), "--ids", "1"}, {"nested.pt", "crashes libtorch"});
  const Outcome inspected = run_attnviz({"inspect", scratch_.str("nested.pt")});
  EXPECT_EQ(inspected.exit_code, 3) << inspected.err;
}

TEST_F(ErrorsTest, AStateDictHasItsOwnSentence) {
  testing::save_state_dict(scratch_.str("weights.pt"));
  expect(3, {scratch_.str("weights.pt"), "--text", "a"}, {"weights.pt", "torch.jit"});
}

TEST_F(ErrorsTest, AModelWithoutAttentionEndsWith3) {
  const std::string model = scripted("def forward(self, input_ids):\n  return input_ids * 2\n");
  expect(3, {model, "--ids", "1,2"}, {"attention"});
}

TEST_F(ErrorsTest, TextWithoutATokenizerEndsWith3) {
  const std::string model = scripted(
      "def forward(self, input_ids):\n"
      "  x = input_ids.to(6).unsqueeze(-1).repeat(1, 1, 4)\n"
      "  return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)\n");
  expect(3, {model, "--text", "a"}, {"--tokenizer", "--ids"});
}

TEST_F(ErrorsTest, BadTextAndBadIdsEndWith3) {
  expect(3, {kQa, "--text", "ab\xFFq"}, {"UTF-8", "2"});
  expect(3, {kQa, "--text-file", scratch_.str("none.txt")}, {"none.txt"});
  expect(3, {kQa, "--segment", "a=@" + scratch_.str("none.txt")}, {"none.txt"});
  expect(3, {kQa, "--ids", "1,99999999"}, {"99999999"});
  expect(3, {kQa, "--text", ""}, {"no tokens"});
  expect(3, {kQa, "--tokenizer", scratch_.str("none.json"), "--text", "a"}, {"none.json"});
}

TEST_F(ErrorsTest, ADeviceThatIsNotThereEndsWith3) {
  if (testing::has_cuda()) GTEST_SKIP() << "this machine has CUDA";
  expect(3, {kQa, "--text", "a", "--device", "cuda"}, {"cuda"});
}

TEST_F(ErrorsTest, AWrongConfigEndsWith3) {
  write_bytes(scratch_ / "wrong.json", "{\"taks\": \"encoder\"}");
  expect(3, {kQa, "--text", "a", "--config", scratch_.str("wrong.json")}, {"wrong.json", "taks"});
  write_bytes(scratch_ / "broken.json", "{");
  expect(3, {kQa, "--text", "a", "--config", scratch_.str("broken.json")}, {"broken.json"});
}

TEST_F(ErrorsTest, AFolderThatIsNotEmptyEndsWith4) {
  std::filesystem::create_directory(scratch_ / "maps");
  write_bytes(scratch_ / "maps/mine.txt", "mine");
  expect(4, {kQa, "--text", "a"}, {"not empty", "--force"});
  EXPECT_EQ(testing::read_bytes(scratch_ / "maps/mine.txt"), "mine");
}

TEST_F(ErrorsTest, AnOutputThatCannotBeWrittenEndsWith4) {
  write_bytes(scratch_ / "maps", "a file");
  const Outcome outcome = run_attnviz({kQa, "--text", "a", "--out", scratch_.str("maps") + "/x"});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;
}

TEST_F(ErrorsTest, ADiskThatIsFullEndsWith4AndLeavesNoPartOfAFile) {
  for (const rlim_t limit : {rlim_t{400}, rlim_t{2000}, rlim_t{5000}}) {
    Outcome outcome;
    {
      const testing::FileSizeLimit full(limit);
      outcome = run_attnviz({kQa, "--text", "a b c", "--out", "maps"}, "", scratch_ / "");
    }
    EXPECT_EQ(outcome.exit_code, 4) << limit;
    EXPECT_NE(outcome.err.find("cannot write 'maps/"), std::string::npos) << outcome.err;
    if (!std::filesystem::exists(scratch_ / "maps")) continue;
    for (const auto& [file, bytes] : testing::read_tree(scratch_ / "maps")) {
      EXPECT_NE(file, "manifest.json");
      EXPECT_EQ(file.find("part"), std::string::npos) << file;
      EXPECT_LE(bytes.size(), limit) << file;
    }
    std::filesystem::remove_all(scratch_ / "maps");
  }
}

TEST_F(ErrorsTest, AnInterruptedRunEndsWith130AndLeavesWholeFilesOnly) {
  std::string text;
  for (int i = 0; i < 80; ++i) text += "the old bridge ";
  const auto begun = [&] {
    std::error_code none;
    return std::filesystem::directory_iterator(scratch_ / "maps/tokens", none) !=
           std::filesystem::directory_iterator();
  };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Outcome outcome = testing::run_attnviz_until(
        begun, signal, {kQa, "--text", text, "--per-head", "--out", "maps"}, scratch_ / "");
    EXPECT_EQ(outcome.exit_code, 130);
    EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
    for (const auto& [file, bytes] : testing::read_tree(scratch_ / "maps")) {
      EXPECT_NE(file, "manifest.json");
      EXPECT_EQ(file.find("part"), std::string::npos) << file;
      if (file == "tokens") continue;
      const bool json = file.ends_with(".json");
      EXPECT_TRUE(json ? bytes.ends_with("}\n") : bytes.substr(bytes.size() - 8, 4) == "IEND") << file;
    }
    std::filesystem::remove_all(scratch_ / "maps");
  }
}

TEST_F(ErrorsTest, AFailingRunKeepsWhatAnEarlierOneWrote) {
  ASSERT_EQ(run_attnviz({kQa, "--text", "a b", "--no-png", "--out", scratch_.str("maps")}).exit_code, 0);
  const std::string manifest = testing::read_bytes(scratch_ / "maps/manifest.json");
  EXPECT_EQ(run_attnviz({kQa, "--text", "a b", "--tokens", "99", "--force", "--out", scratch_.str("maps")})
                .exit_code,
            2);
  EXPECT_EQ(testing::read_bytes(scratch_ / "maps/manifest.json"), manifest);
}

TEST_F(ErrorsTest, VerboseSaysWhatIsDone) {
  const Outcome outcome =
      run_attnviz({kQa, "--text", "a b", "--verbose", "--no-png", "--out", scratch_.str("maps")});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.err.find("captured 4 attention layers"), std::string::npos) << outcome.err;
}

TEST_F(ErrorsTest, SelectionsThatTheModelLacksEndWith2) {
  expect(2, {kQa, "--text", "a b", "--layers", "1,9"}, {"layer 9", "0 to 3"});
  expect(2, {kQa, "--text", "a b", "--heads", "4"}, {"head 4", "0 to 3"});
  expect(2, {kQa, "--text", "a b", "--attention", "cross"}, {"cross", "only self"});
  expect(2, {kQa, "--text", "a b", "--device", "tpu"}, {"tpu", "cuda"});
}

TEST_F(ErrorsTest, AnEncoderDecoderWithoutADecoderSideEndsWith2) {
  expect(2, {ATTNVIZ_SOURCE_DIR "/tests/model/data/transformer-scripted-1.13.pt", "--ids", "1,2,3"},
         {"encoder–decoder", "--target", "--generate"});
}

}  // namespace
}  // namespace attnviz
