// Thousands of inputs in one run, as a user meets them: what is bad, what is killed, what cannot be written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "cli/command.h"

namespace attnviz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::read_bytes;
using testing::read_tree;
using testing::run_attnviz;
using testing::ScratchFolder;
using testing::write_bytes;

const std::string kQa = ATTNVIZ_SOURCE_DIR "/examples/models/qa";

/// Questions, some with an answer to generate, some plain texts.
std::string records(int count) {
  const std::vector<std::string> places = {"Velmora", "Karst", "Brenholt", "Dolmere"};
  const std::vector<std::string> names = {"Tessin", "Orlan", "Sarvik", "Fennick", "Ulmer"};
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const std::string& place = places[static_cast<std::size_t>(i) % places.size()];
    const std::string fact =
        "the harbour master of " + place + " is " + names[static_cast<std::size_t>(i) % names.size()] + " .";
    json record = {{"id", "q-" + std::to_string(i)}};
    if (i % 5 == 0) {
      record["text"] = fact;
    } else {
      const std::string question = " question : who is the harbour master of " + place + " ? answer :";
      record["segments"] = {{{"name", "fact"}, {"text", fact}}, {{"name", "question"}, {"text", question}}};
    }
    if (i % 3 == 0 && i % 5 != 0) record["generate"] = 4;
    lines += record.dump() + "\n";
  }
  return lines;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class BatchTest : public ::testing::Test {
 protected:
  std::vector<std::string> words(const std::string& out, std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {kQa, "--batch", scratch_.str("in.jsonl"), "--out", out, "--threads", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::string& out, std::vector<std::string> more = {}) const {
    return run_attnviz(words(out, std::move(more)), "", scratch_ / "");
  }
  void give(const std::string& lines) const { write_bytes(scratch_ / "in.jsonl", lines); }

  /// Nothing half-written: a record that has a manifest is as it is in `whole`; no other file has a final
  /// name unless its record is about to get its manifest.
  void expect_only_whole_records(const std::string& out, const std::string& whole) const {
    if (!fs::exists(scratch_ / out)) return;
    for (const auto& folder : fs::directory_iterator(scratch_ / out)) {
      if (!fs::exists(folder.path() / "manifest.json")) continue;
      auto files = read_tree(folder.path());
      std::erase_if(files, [](const auto& file) { return file.first.starts_with(".attnviz-part"); });
      EXPECT_EQ(files, read_tree(scratch_ / (whole + "/" + folder.path().filename().string())))
          << folder.path();
    }
  }
  void expect_equal_trees(const std::string& a, const std::string& b) const {
    const auto one = read_tree(scratch_ / a), two = read_tree(scratch_ / b);
    for (const auto& [file, bytes] : one) {
      ASSERT_TRUE(two.contains(file)) << file;
      EXPECT_TRUE(two.at(file) == bytes) << file;
    }
    EXPECT_EQ(one.size(), two.size());
  }

  /// `single` is what a record in `batch` is, whose manifest says which record that was.
  void expect_equal_but_for_the_record(const std::string& batch, const std::string& single) const {
    auto one = read_tree(scratch_ / batch), two = read_tree(scratch_ / single);
    json of_batch = json::parse(one.at("manifest.json")), of_single = json::parse(two.at("manifest.json"));
    EXPECT_EQ(of_batch["options"].erase("record"), 1U);
    EXPECT_EQ(of_batch, of_single);
    one.erase("manifest.json");
    two.erase("manifest.json");
    for (const auto& [file, bytes] : one) EXPECT_TRUE(two.contains(file) && two.at(file) == bytes) << file;
    EXPECT_EQ(one.size(), two.size());
  }

  ScratchFolder scratch_;
};

TEST_F(BatchTest, WritesAFolderForEachRecordAndAManifestOfAll) {
  give(records(7));
  const Outcome outcome = run("maps");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(lines_of(outcome.out),
              ElementsAre("maps/q-0/manifest.json", "maps/q-1/manifest.json", "maps/q-2/manifest.json",
                          "maps/q-3/manifest.json", "maps/q-4/manifest.json", "maps/q-5/manifest.json",
                          "maps/q-6/manifest.json", "maps/manifest.json"));
  const std::string manifest = read_bytes(scratch_ / "maps/manifest.json");
  EXPECT_EQ(testing::violations(manifest, "batch"), "");
  EXPECT_EQ(testing::violations(read_bytes(scratch_ / "maps/q-3/manifest.json"), "manifest"), "");
  const json records = json::parse(manifest)["records"];
  ASSERT_EQ(records.size(), 7U);
  for (const json& record : records) {
    const fs::path tokens = scratch_ / ("maps/" + record["id"].get<std::string>() + "/tokens");
    EXPECT_EQ(std::distance(fs::directory_iterator(tokens), {}), 2 * record["outputs"].get<int>());
  }
}

TEST_F(BatchTest, ComesFromStandardInputAsWell) {
  const Outcome outcome =
      run_attnviz({kQa, "--batch", "-", "--no-png", "--out", "maps"}, records(3), scratch_ / "");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(lines_of(outcome.out).size(), 4U);
}

TEST_F(BatchTest, BadRecordsAreNamedAndEndWith1) {
  give("{\n" + records(2) + "\n" + R"({"id": "q-0", "text": "again"})" + "\n" +
       R"({"id": "x", "ids": [999999]})" + "\n" + R"({"id": "long", "text": ")" +
       [] {
         std::string text;
         for (int i = 0; i < 3000; ++i) text += "the ";
         return text;
       }() +
       "\"}");
  const Outcome outcome = run("maps", {"--no-png"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(lines_of(outcome.out),
              ElementsAre("maps/q-0/manifest.json", "maps/q-1/manifest.json", "maps/manifest.json"));
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("attnviz: error: line 1: is not JSON"),
                                                 HasSubstr("line 5 (q-0): has the \"id\" of line 2"),
                                                 HasSubstr("line 6 (x): "), HasSubstr("line 7 (long): ")));
  const std::string manifest = read_bytes(scratch_ / "maps/manifest.json");
  EXPECT_EQ(testing::violations(manifest, "batch"), "");
  EXPECT_EQ(json::parse(manifest)["records"][3]["status"], "failed");
  EXPECT_FALSE(fs::exists(scratch_ / "maps/long"));
  EXPECT_EQ(run_attnviz({"diff", "maps", "maps", "--fail-over", "0"}, "", scratch_ / "").exit_code, 0);
}

TEST_F(BatchTest, ARecordThatIsGoneDoesNotPassTheGate) {
  give(records(3));
  ASSERT_EQ(run("before", {"--no-png"}).exit_code, 0);
  give(records(2));
  ASSERT_EQ(run("after", {"--no-png"}).exit_code, 0);
  const auto diff = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"diff", "before", "after"});
    return run_attnviz(more, "", scratch_ / "");
  };
  EXPECT_EQ(diff({}).exit_code, 0);
  const Outcome gate = diff({"--fail-over", "1"});
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_THAT(lines_of(gate.err), ElementsAre(HasSubstr("record 'q-2' is in A alone")));
}

TEST_F(BatchTest, ARecordThatIsDamagedDoesNotPassAsMissing) {
  give(records(3));
  ASSERT_EQ(run("before", {"--no-png"}).exit_code, 0);
  ASSERT_EQ(run("after", {"--no-png"}).exit_code, 0);
  fs::remove_all(scratch_ / "after/q-1");
  const Outcome outcome = run_attnviz({"diff", "before", "after"}, "", scratch_ / "");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("q-1: 'after/q-1'")));
}

TEST_F(BatchTest, UsageIsCheckedBeforeTheModelIsLoaded) {
  give(records(1));
  const auto expect = [&](int code, const std::string& word, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"no-such-model.pt", "--out", "maps"});
    const Outcome outcome = run_attnviz(arguments, "", scratch_ / "");
    EXPECT_EQ(outcome.exit_code, code) << word;
    EXPECT_THAT(outcome.err, HasSubstr(word));
    EXPECT_EQ(lines_of(outcome.err).size(), 1U);
  };
  expect(2, "more than one input", {"--batch", "in.jsonl", "--text", "a"});
  expect(2, "--pair", {"--batch", "in.jsonl", "--pair", "a"});
  expect(2, "--target", {"--batch", "in.jsonl", "--target-ids", "1"});
  expect(2, "--resume", {"--text", "a", "--resume"});
  expect(2, "--force", {"--batch", "in.jsonl", "--resume", "--force"});
  expect(2, "--timings", {"--batch", "in.jsonl", "--timings", "maps/timings.json"});
  expect(3, "'none.jsonl'", {"--batch", "none.jsonl"});
  write_bytes(scratch_ / "maps", "a file");
  expect(4, "'maps'", {"--batch", "in.jsonl"});
}

TEST_F(BatchTest, TheFolderOfAnotherJobIsRefused) {
  give(records(1));
  ASSERT_EQ(run_attnviz({kQa, "--text", "the", "--no-png", "--out", "single"}, "", scratch_ / "").exit_code,
            0);
  ASSERT_EQ(run("maps", {"--no-png"}).exit_code, 0);
  EXPECT_EQ(run("single", {"--no-png", "--force"}).exit_code, 4);
  EXPECT_EQ(run("maps", {"--no-png"}).exit_code, 4);
  EXPECT_EQ(run_attnviz({kQa, "--text", "the", "--force", "--out", "maps"}, "", scratch_ / "").exit_code, 4);
  EXPECT_EQ(run("maps", {"--no-png", "--force"}).exit_code, 0);
}

TEST_F(BatchTest, BytesDoNotDependOnFolderOrLocale) {
  give(records(6));
  ASSERT_EQ(run("maps", {"--npz"}).exit_code, 0);
  const ScratchFolder elsewhere;
  ::setenv("LC_ALL", "de_DE.UTF-8", 1);
  const Outcome other = run_attnviz({kQa + "/../qa/model.pt", "--batch", scratch_.str("in.jsonl"),
                                     "--threads", "2", "--npz", "--out", scratch_.str("other")},
                                    "", elsewhere / "");
  ::unsetenv("LC_ALL");
  ASSERT_EQ(other.exit_code, 0) << other.err;
  expect_equal_trees("maps", "other");
}

TEST_F(BatchTest, ARecordIsWhatARunWithItAloneWritesWhereverItStands) {
  const std::vector<std::string> inputs = lines_of(records(4));
  for (const std::string threads : {"1", "2", "3"}) {
    const std::string scratch = "of-" + threads + "-";
    const auto batch = [&](const std::string& out) {
      return run_attnviz(
          {kQa, "--batch", "in.jsonl", "--threads", threads, "--npz", "--per-head", "--out", scratch + out},
          "", scratch_ / "");
    };
    give(inputs[0] + "\n" + inputs[1] + "\n" + inputs[2] + "\n" + inputs[3] + "\n");
    ASSERT_EQ(batch("ahead").exit_code, 0);
    give(inputs[2] + "\n" + inputs[3] + "\n" + inputs[0] + "\n" + inputs[1] + "\n" + inputs[1].substr(0, 1) +
         "\n");
    ASSERT_EQ(batch("turned").exit_code, 1);
    for (const std::string& input : inputs) {
      const json record = json::parse(input);
      const std::string id = record["id"];
      std::vector<std::string> alone = {kQa,          "--threads", threads,     "--npz",
                                        "--per-head", "--out",     scratch + id};
      if (record.contains("text")) alone.insert(alone.end(), {"--text", record["text"]});
      for (const json& segment : record.value("segments", json::array()))
        alone.insert(alone.end(), {"--segment", segment["name"].get<std::string>() + "=" +
                                                    segment["text"].get<std::string>()});
      if (record.contains("generate"))
        alone.insert(alone.end(), {"--generate", std::to_string(record["generate"].get<int>())});
      ASSERT_EQ(run_attnviz(alone, "", scratch_ / "").exit_code, 0);
      expect_equal_trees(scratch + "ahead/" + id, scratch + "turned/" + id);
      expect_equal_but_for_the_record(scratch + "ahead/" + id, scratch + id);
    }
  }
}

TEST_F(BatchTest, TimingsGoWhereTheySay) {
  give(records(3) + "bad\n");
  EXPECT_EQ(run("maps", {"--timings", "t.json"}).exit_code, 1);
  const json timings = json::parse(read_bytes(scratch_ / "t.json"));
  EXPECT_EQ(timings["records"], 4);
  for (const char* phase : {"load", "run", "write"}) {
    EXPECT_GT(timings[phase].get<double>(), 0) << phase;
  }
  EXPECT_GE(timings["total"].get<double>(), timings["load"].get<double>() + timings["run"].get<double>());
  EXPECT_EQ(run_attnviz({kQa, "--text", "the", "--no-png", "--timings", "/dev/full", "--out", "single"}, "",
                        scratch_ / "")
                .exit_code,
            4);
}

TEST_F(BatchTest, AThousandRecordsWithFiftyBadOnes) {
  std::mt19937 random(5);
  std::string lines;
  std::vector<int> bad;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = R"({"id": "r)" + std::to_string(i) + "\"";
    const std::vector<std::string> faults = {"{",
                                             "[]",
                                             "\xFF",
                                             id + "}",
                                             id + R"(, "text": 7})",
                                             id + R"(, "text": "\ud800"})",
                                             id + R"(, "ids": [99999999]})",
                                             R"({"id": "../x", "text": "a"})",
                                             id + R"(, "text": "a", "tokens": [77]})",
                                             R"({"id": "r1", "text": "a"})"};
    if (i % 20 == 7) {
      bad.push_back(i + 1);
      lines += faults[random() % faults.size()] + "\n";
    } else {
      lines += id + R"(, "text": "the old bridge of Karst", "tokens": [1]})" + "\n";
    }
  }
  give(lines);
  const Outcome outcome = run("maps", {"--no-png", "--reduce", "mean"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(lines_of(outcome.out).size(), 951U);
  const auto errors = lines_of(outcome.err);
  ASSERT_EQ(errors.size(), bad.size());
  for (std::size_t i = 0; i < bad.size(); ++i)
    EXPECT_TRUE(errors[i].starts_with("attnviz: error: line " + std::to_string(bad[i]))) << errors[i];
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "maps"), {}), 951);
}

TEST_F(BatchTest, KilledAtAnyMomentItIsResumedToTheSameBytes) {
  give(records(50));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run("whole").exit_code, 0);
  const auto duration = std::chrono::steady_clock::now() - start;
  std::mt19937 random(static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()));
  for (int kills = 0; kills < 5;) {
    const auto until = std::chrono::steady_clock::now() + duration * (random() % 1000) / 1000;
    const auto when = [&] { return std::chrono::steady_clock::now() >= until; };
    const Outcome killed =
        testing::run_attnviz_until(when, SIGKILL, words("maps", {"--resume"}), scratch_ / "");
    expect_only_whole_records("maps", "whole");
    if (killed.exit_code == 0) fs::remove_all(scratch_ / "maps");  // it was faster
    if (killed.exit_code == -SIGKILL) ++kills;
  }
  ASSERT_EQ(run("maps", {"--resume"}).exit_code, 0);
  expect_equal_trees("whole", "maps");
}

TEST_F(BatchTest, InterruptedItEndsInOrderAndIsResumedToTheSameBytes) {
  give(records(30));
  ASSERT_EQ(run("whole").exit_code, 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = "maps-" + std::to_string(signal);
    const auto when = [&] { return fs::exists(scratch_ / (name + "/q-3/manifest.json")); };
    const Outcome outcome = testing::run_attnviz_until(when, signal, words(name), scratch_ / "");
    EXPECT_EQ(outcome.exit_code, 130);
    EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
    EXPECT_FALSE(fs::exists(scratch_ / (name + "/manifest.json")));
    for (const auto& [file, bytes] : read_tree(scratch_ / name))
      EXPECT_EQ(file.find("part"), std::string::npos) << file;
    expect_only_whole_records(name, "whole");
    ASSERT_EQ(run(name, {"--resume"}).exit_code, 0);
    expect_equal_trees("whole", name);
  }
}

TEST_F(BatchTest, AFileThatCannotBeWrittenEndsItWith4AndLeavesNoPartOfIt) {
  give(records(4));
  ASSERT_EQ(run("whole").exit_code, 0);
  std::uintmax_t largest = 0;
  for (const auto& [file, bytes] : read_tree(scratch_ / "whole")) largest = std::max(largest, bytes.size());
  for (const std::uintmax_t limit : {std::uintmax_t{600}, largest / 8, largest / 3, largest - 1}) {
    const std::string name = "maps-" + std::to_string(limit);
    Outcome outcome;
    {
      const testing::FileSizeLimit small(limit);
      outcome = run(name);
    }
    EXPECT_EQ(outcome.exit_code, 4) << limit;
    EXPECT_THAT(outcome.err, HasSubstr("cannot write '" + name + "/")) << limit;
    EXPECT_THAT(outcome.err, HasSubstr("File too large"));
    EXPECT_FALSE(fs::exists(scratch_ / (name + "/manifest.json")));
    expect_only_whole_records(name, "whole");
    ASSERT_EQ(run(name, {"--resume"}).exit_code, 0);
    expect_equal_trees("whole", name);
  }
}

TEST_F(BatchTest, AFolderInThePlaceOfAFileEndsItWith4) {
  give(records(4));
  ASSERT_EQ(run("whole").exit_code, 0);
  fs::create_directories(scratch_ / "maps/q-2/overview.png");
  const Outcome outcome = run("maps", {"--resume"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("maps/q-2/overview.png"));
  expect_only_whole_records("maps", "whole");
  fs::remove(scratch_ / "maps/q-2/overview.png");
  ASSERT_EQ(run("maps", {"--resume"}).exit_code, 0);
  expect_equal_trees("whole", "maps");
}

}  // namespace
}  // namespace attnviz
