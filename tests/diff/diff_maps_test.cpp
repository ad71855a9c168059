#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "attnviz/diff.h"
#include "reductions.h"
#include "scratch_folder.h"

namespace attnviz::diff {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A run of one token over two sources, the first of which has `weight`.
void put_run(const fs::path& folder, float weight) {
  auto sequence = std::make_shared<Sequence>();
  sequence->units = {{.id = 1, .label = "a"}, {.id = 2, .label = "b"}};
  AttentionView view;
  view.sequence = sequence;
  view.sources = {0, 1};
  view.reductions = {{&test::kMean, {1, 2, {weight, 1 - weight}}, {weight, 1 - weight}}};
  Manifest manifest;
  manifest.model = {"model.pt", std::string(64, 'a'), 1, 1, {AttentionKind::kSelf}, false, "softmax"};
  manifest.source = sequence;
  manifest.outputs = {{1, {{"json", "tokens/00001-b.json"}}}};
  put(folder / "tokens/00001-b.json", token_json({{.index = 1, .id = 2, .text = "b", .query = 1}, {view}}));
  put(folder / "manifest.json", manifest_json(manifest));
}

class DiffMapsTest : public ::testing::Test {
 protected:
  void put_batch(const std::string& name, const std::vector<std::pair<std::string, float>>& records) const {
    nlohmann::json manifest = {{"schema", "attnviz.batch/1"}, {"records", nlohmann::json::array()}};
    for (const auto& [id, weight] : records) {
      manifest["records"].push_back({{"id", id}, {"status", "done"}});
      put_run(root_ / name / id, weight);
    }
    put(root_ / name / "manifest.json", manifest.dump());
  }
  nlohmann::json written(const std::string& name) const {
    std::ifstream in(root_ / "diff" / name);
    return nlohmann::json::parse(in);
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
  Listener listener_;
  DiffOptions plain_{.render = {.system_fonts = false}, .reductions = test::kReductions};
};

TEST_F(DiffMapsTest, WritesPicturesAndLastTheNumbers) {
  put_run(root_ / "a", 1);
  put_run(root_ / "b", 0);
  OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kRefuse);
  const MapsDiff diff = diff_maps(root_ / "a", root_ / "b", plain_, &folder, listener_);
  EXPECT_EQ(std::get<RunDiff>(diff).tokens.at(0).most_divergent()->divergence->js, 1.0);
  EXPECT_TRUE(fs::exists(root_ / "diff/tokens/00001-b.png"));
  EXPECT_TRUE(fs::exists(root_ / "diff/overview.png"));
  EXPECT_EQ(written("diff.json")["tokens"][0]["png"], "tokens/00001-b.png");
}

TEST_F(DiffMapsTest, BatchesAreComparedRecordByRecord) {
  put_batch("a", {{"same", 0.5F}, {"moved", 1}, {"gone", 1}, {"broken", 1}});
  put_batch("b", {{"same", 0.5F}, {"moved", 0}, {"new", 1}, {"broken", 1}});
  put(root_ / "b/broken/tokens/00001-b.json", "{");
  OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kRefuse);
  const auto diff = std::get<BatchDiff>(diff_maps(root_ / "a", root_ / "b", plain_, &folder, listener_));
  ASSERT_EQ(diff.records.size(), 3U);
  EXPECT_EQ(diff.most_divergent()->id, "moved");
  EXPECT_EQ(diff.only_a, std::vector<std::string>{"gone"});
  EXPECT_EQ(diff.only_b, std::vector<std::string>{"new"});
  EXPECT_FALSE(diff.records[2].diff.has_value());
  EXPECT_NE(diff.records[2].error.find("not whole JSON"), std::string::npos);
  EXPECT_EQ(written("diff.json")["schema"], "attnviz.batch-diff/1");
  EXPECT_EQ(written("diff.json")["records"][1]["largest_js"]["js"], 1.0);
  EXPECT_EQ(written("same/diff.json")["largest_js"]["js"], 0.0);
  EXPECT_TRUE(fs::exists(root_ / "diff/moved/overview.png"));
}

TEST_F(DiffMapsTest, RecordsAreDrawnAsTheyAreAlone) {
  // Small changes after large ones: one painter draws both, each on the scale of its own record.
  const std::vector<std::pair<std::string, float>> before = {{"large", 1}, {"small", 0.5F}, {"none", 0.5F}};
  const std::vector<std::pair<std::string, float>> after = {{"large", 0}, {"small", 0.51F}, {"none", 0.5F}};
  put_batch("a", before);
  put_batch("b", after);
  {
    OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kRefuse);
    diff_maps(root_ / "a", root_ / "b", plain_, &folder, listener_);
  }
  for (const auto& [id, weight] : before) {
    OutputDirectory folder(root_ / "alone" / id, OutputDirectory::IfNotEmpty::kRefuse);
    diff_maps(root_ / "a" / id, root_ / "b" / id, plain_, &folder, listener_);
    for (const char* name : {"overview.png", "tokens/00001-b.png", "diff.json"})
      EXPECT_EQ(read_bytes(root_ / "diff" / id / name), read_bytes(root_ / "alone" / id / name))
          << id << name;
  }
  EXPECT_NE(read_bytes(root_ / "diff/small/overview.png"), read_bytes(root_ / "diff/none/overview.png"));
}

TEST_F(DiffMapsTest, WithoutPicturesOnlyTheNumbersAreWritten) {
  put_run(root_ / "a", 1);
  put_run(root_ / "b", 0);
  DiffOptions options = plain_;
  options.png = false;
  OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kRefuse);
  diff_maps(root_ / "a", root_ / "b", options, &folder, listener_);
  EXPECT_TRUE(written("diff.json")["tokens"][0]["png"].is_null());
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(root_ / "diff"), {}), 1);
}

TEST_F(DiffMapsTest, ADiffIsReplacedWhole) {
  put_run(root_ / "a", 1);
  put_run(root_ / "b", 0);
  DiffOptions options = plain_;
  for (const bool png : {true, false}) {
    options.png = png;
    OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kReplace);
    diff_maps(root_ / "a", root_ / "b", options, &folder, listener_);
    EXPECT_EQ(fs::exists(root_ / "diff/overview.png"), png);
    EXPECT_EQ(fs::exists(root_ / "diff/tokens/00001-b.png"), png);
  }
}

TEST_F(DiffMapsTest, RefusesARunBesideABatchAndBatchesWithoutCommonRecords) {
  put_run(root_ / "run", 1);
  put_batch("a", {{"one", 1}});
  put_batch("b", {{"two", 1}});
  for (const char* other : {"run", "b"}) {
    try {
      diff_maps(root_ / "a", root_ / other, plain_, nullptr, listener_);
      ADD_FAILURE() << other << " was compared";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
}

TEST_F(DiffMapsTest, StopsWhenTold) {
  struct Impatient final : Listener {
    bool cancelled() const override { return true; }
  } impatient;
  put_run(root_ / "a", 1);
  OutputDirectory folder(root_ / "diff", OutputDirectory::IfNotEmpty::kRefuse);
  EXPECT_THROW(diff_maps(root_ / "a", root_ / "a", plain_, &folder, impatient), Error);
  EXPECT_FALSE(fs::exists(root_ / "diff/diff.json"));
}

}  // namespace
}  // namespace attnviz::diff
