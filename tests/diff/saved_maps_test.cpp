#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "diff/runs.h"

namespace attnviz::diff {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::put;

TokenMap token_map() {
  auto sequence = std::make_shared<Sequence>();
  sequence->text = "ab";
  sequence->units = {{.id = 1, .label = "a"}, {.id = 2, .label = "b", .special = true}};
  AttentionView view;
  view.sequence = sequence;
  view.sources = {0, 1};
  view.reductions = {{&test::kMean, {2, 2, {0.25F, 0.75F, 1, 0}}, {0.625F, 0.375F}}};
  view.segments = {{"fact", 0.5}};
  return {{.index = 1, .id = 2, .text = "b", .query = 1}, {view}};
}

Manifest manifest() {
  Manifest out;
  out.model = {"model.pt", std::string(64, 'a'), 4, 8, {AttentionKind::kSelf}, false, "softmax"};
  out.options = {{"reduce", std::vector<std::string>{"mean"}}, {"layers", std::vector<std::int64_t>{1, 3}}};
  out.source = token_map().views[0].sequence;
  out.outputs = {{1, {{"json", "tokens/00001-b.json"}}}};
  return out;
}

/// A whole folder, of which a test breaks one part.
class SavedMapsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(scratch_ / "maps/manifest.json", manifest_json(manifest()));
    put(scratch_ / "maps/tokens/00001-b.json", token_json(token_map()));
  }

  std::string refusal() const {
    try {
      read_maps(scratch_ / "maps", test::kReductions);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_NE(std::string(error.what()).find("maps"), std::string::npos) << "names the file";
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      EXPECT_EQ(find_invalid_utf8(error.what()), std::nullopt) << error.what();
      return error.what();
    }
    return "";
  }

  /// Sets the value at `pointer` of the token's file, or of the manifest, and expects `words` in the refusal.
  void expect_token(const char* pointer, const json& value, const std::string& words) {
    json document = json::parse(token_json(token_map()));
    document[json::json_pointer(pointer)] = value;
    put(scratch_ / "maps/tokens/00001-b.json", document.dump());
    EXPECT_NE(refusal().find(words), std::string::npos) << pointer << " " << value << ": " << refusal();
  }
  void expect_manifest(const char* pointer, const json& value, const std::string& words) {
    json document = json::parse(manifest_json(manifest()));
    document[json::json_pointer(pointer)] = value;
    put(scratch_ / "maps/manifest.json", document.dump());
    EXPECT_NE(refusal().find(words), std::string::npos) << pointer << " " << value << ": " << refusal();
  }

  test::Scratch scratch_;
};

TEST_F(SavedMapsTest, ReadsWhatWasWritten) {
  const SavedRun run = read_maps(scratch_ / "maps", test::kReductions);
  EXPECT_EQ(run.model, "model.pt");
  EXPECT_EQ(run.sha256, std::string(64, 'a'));
  EXPECT_EQ(run.positions, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(run.maps.size(), 1U);
  EXPECT_EQ(run.maps[0].token.text, "b");
  const SavedView& view = run.maps[0].views.at(0);
  EXPECT_EQ(view.layers, (std::vector<int>{1, 3})) << "the layers that were chosen";
  EXPECT_EQ(view.sources.at(1).text, "b");
  EXPECT_TRUE(view.sources.at(1).special);
  EXPECT_EQ(view.reductions.at(0).layers.values, (std::vector<float>{0.25F, 0.75F, 1, 0}));
  EXPECT_EQ(view.reductions.at(0).overall, (std::vector<float>{0.625F, 0.375F}));
  EXPECT_EQ(view.segments.at(0).name, "fact");
}

TEST_F(SavedMapsTest, RefusesFoldersThatAreNotWhole) {
  EXPECT_THROW(read_maps(scratch_ / "none", test::kReductions), Error);
  fs::remove(scratch_ / "maps/tokens/00001-b.json");
  EXPECT_NE(refusal().find("is missing"), std::string::npos) << refusal();
  fs::create_directory(scratch_ / "maps/tokens/00001-b.json");
  EXPECT_NE(refusal().find("is missing"), std::string::npos) << refusal();
  fs::remove(scratch_ / "maps/manifest.json");
  EXPECT_NE(refusal().find("holds no manifest.json"), std::string::npos) << refusal();
}

TEST_F(SavedMapsTest, RefusesEveryTruncation) {
  const std::string whole = token_json(token_map());
  for (std::size_t size = 0; size + 2 < whole.size(); size += 7) {
    put(scratch_ / "maps/tokens/00001-b.json", whole.substr(0, size));
    EXPECT_NE(refusal().find("is not whole JSON"), std::string::npos) << size;
  }
}

TEST_F(SavedMapsTest, RefusesNumbersThatAreNoWeights) {
  const char* weight = "/views/0/reductions/mean/layers/0/1";
  for (const json& value : {json(nullptr), json("0.5"), json(-0.5), json(1e300), json(true), json::array()})
    expect_token(weight, value, "finite number from 0 up");
  expect_token("/views/0/reductions/mean/overall/0", nullptr, "finite number");
  expect_token("/views/0/segments/fact", -1, "finite number");
  const std::string text = token_json(token_map());
  for (const char* number : {"NaN", "Infinity", "1e999"}) {
    std::string broken = text;
    put(scratch_ / "maps/tokens/00001-b.json", broken.replace(broken.find("0.25"), 4, number));
    EXPECT_NE(refusal().find("finite numbers"), std::string::npos) << number;
  }
}

TEST_F(SavedMapsTest, RefusesSizesThatDisagree) {
  expect_token("/views/0/reductions/mean/overall", json::array({1.0}), "1 weights where there are 2 sources");
  expect_token("/views/0/reductions/mean/layers/0", json::array({1, 2, 3}), "3 weights where there are 2");
  expect_token("/views/0/reductions/mean/layers/0", 7, "row of no weights");
  expect_token("/views/0/reductions/max", {{"layers", {{0, 0}}}, {"overall", {0, 0}}},
               "2 layers of mean and 1 of max");
  expect_token("/views/0/reductions/mean/layers", json::array({{1, 0}, {1, 0}, {1, 0}}),
               "the manifest names 2");
}

TEST_F(SavedMapsTest, RefusesWrongTypesAndWhatIsMissing) {
  expect_token("/schema", "attnviz.token/2", "schema 'attnviz.token/2' where attnviz.token/1");
  expect_token("/schema", 1, "\"schema\" that is no text");
  expect_token("/token", 7, "has no \"index\"");
  expect_token("/token/index", 1.5, "whole number");
  expect_token("/token/index", 18446744073709551615U, "whole number");
  expect_token("/token/index", 4, "is of token 4 where the manifest has 1");
  expect_token("/views", "none", "\"views\" that is no list");
  expect_token("/views/0/attention", "sideways", "'sideways'");
  expect_token("/views/1", json::parse(token_json(token_map()))["views"][0], "two views of self");
  expect_token("/views/0/reductions", json::object(), "no reductions");
  expect_token("/views/0/sources/1/index", 0, "not in order");
  expect_token("/views/0/sources/0/special", 0, "neither true nor false");
  expect_token("/views/0/segments", 3, "\"segments\" that is no object");
}

TEST_F(SavedMapsTest, RefusesManifestsThatLieOrLeadElsewhere) {
  for (const char* name :
       {"../secret.json", "tokens/../../secret.json", "/etc/passwd", "tokens/.json", "tokens/a/b.json"})
    expect_manifest("/outputs/0/json", name, "not of the form");
  expect_manifest("/outputs/0/json", "tokens/" + std::string(1'000'000, '0') + "/.json", "not of the form");
  expect_manifest("/outputs/0/index", -1, "whole number");
  expect_manifest("/outputs", 3, "no list");
  expect_manifest("/outputs/1", {{"index", 1}, {"json", "tokens/00001-b.json"}}, "not in order");
  expect_manifest("/schema", "attnviz.manifest/9", "attnviz.manifest/9");
  expect_manifest("/options", json::array(), "no object");
  expect_manifest("/options/layers/0", -3, "layers that are none");
  expect_manifest("/tokens/0/text", 5, "no text");
  expect_manifest("/model", "model.pt", "has no \"file\"");
}

TEST_F(SavedMapsTest, EveryMemberThatIsReadIsMissedByName) {
  const auto expect_missing = [&](const std::string& file, const std::string& whole, const char* pointer) {
    const json::json_pointer path(pointer);
    json document = json::parse(whole);
    document[path.parent_pointer()].erase(path.back());
    put(scratch_ / ("maps/" + file), document.dump());
    EXPECT_NE(refusal().find("has no \"" + path.back() + "\""), std::string::npos) << pointer << refusal();
    put(scratch_ / ("maps/" + file), whole);
  };
  for (const char* member : {"/schema", "/attnviz", "/model", "/model/file", "/model/sha256", "/options",
                             "/tokens", "/tokens/0/text", "/outputs", "/outputs/0/index", "/outputs/0/json"})
    expect_missing("manifest.json", manifest_json(manifest()), member);
  for (const char* member : {"/schema", "/token", "/token/index", "/token/text", "/views",
                             "/views/0/attention", "/views/0/sources", "/views/0/sources/0/index",
                             "/views/0/sources/0/text", "/views/0/sources/0/special", "/views/0/reductions",
                             "/views/0/reductions/mean/layers", "/views/0/reductions/mean/overall"})
    expect_missing("tokens/00001-b.json", token_json(token_map()), member);
  EXPECT_EQ(refusal(), "");
}

TEST_F(SavedMapsTest, ReadsTheTextsAndTokensOfBothSides) {
  Manifest two_sides = manifest();
  auto source = std::make_shared<Sequence>(*two_sides.source), target = std::make_shared<Sequence>();
  source->pair = "other";
  target->text = "du";
  target->generated = " da";
  target->units = {{.id = 9, .label = "du"}};
  two_sides.source = source;
  two_sides.target = target;
  put(scratch_ / "maps/manifest.json", manifest_json(two_sides));
  const SavedRun run = read_maps(scratch_ / "maps", test::kReductions);
  using Named = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(run.texts,
            (Named{{"text", "ab"}, {"pair", "other"}, {"target_text", "du"}, {"generated_text", " da"}}));
  EXPECT_EQ(run.positions, (std::vector<std::string>{"a", "b", "du"}));
  EXPECT_EQ(run.options, (Named{{"layers", "[1,3]"}, {"reduce", R"(["mean"])"}}));
}

TEST_F(SavedMapsTest, LongNamesAreCutBetweenCharacters) {
  // Whatever the length of what stands before, some of these would be cut inside of a character.
  for (std::size_t before = 0; before < 4; ++before) {
    std::string name(before, 'a');
    for (int i = 0; i < 60; ++i) name += "𝛼";
    expect_token("/schema", name, "𝛼…'");
    expect_token("/views/0/attention", name, "𝛼…'");
    expect_token(("/views/0/reductions/" + name).c_str(), json::object(), "𝛼…'");
    expect_manifest("/outputs/0/json", "tokens/" + name + ".json", "𝛼…'");
    put(scratch_ / "maps/manifest.json", manifest_json(manifest()));
  }
}

TEST_F(SavedMapsTest, ControlCharactersOfNamesAreNotRepeated) {
  expect_token("/views/0/attention", "a\x1B[2Jb\nc", "'a?[2Jb?c'");
}

TEST_F(SavedMapsTest, DeepNestingIsAnErrorLikeAnyOther) {
  put(scratch_ / "maps/manifest.json", std::string(300'000, '['));
  EXPECT_NE(refusal().find("not whole JSON"), std::string::npos);
  put(scratch_ / "maps/manifest.json", std::string(300'000, '[') + std::string(300'000, ']'));
  EXPECT_NE(refusal().find("has no \"schema\""), std::string::npos);
}

TEST_F(SavedMapsTest, ABatchListsTheRecordsThatAreDone) {
  EXPECT_EQ(read_batch_ids(scratch_ / "maps"), std::nullopt);
  const json batch = {
      {"schema", "attnviz.batch/1"},
      {"records", {{{"id", "q-1"}, {"status", "done"}}, {{"id", "q-2"}, {"status", "failed"}}}}};
  put(scratch_ / "batch/manifest.json", batch.dump());
  EXPECT_EQ(read_batch_ids(scratch_ / "batch"), std::vector<std::string>{"q-1"});
  put(scratch_ / "bad/manifest.json", R"({"schema": "attnviz.batch/1", "records": [{"id": "../maps"}]})");
  EXPECT_THROW(read_batch_ids(scratch_ / "bad"), Error);
  json twice = batch;
  twice["records"].push_back(batch["records"][0]);
  put(scratch_ / "twice/manifest.json", twice.dump());
  EXPECT_THROW(read_batch_ids(scratch_ / "twice"), Error);
}

TEST_F(SavedMapsTest, ALongIdIsCutBetweenCharacters) {
  for (const char* before : {"", "a", "ab"}) {
    std::string id = before;
    for (int i = 0; i < 60; ++i) id += "\u20AC";
    const json batch = {{"schema", "attnviz.batch/1"}, {"records", {{{"id", id}, {"status", "done"}}}}};
    put(scratch_ / "batch/manifest.json", batch.dump());
    try {
      read_batch_ids(scratch_ / "batch");
      ADD_FAILURE() << id << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(find_invalid_utf8(error.what()), std::nullopt) << error.what();
    }
  }
}

}  // namespace
}  // namespace attnviz::diff
