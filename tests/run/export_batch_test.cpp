#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <fstream>
#include <locale>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "run/fakes.h"
#include "scratch_folder.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using IfNotEmpty = BatchDirectory::IfNotEmpty;

class Recorder final : public Listener {
 public:
  std::vector<std::string> warnings;
  std::vector<std::int64_t> progressed;
  std::set<std::string> told;
  std::int64_t total = -1;
  std::function<bool()> stop = [] { return false; };
  void warning(std::string_view sentence) override { warnings.emplace_back(sentence); }
  void progress(std::string_view what, std::int64_t done, std::int64_t of) override {
    told.emplace(what);
    progressed.push_back(done);
    total = of;
  }
  bool cancelled() const override { return stop(); }
};

std::string text_record(const std::string& id, const std::string& text) {
  return R"({"id": ")" + id + R"(", "text": ")" + text + "\"}\n";
}

class ExportBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.reductions = testing::named({"mean"});
    options_.png = false;
  }
  BatchResult run(const std::string& lines, IfNotEmpty policy = IfNotEmpty::kRefuse,
                  const std::string& name = "maps") {
    entries_.clear();
    model_.runs = 0;
    std::ofstream(root_ / "batch.jsonl", std::ios::binary) << lines;
    LineReader reader((root_ / "batch.jsonl").string());
    BatchDirectory folder(root_ / name, policy);
    const auto finished = [&](const BatchEntry& entry) { entries_.push_back(entry); };
    return export_batch(model_, {&letters_}, reader, defaults_, options_, {{"scale", std::string("sqrt")}},
                        folder, finished, listener_);
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (const BatchEntry& entry : entries_)
      all.push_back(entry.id.value_or("?") + (entry.error ? " failed" : ""));
    return all;
  }
  static std::string bytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  /// Every file of a folder with its bytes.
  std::map<std::string, std::string> tree(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / name))
      files[fs::relative(entry.path(), root_ / name).string()] =
          entry.is_directory() ? "/" : bytes(entry.path());
    return files;
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
  testing::EvenModel model_;
  testing::LetterTokenizer letters_;
  Recorder listener_;
  InputRecord defaults_;
  ExportOptions options_;
  std::vector<BatchEntry> entries_;
};

TEST_F(ExportBatchTest, WritesAFolderForEachRecordAndSaysSoInOrder) {
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += text_record("r" + std::to_string(i), std::string(1 + (i * 7) % 40, 'a'));
  for (const int workers : {1, 3}) {
    options_.workers = workers;
    const BatchResult result = run(lines, IfNotEmpty::kRefuse, std::to_string(workers));
    EXPECT_EQ(result.done, 40);
    EXPECT_EQ(result.failed, 0);
    ASSERT_EQ(entries_.size(), 40U);
    for (std::size_t i = 0; i < 40; ++i) {
      EXPECT_EQ(entries_[i].id, "r" + std::to_string(i));
      EXPECT_EQ(entries_[i].line, static_cast<std::int64_t>(i) + 1);
      EXPECT_EQ(entries_[i].outputs, 2 + static_cast<std::int64_t>(i) * 7 % 40) << "with the template's";
    }
    EXPECT_EQ(listener_.progressed.back(), 40);
    EXPECT_THAT(listener_.told, ElementsAre("records"));
    EXPECT_EQ(listener_.total, 40);
  }
  EXPECT_EQ(tree("1"), tree("3")) << "whatever the number of threads";
}

TEST_F(ExportBatchTest, ARecordIsWhatASingleRunWrites) {
  run(R"({"id": "q", "segments": [{"name": "s", "text": "abc"}], "generate": 2, "tokens": "4-5"})");
  OutputDirectory folder(root_ / "single", OutputDirectory::IfNotEmpty::kRefuse);
  export_maps(model_, {&letters_}, {.segments = {{"s", "abc"}}, .generate = 2, .tokens = {{4, 5}}}, options_,
              {}, folder, listener_);
  auto batch = tree("maps/q"), single = tree("single");
  auto of_batch = nlohmann::json::parse(batch["manifest.json"]);
  EXPECT_EQ(of_batch["options"],
            nlohmann::json::parse(R"({"generate": 2, "tokens": [4, 5], "scale": "sqrt", "record":
      "{\"generate\":2,\"id\":\"q\",\"segments\":[{\"name\":\"s\",\"text\":\"abc\"}],\"tokens\":\"4-5\"}"})"));
  of_batch["options"] = nlohmann::json::object();
  EXPECT_EQ(of_batch, nlohmann::json::parse(single["manifest.json"]));
  batch.erase("manifest.json");
  single.erase("manifest.json");
  EXPECT_EQ(batch, single);
}

TEST_F(ExportBatchTest, TheCommandLineSpeaksWhereTheRecordDoesNot) {
  defaults_.generate = 1;
  defaults_.tokens = {{3}};
  run(text_record("a", "ab") + R"({"id": "b", "text": "ab", "generate": 2, "tokens": [3, 4]})");
  EXPECT_EQ(entries_[0].outputs, 1);
  EXPECT_EQ(entries_[1].outputs, 2);
  const auto options = nlohmann::json::parse(bytes(root_ / "maps/manifest.json"))["options"];
  EXPECT_EQ(options, nlohmann::json::parse(R"({"generate": 1, "tokens": [3], "scale": "sqrt"})"));
}

TEST_F(ExportBatchTest, ABadRecordFailsAloneAndLeavesNothing) {
  model_.settings.max_length = 20;
  const BatchResult result =
      run(text_record("a", "abc") + "{\n\n" + text_record("long", std::string(20, 'x')) +
          R"({"id": "outside", "text": "ab", "tokens": [9]})" + "\n" + R"({"id": "empty"})" + "\n" +
          text_record("b", "abc") + text_record("a", "other") + text_record("huge", "ab!c") +
          text_record("c", "d"));
  EXPECT_THAT(ids(), ElementsAre("a", "? failed", "long failed", "outside failed", "empty failed", "b",
                                 "a failed", "huge failed", "c"));
  EXPECT_EQ(result.done, 3);
  EXPECT_EQ(result.failed, 6);
  EXPECT_EQ(name_of(entries_[1]), "line 2");
  EXPECT_EQ(name_of(entries_[2]), "line 4 (long)");
  EXPECT_THAT(*entries_[2].error, HasSubstr("21 tokens"));
  EXPECT_THAT(*entries_[6].error, HasSubstr("has the \"id\" of line 1"));
  EXPECT_THAT(*entries_[7].error, HasSubstr("out of memory"));
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(root_ / "maps")) folders.push_back(entry.path().filename());
  EXPECT_THAT(folders, ::testing::UnorderedElementsAre("a", "b", "c", "manifest.json"));
  EXPECT_EQ(nlohmann::json::parse(bytes(root_ / "maps/a/manifest.json"))["text"], "abc");
}

TEST_F(ExportBatchTest, ALineThatIsTooLongFailsAlone) {
  run(text_record("a", "abc") + std::string(kLongestLine + 1, '[') + "\n" + text_record("b", "abc"));
  EXPECT_THAT(ids(), ElementsAre("a", "? failed", "b"));
  EXPECT_THAT(*entries_[1].error, HasSubstr("64 MB"));
}

TEST_F(ExportBatchTest, WarningsNameTheRecordAndComeBeforeIt) {
  model_.answer = "";
  options_.workers = 2;
  defaults_.generate = 3;
  run(text_record("a", "abc") + text_record("b", "abc"));
  EXPECT_THAT(listener_.warnings,
              ElementsAre(HasSubstr("line 1 (a): the model ended"), HasSubstr("line 2 (b): ")));
  EXPECT_THAT(nlohmann::json::parse(bytes(root_ / "maps/a/manifest.json"))["warnings"][0].get<std::string>(),
              ::testing::StartsWith("the model ended"));
}

TEST_F(ExportBatchTest, WhatIsToBeSaidOfTheModelIsSaidOnce) {
  model_.settings.eos.clear();
  defaults_.generate = 1;
  run(text_record("a", "abc") + text_record("b", "abc"));
  EXPECT_THAT(listener_.warnings, ElementsAre(::testing::StartsWith("no token that ends a generation")));
  for (const char* manifest : {"maps/a/manifest.json", "maps/b/manifest.json"})
    EXPECT_EQ(nlohmann::json::parse(bytes(root_ / manifest))["warnings"].size(), 1U);
}

TEST_F(ExportBatchTest, ResumingRunsOnlyWhatIsNotThere) {
  const std::string lines =
      text_record("a", "abc") + "bad\n" + text_record("b", "abc") + text_record("c", "abc");
  run(lines);
  const auto whole = tree("maps");
  BatchResult result = run(lines, IfNotEmpty::kResume);
  EXPECT_EQ(model_.runs, 0);
  EXPECT_EQ(result.kept, 3);
  EXPECT_EQ(result.failed, 1) << "what failed is tried again";
  EXPECT_EQ(tree("maps"), whole);
  fs::remove(root_ / "maps/a/manifest.json");
  fs::remove(root_ / "maps/b/tokens/00002-b.json");
  fs::remove_all(root_ / "maps/c");
  fs::remove(root_ / "maps/manifest.json");
  result = run(lines, IfNotEmpty::kResume);
  EXPECT_EQ(model_.runs, 3);
  EXPECT_EQ(result.kept, 0);
  EXPECT_EQ(tree("maps"), whole);
}

TEST_F(ExportBatchTest, ResumingRunsWhatChangedAgain) {
  run(text_record("a", "abc") + text_record("b", "abc") + text_record("c", "abc"));
  run(text_record("a", "abc") + text_record("b", "new") + text_record("c", std::string()),
      IfNotEmpty::kResume);
  EXPECT_EQ(model_.runs, 2);
  EXPECT_EQ(nlohmann::json::parse(bytes(root_ / "maps/b/manifest.json"))["text"], "new");
  defaults_.tokens = {{1}};
  run(text_record("a", "abc") + text_record("b", "new"), IfNotEmpty::kResume);
  EXPECT_EQ(model_.runs, 2) << "other options";
  model_.sha256 = std::string(64, '1');
  run(text_record("a", "abc") + text_record("b", "new"), IfNotEmpty::kResume);
  EXPECT_EQ(model_.runs, 2) << "another model";
  EXPECT_FALSE(fs::exists(root_ / "maps/c")) << "no longer a record";
}

TEST_F(ExportBatchTest, ARecordThatFailsNowLosesItsEarlierMaps) {
  run(text_record("a", "abc") + text_record("b", "abc"));
  for (const IfNotEmpty policy : {IfNotEmpty::kReplace, IfNotEmpty::kResume}) {
    run(text_record("a", "ab!c") + text_record("b", "abc"), policy);
    EXPECT_FALSE(fs::exists(root_ / "maps/a"));
    EXPECT_TRUE(fs::exists(root_ / "maps/b/manifest.json"));
    run(text_record("a", "abc") + text_record("b", "abc"), policy);
  }
}

TEST_F(ExportBatchTest, ForceRunsEverythingAgain) {
  run(text_record("a", "abc") + text_record("b", "abc"));
  const auto before = tree("maps");
  run(text_record("a", "abc") + text_record("b", "abc"), IfNotEmpty::kReplace);
  EXPECT_EQ(model_.runs, 2);
  EXPECT_EQ(tree("maps"), before);
}

TEST_F(ExportBatchTest, InterruptedKeepsWhatIsWholeAndIsResumed) {
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += text_record("r" + std::to_string(i), "abcdef");
  run(lines, IfNotEmpty::kRefuse, "whole");
  for (const int workers : {1, 4}) {
    for (const int after : {0, 1, 7, 29}) {
      options_.workers = workers;
      const std::string name = std::to_string(workers) + "-" + std::to_string(after);
      listener_.stop = [&] { return model_.runs > after; };
      try {
        run(lines, IfNotEmpty::kRefuse, name);
        ADD_FAILURE() << "not interrupted";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
      }
      if (fs::exists(root_ / name)) {
        for (const auto& [file, content] : tree(name))
          EXPECT_EQ(file.find("part"), std::string::npos) << file;
      }
      EXPECT_FALSE(fs::exists(root_ / name / "manifest.json"));
      listener_.stop = [] { return false; };
      run(lines, IfNotEmpty::kResume, name);
      EXPECT_EQ(tree(name), tree("whole")) << name;
    }
  }
}

TEST_F(ExportBatchTest, AFolderThatCannotBeWrittenToEndsTheBatch) {
  fs::create_directories(root_ / "maps");
  std::ofstream(root_ / "maps/b") << "a file where a folder should be";
  try {
    run(text_record("a", "abc") + text_record("b", "abc") + text_record("c", "abc"), IfNotEmpty::kResume);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kOutput);
    EXPECT_THAT(error.what(), HasSubstr("maps/b"));
  }
  EXPECT_THAT(ids(), ElementsAre("a"));
  EXPECT_FALSE(fs::exists(root_ / "maps/manifest.json"));
}

TEST_F(ExportBatchTest, WhatNoRecordCouldDoEndsItBeforeItBegins) {
  options_.layers = {7};
  EXPECT_THROW(run(text_record("a", "abc")), Error);
  options_.layers = {};
  options_.png = true;
  options_.render.fonts = {"/none.ttf"};
  EXPECT_THROW(run(text_record("a", "abc")), Error);
  EXPECT_EQ(model_.runs, 0);
  EXPECT_FALSE(fs::exists(root_ / "maps"));
}

TEST_F(ExportBatchTest, PicturesDoNotDependOnWhatAThreadDrewBefore) {
  options_.png = true;
  options_.render.system_fonts = false;
  const std::string strange = text_record("strange", "a\\u0001b"), plain = text_record("plain", "ab");
  run(strange + plain, IfNotEmpty::kRefuse, "together");
  run(plain, IfNotEmpty::kRefuse, "alone");
  EXPECT_EQ(tree("together/plain"), tree("alone/plain"));
}

/// Numbers as Germans write them, for C++ and, where such a locale is installed, for C.
class CommaLocale {
 public:
  CommaLocale() : old_(std::locale::global(std::locale(std::locale(), new Commas))) {
    for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"}) {
      if (std::setlocale(LC_ALL, name) != nullptr) break;
    }
  }
  ~CommaLocale() {
    std::setlocale(LC_ALL, "C");
    std::locale::global(old_);
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

 private:
  struct Commas final : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  std::locale old_;
};

TEST_F(ExportBatchTest, BytesDoNotDependOnTheLocale) {
  model_.sink_weight = 0.95;
  options_ = {.rollout_residual = 0.25, .npz = true, .render = {.annotate = true, .system_fonts = false}};
  const std::string lines =
      R"({"id": "a", "segments": [{"name": "one", "text": "abcdefghijklmn"}], "generate": 2})";
  run(lines, IfNotEmpty::kRefuse, "plain");
  {
    const CommaLocale commas;
    run(lines, IfNotEmpty::kRefuse, "commas");
    EXPECT_EQ(run(lines, IfNotEmpty::kResume, "plain").kept, 1) << "what was written is read as well";
  }
  EXPECT_EQ(tree("plain"), tree("commas"));
  EXPECT_THAT(listener_.warnings, ElementsAre(HasSubstr("has 0.9"), HasSubstr("has 0.9")));
}

TEST_F(ExportBatchTest, OfNothingHasAManifestAllTheSame) {
  EXPECT_EQ(run("\n\n").done, 0);
  EXPECT_THAT(listener_.warnings, ElementsAre("the batch has no records"));
  EXPECT_EQ(nlohmann::json::parse(bytes(root_ / "maps/manifest.json"))["records"], nlohmann::json::array());
}

}  // namespace
}  // namespace attnviz::run
