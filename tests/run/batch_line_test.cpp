#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attnviz/run.h"

namespace attnviz::run {
namespace {

using Numbers = std::vector<std::int64_t>;
using ::testing::HasSubstr;

BatchLine parse(const std::string& text) {
  BatchLine line;
  parse_batch_line(text, line);
  return line;
}

std::string refusal(const std::string& text) {
  BatchLine line;
  try {
    parse_batch_line(text, line);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

TEST(BatchLine, HasAnIdAndAnInput) {
  EXPECT_EQ(parse(R"({"id": "q-001", "text": "a\nb"})").record.text, "a\nb");
  EXPECT_EQ(parse(R"({"id": "q-001", "text": "a"})").id, "q-001");
  EXPECT_EQ(parse(R"({"ids": [3, 1, 9223372036854775807], "id": "x"})").record.ids,
            (Numbers{3, 1, 9223372036854775807}));
  const auto segments =
      parse(R"({"id": "x", "segments": [{"name": "f", "text": "t"}, {"text": "u", "name": ""}]})")
          .record.segments;
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0].name + segments[0].text + segments[1].name + segments[1].text, "ftu");
}

TEST(BatchLine, MayHaveMore) {
  const InputRecord record =
      parse(R"({"id": "x", "text": "a", "pair": "b", "target": "c", "generate": 9, "tokens": [7, 2, 7]})")
          .record;
  EXPECT_EQ(record.pair, "b");
  EXPECT_EQ(record.target, "c");
  EXPECT_EQ(record.generate, 9);
  EXPECT_EQ(record.tokens.positions, (Numbers{2, 7}));
  EXPECT_EQ(parse(R"({"id": "x", "text": "a", "tokens": "3,7-9"})").record.tokens.positions,
            (Numbers{3, 7, 8, 9}));
  EXPECT_EQ(parse(R"({"id": "x", "text": "a", "target_ids": [5]})").record.target_ids, (Numbers{5}));
  EXPECT_FALSE(parse(R"({"id": "x", "text": "a"})").record.generate);
}

TEST(BatchLine, IdsAreNamesOfFolders) {
  const auto said = [](const std::string& id) { return refusal(R"({"text": "a", "id": ")" + id + "\"}"); };
  const std::vector<std::string> good = {"a", "A-1_b.c", "0",      "_",
                                         "-", "a..b",    "tokens", std::string(100, 'x')};
  for (const std::string& id : good) EXPECT_EQ(said(id), "") << id;
  const std::vector<std::string> bad = {"",
                                        ".",
                                        "..",
                                        ".a",
                                        "a/b",
                                        "a b",
                                        "ä",
                                        "a\\u0000",
                                        "a\\n",
                                        "../a",
                                        "a\\\\b",
                                        "manifest.json",
                                        "manifest.json.attnviz-part",
                                        "diff.json",
                                        std::string(101, 'x')};
  for (const std::string& id : bad) EXPECT_THAT(said(id), HasSubstr("\"id\"")) << id;
}

TEST(BatchLine, AnythingElseIsRefusedInOneSentence) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"{", "not JSON (byte 2)"},
      {"[]", "no object"},
      {"7", "no object"},
      {R"({"id": "x", "text": "a"} {})", "not JSON"},
      {"{\"id\": \"x\", \"text\": \"\xFF\"}", "not JSON"},
      {R"({"id": "x", "text": "\ud800"})", "not JSON"},
      {R"({"text": "a"})", "has no \"id\""},
      {R"({"id": 7, "text": "a"})", "\"id\" is number"},
      {R"({"id": "x"})", "has no input"},
      {R"({"id": "x", "text": "a", "ids": [1]})", "more than one input"},
      {R"({"id": "x", "text": "a", "txt": "b"})", "unknown member \"txt\""},
      {R"({"id": "x", "text": "a", "text": "b"})", "has \"text\" twice"},
      {R"({"id": "x", "text": null})", "\"text\" is null"},
      {R"({"id": "x", "text": ["a"]})", "\"text\" is array"},
      {R"({"id": "x", "ids": []})", "\"ids\" is empty"},
      {R"({"id": "x", "ids": "1,2"})", "\"ids\" is string"},
      {R"({"id": "x", "ids": [1.5]})", "\"ids\" holds 1.5"},
      {R"({"id": "x", "ids": [-1]})", "\"ids\" holds -1"},
      {R"({"id": "x", "ids": [18446744073709551615]})", "\"ids\" holds 18446744073709551615"},
      {R"({"id": "x", "ids": [1e400]})", "larger than any number"},
      {R"({"id": "x", "ids": [true]})", "\"ids\" holds true"},
      {R"({"id": "x", "ids": [[1]]})", "\"ids\" holds array"},
      {R"({"id": "x", "segments": []})", "\"segments\" is empty"},
      {R"({"id": "x", "segments": ["a"]})", "\"segments\" holds string"},
      {R"({"id": "x", "segments": [{"name": "a"}]})", "other members"},
      {R"({"id": "x", "segments": [{"name": "a", "text": "b", "c": 1}]})", "other members"},
      {R"({"id": "x", "segments": [{"name": "a", "name": "b", "text": "b"}]})", "has \"name\" twice"},
      {R"({"id": "x", "segments": [{"name": "a", "text": 1}]})", "\"text\" is number"},
      {R"({"id": "x", "text": "a", "generate": 0})", "\"generate\" holds 0"},
      {R"({"id": "x", "text": "a", "generate": 1000001})", "\"generate\" holds 1000001"},
      {R"({"id": "x", "text": "a", "generate": "3"})", "\"generate\" holds \"3\""},
      {R"({"id": "x", "text": "a", "tokens": []})", "\"tokens\" is empty"},
      {R"({"id": "x", "text": "a", "tokens": 3})", "\"tokens\" is number"},
      {R"({"id": "x", "text": "a", "tokens": "3-"})", "3,7-12"},
      {R"({"id": "x", "text": "a", "tokens": [99999999]})", "\"tokens\" holds 99999999"},
      {R"({"id": "x", "text": "a", "target": "b", "target_ids": [1]})", "give one of them"},
      {R"({"id": "x", "text": )" + std::string(100'000, '['), "deeper"}};
  for (const auto& [text, expected] : cases) {
    const std::string sentence = refusal(text);
    EXPECT_THAT(sentence, HasSubstr(expected)) << text.substr(0, 100);
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
}

TEST(BatchLine, TheIdIsKnownWhereverItCouldBeRead) {
  BatchLine line;
  EXPECT_THROW(parse_batch_line(R"({"id": "q", "text": 1})", line), Error);
  EXPECT_EQ(line.id, "q");
  EXPECT_THROW(parse_batch_line("{", line), Error);
  EXPECT_EQ(line.id, "");
}

TEST(BatchLine, AnIdThatIsNoNameIsShownAndCut) {
  const auto sentence = [](const std::string& id) {
    BatchLine line;
    try {
      parse_batch_line(R"({"text": "x", "id": ")" + id + R"("})", line);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_TRUE(sentence("../x").starts_with("\"id\" is \"../x\", but names")) << sentence("../x");
  EXPECT_TRUE(sentence("a\\u0007b").starts_with("\"id\" is \"a\\u0007b\", but"));
  std::string letters(59, 'a');
  for (int i = 0; i < 20; ++i) letters += "ä";
  EXPECT_TRUE(sentence(letters).starts_with("\"id\" is \"" + std::string(59, 'a') + "\"… (99 bytes), but"))
      << sentence(letters);
}

TEST(BatchLine, EqualRecordsAreEqualAsJson) {
  const std::string one = parse(R"({"id": "x", "text": "\u00e4", "generate": 3})").json;
  EXPECT_EQ(one, parse("  { \"generate\" : 3,\t\"text\":\"ä\",\"id\":\"x\" }\r").json);
  EXPECT_NE(one, parse(R"({"id": "x", "text": "a", "generate": 3})").json);
}

TEST(ParseSelection, TakesNumbersAndRangesInAnyOrder) {
  EXPECT_EQ(parse_selection("--tokens", "7-9,3"), (Numbers{3, 7, 8, 9}));
  EXPECT_EQ(parse_selection("--tokens", "5,5-5,4-6"), (Numbers{4, 5, 6}));
}

TEST(ParseSelection, ManyLargeRangesAreOneOfThem) {
  std::string ranges = "0-1000000";
  for (int i = 0; i < 10'000; ++i) ranges += ",1-1000000";
  EXPECT_EQ(parse_selection("--tokens", ranges).size(), 1'000'001U);
}

TEST(ParseSelection, RefusesAnythingElse) {
  for (const char* text :
       {"", ",", "3,", "a", "3-", "-3", "9-7", "1-2-3", "1.5", " 1", "0x1", "99999999999999999999",
        "9223372036854775807", "1000001", "0-1000001", "0-9223372036854775807"}) {
    EXPECT_THROW(parse_selection("--tokens", text), Error) << text;
  }
}

TEST(ParseSelection, NamesWhatItIsGivenToAndTheValue) {
  try {
    parse_selection("--layers", "1,x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "--layers: 'x' is no number or range; write them as 3,7-12, from 0 to 1000000");
  }
}

}  // namespace
}  // namespace attnviz::run
