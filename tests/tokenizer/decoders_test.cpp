// Decoders against the reference (data/make_decoders.py), whole and id by id.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;

struct Entry {
  std::string name;
  json value;
  friend std::ostream& operator<<(std::ostream& out, const Entry& entry) { return out << entry.name; }
};

std::vector<Entry> read_entries() {
  std::ifstream file(ATTNVIZ_TEST_DATA "/data/decoders.jsonl", std::ios::binary);
  std::vector<Entry> entries;
  for (std::string line; std::getline(file, line);) {
    json value = json::parse(line);
    std::string name = value["name"];
    entries.push_back({std::move(name), std::move(value)});
  }
  return entries;
}

/// A tokenizer whose ids are the places of `pieces`, with two added tokens behind them.
std::unique_ptr<Tokenizer> make_tokenizer(const json& entry) {
  json vocabulary = json::object();
  for (const json& piece : entry["pieces"]) vocabulary[piece.get<std::string>()] = vocabulary.size();
  const json added = {{{"content", "<s>"}, {"special", true}, {"normalized", false}},
                      {{"content", "<tool>"}, {"special", false}, {"normalized", false}}};
  return test::load("tokenizer.json", json{{"added_tokens", added},
                                           {"decoder", entry["decoder"]},
                                           {"model", {{"type", "WordLevel"}, {"vocab", vocabulary}}}}
                                          .dump());
}

class Decoders : public testing::TestWithParam<Entry> {};

TEST_P(Decoders, AgreeWithTheReference) {
  const json& entry = GetParam().value;
  const auto tokenizer = make_tokenizer(entry);
  for (const json& expected : entry["cases"]) {
    EXPECT_EQ(tokenizer->decode(expected[0].get<Ids>()), expected[1].get<std::string>()) << expected[0];
  }
}

TEST_P(Decoders, GiveTheSameTextIdById) {
  const json& entry = GetParam().value;
  const auto tokenizer = make_tokenizer(entry);
  for (const json& expected : entry["cases"]) {
    test::expect_stream_equals_decode(*tokenizer, expected[0].get<Ids>());
  }
}

TEST_P(Decoders, GiveTheSameTextIdById_OfLongRandomIds) {
  const json& entry = GetParam().value;
  const auto tokenizer = make_tokenizer(entry);
  std::mt19937 random(29);
  for (int round = 0; round < 20; ++round) {
    Ids ids;
    for (int i = 0; i < 60; ++i) ids.push_back(static_cast<std::int64_t>(random() % 50) - 2);
    test::expect_stream_equals_decode(*tokenizer, ids);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Decoders, testing::ValuesIn(read_entries()),
                         [](const auto& entry) { return entry.param.name; });

/// A WordLevel tokenizer of `pieces` with `decoder`.
std::unique_ptr<Tokenizer> with_decoder(const std::vector<std::string>& pieces, const std::string& decoder) {
  return make_tokenizer({{"pieces", pieces}, {"decoder", json::parse(decoder)}});
}

constexpr const char* kLlama =
    R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},)"
    R"({"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})";

TEST(TextStream, HoldsBackBytesUntilTheyAreACharacter) {
  const auto tokenizer = with_decoder({"ðŁ", "ĳ", "į", "a"}, R"({"type":"ByteLevel"})");
  const auto stream = tokenizer->stream();
  stream->push(0);
  EXPECT_EQ(stream->settled(), "");
  EXPECT_EQ(stream->pending(), "\uFFFD");
  stream->push(1);
  EXPECT_EQ(stream->pending(), "\uFFFD");
  stream->push(2);
  EXPECT_EQ(stream->settled(), "\U0001F44D");
  EXPECT_EQ(stream->pending(), "");
  stream->push(0);
  stream->push(3);
  EXPECT_EQ(stream->settled(), "\U0001F44D\uFFFDa");
}

TEST(TextStream, SettlesARunOfByteTokensOnceItIsDamaged) {
  const auto tokenizer = with_decoder({"<0x41>", "<0xC3>", "b"}, kLlama);
  const auto stream = tokenizer->stream();
  stream->push(0);
  EXPECT_EQ(stream->settled(), "") << "what follows may still spoil it";
  EXPECT_EQ(stream->pending(), "A");
  stream->push(1);
  EXPECT_EQ(stream->pending(), "\uFFFD\uFFFD");
  stream->push(0);
  EXPECT_EQ(stream->settled(), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(stream->pending(), "");
  stream->push(2);
  EXPECT_EQ(stream->settled(), "\uFFFD\uFFFD\uFFFDb");
}

TEST(TextStream, TakesTheFirstSpaceOfALlamaText) {
  const auto tokenizer = with_decoder({"▁", "a"}, kLlama);
  const auto stream = tokenizer->stream();
  for (const std::int64_t id : {0, 0, 1, 0}) stream->push(id);
  EXPECT_EQ(stream->settled() + stream->pending(), " a ");
}

TEST(TextStream, LeavesOutSpecialTokensAndUnknownIds) {
  const auto tokenizer = with_decoder({"a", "b"}, R"({"type":"Fuse"})");
  const auto stream = tokenizer->stream();
  for (const std::int64_t id : {0LL, 2LL, -7LL, 1LL << 40, 3LL, 1LL}) stream->push(id);
  EXPECT_EQ(stream->settled() + stream->pending(), "a<tool>b");
}

TEST(TextStream, KeepsWhatStepsBehindFuseMayStillChange) {
  const auto tokenizer = with_decoder(
      {"x", "y"},
      R"({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"x","start":0,"stop":1}]})");
  const auto stream = tokenizer->stream();
  for (const std::int64_t id : {1, 0}) stream->push(id);
  EXPECT_EQ(stream->settled() + stream->pending(), "y");
  stream->push(1);
  EXPECT_EQ(stream->settled() + stream->pending(), "yxy");
}

TEST(TextStream, StreamsOfOneTokenizerAreApart) {
  const auto tokenizer = with_decoder({"a", "b"}, R"({"type":"WordPiece","prefix":"##","cleanup":true})");
  const auto one = tokenizer->stream();
  const auto other = tokenizer->stream();
  one->push(0);
  other->push(1);
  one->push(1);
  EXPECT_EQ(one->settled(), "a b");
  EXPECT_EQ(other->settled(), "b");
}

/// A stream of n ids takes time in proportion to n: what is pending stays small.
TEST(TextStream, IsLinearForTheDecodersOfPublishedModels) {
  for (const char* const decoder :
       {R"({"type":"ByteLevel"})", R"({"type":"WordPiece","prefix":"##","cleanup":true})", kLlama,
        R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})", "null"}) {
    const auto tokenizer = with_decoder({"a", "▁b", "Ġc", "##d"}, decoder);
    const auto stream = tokenizer->stream();
    std::size_t longest = 0;
    for (std::int64_t i = 0; i < 20'000; ++i) {
      stream->push(i % 4);
      longest = std::max(longest, stream->pending().size());
    }
    EXPECT_LE(longest, 4U) << decoder;
    EXPECT_GE(stream->settled().size(), 20'000U) << decoder;
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
