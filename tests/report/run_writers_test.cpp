#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "attnviz/report.h"
#include "report/npz_reader.h"
#include "report/run_maps.h"
#include "scratch_folder.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::make_run;

struct Hearing final : Listener {
  void warning(std::string_view sentence) override { warnings.emplace_back(sentence); }
  std::vector<std::string> warnings;
};

/// Every format there is, on fonts that are the same everywhere.
WriterOptions everything() { return {.png = true, .npz = true, .render = {.system_fonts = false}}; }

class RunWritersTest : public ::testing::Test {
 protected:
  /// Returns the paths in the order in which the formats listed them.
  std::vector<std::string> write(const std::vector<std::unique_ptr<RunWriter>>& writers, RunMaps run,
                                 const std::string& name, int workers = 1) {
    OutputDirectory folder(root_ / name, OutputDirectory::IfNotEmpty::kRefuse);
    for (const auto& writer : writers) writer->begin(run);
    run.manifest.outputs.resize(run.tokens.size());
    std::vector<std::string> paths;
    std::mutex mutex;
    const auto work = [&](int worker) {
      for (std::size_t i = static_cast<std::size_t>(worker); i < run.tokens.size();
           i += static_cast<std::size_t>(workers)) {
        run.manifest.outputs[i].index = run.tokens[i].token.index;
        for (const auto& writer : writers) {
          const auto path = writer->token(run, i, worker, folder, run.manifest.outputs[i]);
          const std::scoped_lock lock(mutex);
          if (path) paths.push_back(*path);
        }
      }
    };
    std::vector<std::thread> threads;
    for (int worker = 0; worker < workers; ++worker) threads.emplace_back(work, worker);
    for (std::thread& thread : threads) thread.join();
    for (const auto& writer : writers) {
      for (std::string& path : writer->finish(run, folder, heard_)) paths.push_back(std::move(path));
    }
    folder.write(kManifestFile, manifest_json(run.manifest));
    return paths;
  }
  std::map<std::string, std::string> files_of(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / name)) {
      if (entry.is_regular_file())
        files[fs::relative(entry.path(), root_ / name).string()] = read_bytes(entry.path()).value();
    }
    return files;
  }
  json manifest_of(const std::string& name) const {
    return json::parse(read_bytes(root_ / name / kManifestFile).value());
  }
  std::optional<std::int64_t> whole(const std::string& name) const {
    return outputs_of_whole_run(root_ / name, std::string(64, 'a'), {});
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
  Hearing heard_;
};

/// Every string of a document.
void collect(const json& value, std::set<std::string>& strings) {
  if (value.is_string()) strings.insert(value.get<std::string>());
  for (const json& part : value.is_structured() ? value : json::array()) collect(part, strings);
}

TEST_F(RunWritersTest, TheManifestNamesEveryFileAndEveryPathIsReturned) {
  const auto paths = write(make_run_writers(everything()), make_run(6, 3), "run");
  std::set<std::string> named;
  collect(manifest_of("run"), named);
  std::set<std::string> files;
  for (const auto& [name, bytes] : files_of("run")) {
    if (name == kManifestFile) continue;
    EXPECT_TRUE(named.contains(name)) << name;
    EXPECT_FALSE(bytes.empty()) << name;
    files.insert((root_ / "run" / name).string());
  }
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()), files);
  EXPECT_GE(files.size(), 2 * 3 + 3U) << "two of each token, overview, segments, arrays";
}

TEST_F(RunWritersTest, ARunIsWholeOnlyWithEveryFileOfEveryFormat) {
  write(make_run_writers(everything()), make_run(6, 3), "run");
  ASSERT_EQ(whole("run"), 3);
  for (const auto& [name, bytes] : files_of("run")) {
    const fs::path moved = root_ / "moved";
    fs::rename(root_ / "run" / name, moved);
    EXPECT_EQ(whole("run"), std::nullopt) << "without " << name;
    fs::rename(moved, root_ / "run" / name);
  }
  EXPECT_EQ(whole("run"), 3);
}

TEST_F(RunWritersTest, ReplacingARunLeavesNoFileOfAnyFormat) {
  write(make_run_writers(everything()), make_run(6, 3), "run");
  {
    OutputDirectory folder(root_ / "run", OutputDirectory::IfNotEmpty::kReplace);
    folder.write(kManifestFile, "new");
  }
  EXPECT_EQ(files_of("run"), (std::map<std::string, std::string>{{std::string(kManifestFile), "new"}}));
}

TEST_F(RunWritersTest, WhatIsNotAskedForIsNullOrLeftOutAndTheRunIsWhole) {
  write(make_run_writers({.png = false, .npz = false}), make_run(6, 2), "run");
  const json manifest = manifest_of("run");
  for (const char* member : {"overview", "segments_png", "npz"}) EXPECT_FALSE(manifest.contains(member));
  for (const json& output : manifest["outputs"]) {
    EXPECT_TRUE(output.at("png").is_null());
    EXPECT_TRUE(output.at("json").is_string());
  }
  EXPECT_EQ(whole("run"), 2);
}

TEST_F(RunWritersTest, ARunWithoutItsJsonIsNotWhole) {
  write(make_run_writers(everything()), make_run(6, 1), "run");
  json manifest = manifest_of("run");
  manifest["outputs"][0]["json"] = nullptr;
  OutputDirectory(root_ / "run", OutputDirectory::IfNotEmpty::kReplace).write(kManifestFile, manifest.dump());
  EXPECT_EQ(whole("run"), std::nullopt);
}

TEST_F(RunWritersTest, TokensAreWrittenAsTheyAre) {
  const RunMaps run = make_run(5, 2);
  write(make_run_writers(everything()), run, "run");
  for (const TokenMap& map : run.tokens) {
    EXPECT_EQ(read_bytes(root_ / "run" / token_file(map.token.index, map.token.text, "json")),
              token_json(map));
  }
}

TEST_F(RunWritersTest, TheArraysHoldEveryMapAndWhichOutputEachRowIs) {
  RunMaps run = make_run(5, 2);
  run.tokens[0].token.query = 1;  // its index is 3
  run.maps.heads = {{AttentionKind::kSelf, {0, 1}, {2}, {4}, 5, std::vector<float>(10, 0.5F)}};
  const AttentionMaps maps = run.maps;
  write(make_run_writers(everything()), run, "run");
  auto members = test::unzip(read_bytes(root_ / "run/attention.npz").value());
  ASSERT_EQ(members.size(), 5U);
  const auto floats = [&](const std::string& name) {
    return test::numbers<float>(test::read_npy(members.at(name)));
  };
  const auto integers = [&](const std::string& name) {
    return test::numbers<std::int64_t>(test::read_npy(members.at(name)));
  };
  EXPECT_EQ(floats("self.mean.npy"), maps.maps[0].by_layer);
  EXPECT_EQ(floats("self.max.npy"), maps.maps[1].by_layer);
  EXPECT_EQ(floats("self.heads.npy"), maps.heads[0].weights);
  EXPECT_EQ(integers("self.queries.npy"), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(integers("self.outputs.npy"), (std::vector<std::int64_t>{0, 3, 2, 3, 4}));
  EXPECT_NE(test::read_npy(members.at("self.heads.npy")).header.find("(2, 1, 1, 5)"), std::string::npos);
}

TEST_F(RunWritersTest, FilesDoNotDependOnTheWorkersNorOnEarlierRuns) {
  write(make_run_writers(everything()), make_run(9, 7), "one");
  WriterOptions options = everything();
  options.workers = 3;
  const auto writers = make_run_writers(options);
  write(writers, make_run(4, 2, 5), "before", 3);
  write(writers, make_run(9, 7), "three", 3);
  EXPECT_EQ(files_of("one"), files_of("three"));
}

TEST_F(RunWritersTest, ACharacterThatNoFontHasIsSaidOnce) {
  RunMaps run = make_run(5, 3);
  for (TokenMap& map : run.tokens) map.token.text = "\U0001F680";
  const auto writers = make_run_writers(everything());
  write(writers, run, "run");
  ASSERT_EQ(heard_.warnings.size(), 1U);
  EXPECT_NE(heard_.warnings[0].find("U+1F680"), std::string::npos);
  EXPECT_EQ(manifest_of("run")["warnings"], json(heard_.warnings));
  write(writers, make_run(5, 3), "next");
  EXPECT_EQ(manifest_of("next")["warnings"], json::array()) << "of the run before";
}

TEST_F(RunWritersTest, ARunOfNoTokensHasNoPictures) {
  write(make_run_writers(everything()), make_run(4, 0), "run");
  EXPECT_FALSE(manifest_of("run").contains("overview"));
  EXPECT_TRUE(manifest_of("run").contains("npz"));
  EXPECT_EQ(whole("run"), 0);
}

}  // namespace
}  // namespace attnviz::report
