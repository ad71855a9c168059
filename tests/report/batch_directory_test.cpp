#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "attnviz/report.h"
#include "scratch_folder.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using IfNotEmpty = BatchDirectory::IfNotEmpty;

const ManifestOptions kOptions = {{"scale", std::string("sqrt")}, {"rollout_residual", 0.3}};
const std::string kSha(64, 'a');

class BatchDirectoryTest : public ::testing::Test {
 protected:
  static void put(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static Manifest manifest(const std::string& id) {
    Manifest manifest;
    manifest.model.sha256 = kSha;
    manifest.options = kOptions;
    if (!id.empty()) manifest.options.emplace_back("record", json{{"id", id}}.dump());
    manifest.source = std::make_shared<Sequence>();
    manifest.files = {{"overview", "overview.png"}};
    manifest.outputs = {{1, {{"png", "tokens/00001-a.png"}, {"json", "tokens/00001-a.json"}}},
                        {2, {{"json", "tokens/00002.json"}}}};
    return manifest;
  }
  static void write_run(OutputDirectory& folder, const std::string& id = "") {
    for (const char* name :
         {"tokens/00001-a.png", "tokens/00001-a.json", "tokens/00002.json", "overview.png"})
      folder.write(name, "x");
    folder.write("manifest.json", manifest_json(manifest(id)));
  }
  static std::string refusal(const fs::path& path, IfNotEmpty policy) {
    try {
      BatchDirectory folder(path, policy);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kOutput);
      return error.what();
    }
    return "";
  }
  std::optional<std::int64_t> found(const std::string& sha = kSha,
                                    const ManifestOptions& options = kOptions) {
    return outputs_of_whole_run(root_ / "run", sha, options);
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
};

TEST_F(BatchDirectoryTest, ARunIsWholeWithEveryFileThatItsManifestLists) {
  EXPECT_EQ(found(), std::nullopt);
  {
    OutputDirectory folder(root_ / "run", OutputDirectory::IfNotEmpty::kRefuse);
    write_run(folder);
  }
  EXPECT_EQ(found(), 2);
  EXPECT_EQ(found(std::string(64, 'b')), std::nullopt) << "another model";
  EXPECT_EQ(found(kSha, {{"scale", std::string("log")}, {"rollout_residual", 0.3}}), std::nullopt);
  EXPECT_EQ(found(kSha, {{"scale", std::string("sqrt")}}), std::nullopt);
  for (const char* name : {"tokens/00001-a.png", "tokens/00002.json", "overview.png"}) {
    put(root_ / "run" / name, "");
    EXPECT_EQ(found(), std::nullopt) << name << " is empty";
    fs::remove(root_ / "run" / name);
    EXPECT_EQ(found(), std::nullopt) << name << " is gone";
    put(root_ / "run" / name, "x");
    EXPECT_EQ(found(), 2);
  }
}

TEST_F(BatchDirectoryTest, AManifestThatIsDamagedIsNotThatOfAWholeRun) {
  const json good = json::parse(manifest_json(manifest("")));
  {
    OutputDirectory folder(root_ / "run", OutputDirectory::IfNotEmpty::kRefuse);
    write_run(folder);
  }
  for (const char* key : {"schema", "attnviz", "model", "options", "outputs"}) {
    json damaged = good;
    damaged.erase(key);
    put(root_ / "run/manifest.json", damaged.dump());
    EXPECT_EQ(found(), std::nullopt) << key;
    damaged[key] = 7;
    put(root_ / "run/manifest.json", damaged.dump());
    EXPECT_EQ(found(), std::nullopt) << key;
  }
  put(root_ / "run/manifest.json", good.dump().substr(0, 200));
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(BatchDirectoryTest, RefusesFoldersThatAreNotOfABatch) {
  put(root_ / "any/file.txt", "mine");
  EXPECT_NE(refusal(root_ / "any", IfNotEmpty::kRefuse).find("--resume"), std::string::npos);
  EXPECT_EQ(refusal(root_ / "any", IfNotEmpty::kResume), "");
  put(root_ / "single/manifest.json", R"({"schema": "attnviz.manifest/1"})");
  EXPECT_NE(refusal(root_ / "single", IfNotEmpty::kReplace).find("a single run"), std::string::npos);
  put(root_ / "theirs/manifest.json", R"({"mine": 1})");
  EXPECT_NE(refusal(root_ / "theirs", IfNotEmpty::kResume).find("did not write"), std::string::npos);
}

TEST_F(BatchDirectoryTest, FindsWholeRecordsOnlyWhenItResumes) {
  {
    BatchDirectory batch(root_ / "maps", IfNotEmpty::kRefuse);
    write_run(*batch.open("a"));
  }
  EXPECT_EQ(BatchDirectory(root_ / "maps", IfNotEmpty::kReplace).find_whole("a", kSha, kOptions),
            std::nullopt);
  const BatchDirectory resumed(root_ / "maps", IfNotEmpty::kResume);
  EXPECT_EQ(resumed.find_whole("a", kSha, kOptions), 2);
  EXPECT_EQ(resumed.find_whole("b", kSha, kOptions), std::nullopt);
}

TEST_F(BatchDirectoryTest, TheManifestOfAnEarlierBatchGoesWithTheFirstRecord) {
  put(root_ / "maps/manifest.json", R"({"schema": "attnviz.batch/1", "records": []})");
  BatchDirectory batch(root_ / "maps", IfNotEmpty::kReplace);
  EXPECT_TRUE(fs::exists(root_ / "maps/manifest.json"));
  batch.open("a");
  EXPECT_FALSE(fs::exists(root_ / "maps/manifest.json"));
  EXPECT_FALSE(fs::exists(root_ / "maps/a")) << "nothing was written to it";
}

TEST_F(BatchDirectoryTest, MapsOfAnEarlierBatchThatAreNotInThisOneGoAtItsEnd) {
  for (const bool stopped_between : {false, true}) {
    {
      BatchDirectory batch(root_ / "maps", IfNotEmpty::kReplace);
      for (const char* id : {"stays", "goes", "has-others"}) write_run(*batch.open(id), id);
      batch.finish({"m.pt", kSha, {}, {{1, "stays"}, {2, "goes"}, {3, "has-others"}}});
    }
    put(root_ / "maps/has-others/mine.txt", "mine");
    if (stopped_between) BatchDirectory(root_ / "maps", IfNotEmpty::kReplace).open("stays");
    BatchDirectory batch(root_ / "maps", IfNotEmpty::kResume);
    write_run(*batch.open("stays"), "stays");
    batch.finish({"m.pt", kSha, {}, {{1, "stays"}}});
    EXPECT_TRUE(fs::exists(root_ / "maps/stays/manifest.json"));
    EXPECT_FALSE(fs::exists(root_ / "maps/goes"));
    EXPECT_FALSE(fs::exists(root_ / "maps/manifest.json.attnviz-part"));
    EXPECT_EQ(std::distance(fs::recursive_directory_iterator(root_ / "maps/has-others"), {}), 1);
  }
}

TEST_F(BatchDirectoryTest, WhatNoBatchOfThisFolderListsStays) {
  write_run(*BatchDirectory(root_ / "maps", IfNotEmpty::kReplace).open("moved-here"), "moved-here");
  put(root_ / "maps/killed/.attnviz-part/overview.png", "x");
  put(root_ / "maps/file", "mine");
  BatchDirectory batch(root_ / "maps", IfNotEmpty::kResume);
  batch.finish({"m.pt", kSha, {}, {}});
  for (const char* name : {"moved-here/manifest.json", "killed", "file"})
    EXPECT_TRUE(fs::exists(root_ / "maps" / name)) << name;
}

TEST_F(BatchDirectoryTest, AFailedRecordLosesItsEarlierMapsAndNothingElse) {
  BatchDirectory batch(root_ / "maps", IfNotEmpty::kRefuse);
  write_run(*batch.open("a"));
  put(root_ / "maps/b/manifest.json", R"({"mine": 1})");
  put(root_ / "maps/b/overview.png", "mine");
  for (const char* id : {"a", "b", "none"}) batch.discard(id);
  EXPECT_FALSE(fs::exists(root_ / "maps/a"));
  EXPECT_TRUE(fs::exists(root_ / "maps/b/overview.png")) << "a folder of others";
}

TEST_F(BatchDirectoryTest, TheManifestSaysWhatBecameOfEachRecord) {
  BatchDirectory batch(root_ / "maps", IfNotEmpty::kRefuse);
  const std::string path =
      batch.finish({"m.pt", kSha, kOptions, {{1, "a", std::nullopt, 3}, {4, std::nullopt, "not JSON"}}});
  std::ifstream in(path);
  EXPECT_EQ(json::parse(in),
            json::parse(R"({"schema": "attnviz.batch/1", "attnviz": ")" + std::string(version()) +
                        R"(", "model": {"file": "m.pt", "sha256": ")" + kSha +
                        R"("}, "options": {"scale": "sqrt", "rollout_residual": 0.3},
      "records": [{"line": 1, "id": "a", "status": "done", "outputs": 3},
                  {"line": 4, "id": null, "status": "failed", "error": "not JSON"}]})"));
}

}  // namespace
}  // namespace attnviz::report
