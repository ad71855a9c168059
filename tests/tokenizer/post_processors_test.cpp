// Template tokens, type ids and trimmed offsets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attnviz/core.h"
#include "stage_support.h"
#include "support.h"
#include "tokenizer/stages.h"

namespace attnviz::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Shown {
  std::vector<std::string> pieces;
  std::vector<int> sequences;
  std::vector<int> types;
};

/// One part for each of `texts`, one token for each of its letters; offsets count from 0.
std::vector<Part> parts_of(const std::vector<std::vector<std::string_view>>& texts) {
  std::vector<Part> parts;
  for (std::size_t number = 0; number < texts.size(); ++number) {
    Part& part = parts.emplace_back();
    std::int64_t at = 0;
    for (const std::string_view piece : texts[number]) {
      SequenceToken& token = part.emplace_back();
      token.piece = piece;
      token.sequence = token.type_id = static_cast<int>(number);
      token.begin = at;
      token.end = at += 4;
    }
  }
  return parts;
}

Shown shown(const std::vector<Part>& parts) {
  Shown result;
  for (const Part& part : parts) {
    for (const SequenceToken& token : part) {
      result.pieces.emplace_back(token.piece);
      result.sequences.push_back(token.sequence);
      result.types.push_back(token.type_id);
    }
  }
  return result;
}

Shown processed(const PostProcessor& processor, std::vector<Part> parts, bool special = true) {
  std::size_t before = 0;
  for (const Part& part : parts) before += part.size();
  const std::size_t added = special ? processor.added_tokens(parts.size() == 2) : 0;
  processor.process(parts, special);
  Shown result = shown(parts);
  EXPECT_EQ(result.pieces.size(), before + added) << "added_tokens() is what process() adds";
  return result;
}

std::unique_ptr<PostProcessor> from_json(const std::string& text) {
  return test::make_stage(make_post_processor, text);
}

const char* const kBert = R"({"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]})";
const char* const kRoberta = R"({"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],)"
                             R"("trim_offsets":false,"add_prefix_space":false})";

TEST(BertProcessing, WrapsOneTextAndAPair) {
  const auto bert = from_json(kBert);
  const Shown one = processed(*bert, parts_of({{"a", "b"}}));
  EXPECT_THAT(one.pieces, ElementsAre("[CLS]", "a", "b", "[SEP]"));
  EXPECT_THAT(one.sequences, ElementsAre(-1, 0, 0, -1));
  const Shown two = processed(*bert, parts_of({{"a"}, {"b", "c"}}));
  EXPECT_THAT(two.pieces, ElementsAre("[CLS]", "a", "[SEP]", "b", "c", "[SEP]"));
  EXPECT_THAT(two.types, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(two.sequences, ElementsAre(-1, 0, -1, 1, 1, -1));
}

TEST(BertProcessing, WithoutSpecialTokensChangesNothing) {
  EXPECT_THAT(processed(*from_json(kBert), parts_of({{"a"}, {"b"}}), false).pieces, ElementsAre("a", "b"));
}

TEST(RobertaProcessing, PutsTwoEndsBetweenAPair) {
  const auto roberta = from_json(kRoberta);
  EXPECT_THAT(processed(*roberta, parts_of({{"a"}})).pieces, ElementsAre("<s>", "a", "</s>"));
  const Shown two = processed(*roberta, parts_of({{"a"}, {"b"}}));
  EXPECT_THAT(two.pieces, ElementsAre("<s>", "a", "</s>", "</s>", "b", "</s>"));
  EXPECT_THAT(two.types, ElementsAre(0, 0, 0, 0, 0, 0)) << "RoBERTa knows one type";
}

/// Offsets of one token with `piece` at [begin, end) after trimming.
std::pair<std::int64_t, std::int64_t> trimmed(std::string_view piece, std::int64_t begin, std::int64_t end,
                                              bool add_prefix_space = false) {
  const auto processor =
      from_json(std::string(R"({"type":"ByteLevel","trim_offsets":true,"add_prefix_space":)") +
                (add_prefix_space ? "true}" : "false}"));
  std::vector<Part> parts(1);
  SequenceToken& token = parts[0].emplace_back();
  token.piece = piece;
  token.begin = begin;
  token.end = end;
  processor->process(parts, true);
  return {parts[0][0].begin, parts[0][0].end};
}

TEST(ByteLevelProcessing, TakesSpacesOutOfTheOffsets) {
  EXPECT_EQ(trimmed("Ġab", 3, 6), std::pair(4L, 6L));
  EXPECT_EQ(trimmed("ab", 3, 5), std::pair(3L, 5L));
  EXPECT_EQ(trimmed("ĠĠabĠ", 3, 8), std::pair(5L, 7L));
  EXPECT_EQ(trimmed("Ġ", 3, 4), std::pair(4L, 4L)) << "nothing is left";
  EXPECT_EQ(trimmed("ĠĠĠ", 0, 2), std::pair(2L, 2L)) << "never behind its end";
}

TEST(ByteLevelProcessing, KeepsTheSpaceThatWasPutInFront) {
  EXPECT_EQ(trimmed("Ġab", 0, 2, true), std::pair(0L, 2L));
  EXPECT_EQ(trimmed("ĠĠab", 0, 3, true), std::pair(2L, 3L)) << "more than one is of the text";
}

TEST(TemplateProcessing, FollowsItsTemplates) {
  const auto processor = from_json(
      R"({"type":"TemplateProcessing","single":["<s>","$A:2"],"pair":"$B:1 </s> $A","special_tokens":{)"
      R"("<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2,3],"tokens":["</s>","x"]}}})");
  const Shown one = processed(*processor, parts_of({{"a"}}));
  EXPECT_THAT(one.pieces, ElementsAre("<s>", "a"));
  EXPECT_THAT(one.types, ElementsAre(0, 2));
  const Shown two = processed(*processor, parts_of({{"a"}, {"b"}}));
  EXPECT_THAT(two.pieces, ElementsAre("b", "</s>", "x", "a"));
  EXPECT_THAT(two.types, ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(two.sequences, ElementsAre(1, -1, -1, 0));
  EXPECT_THAT(processed(*processor, parts_of({{"a"}, {"b"}}), false).pieces, ElementsAre("b", "a"));
}

TEST(TemplateProcessing, ReadsTheLongFormAndTheShortOneAlike) {
  const std::string special = R"("special_tokens":{"[X]":{"id":"[X]","ids":[9],"tokens":["[X]"]}}})";
  const auto longer =
      from_json(R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":1}},)"
                R"({"Sequence":{"id":"A","type_id":1}}],"pair":[{"Sequence":{"id":"A","type_id":0}},)"
                R"({"Sequence":{"id":"B","type_id":1}}],)" +
                special);
  const auto shorter =
      from_json(R"({"type":"TemplateProcessing","single":"[X]:1 $:1","pair":["$a","$1"],)" + special);
  EXPECT_EQ(processed(*longer, parts_of({{"a"}})).types, processed(*shorter, parts_of({{"a"}})).types);
  EXPECT_EQ(processed(*longer, parts_of({{"a"}})).pieces, processed(*shorter, parts_of({{"a"}})).pieces);
  EXPECT_THAT(processed(*longer, parts_of({{"a"}, {"b"}})).pieces, ElementsAre("a", "b"));
}

std::string error_of(const std::string& json) {
  try {
    from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(PostProcessors, NameWhatIsWrongWithThem) {
  EXPECT_THAT(error_of(R"({"type":"BertProcessing","sep":["[SEP]"],"cls":["[CLS]",2]})"),
              HasSubstr("BertProcessing: \"sep\" should be [\"piece\", id]"));
  EXPECT_THAT(error_of(R"({"type":"RobertaProcessing","sep":["x",1],"cls":["y",-2]})"), HasSubstr("\"cls\""));
  EXPECT_THAT(error_of(R"({"type":"RobertaProcessing","sep":["x",1],"cls":["y",4294967296]})"),
              HasSubstr("\"cls\""));
  const std::string begin = R"({"type":"TemplateProcessing",)";
  EXPECT_THAT(error_of(begin + R"("single":"$A"})"), HasSubstr("\"pair\" is missing"));
  EXPECT_THAT(error_of(begin + R"("single":"$A:x","pair":"$A $B"})"), HasSubstr("\"x\" should be a type id"));
  EXPECT_THAT(error_of(begin + R"("single":"$A:12345678901","pair":"$A $B"})"),
              HasSubstr("should be a type id"));
  EXPECT_THAT(error_of(begin + R"("single":"$A","pair":[{"Sequence":{"id":"C","type_id":0}}]})"),
              HasSubstr("sequence \"C\" should be \"A\" or \"B\""));
  EXPECT_THAT(error_of(begin + R"("single":"<s> $A","pair":"$A $B"})"), HasSubstr("\"<s>\" is not in"));
  EXPECT_THAT(
      error_of(begin +
               R"("single":"$A","pair":"$B","special_tokens":{"x":{"id":"x","ids":[1],"tokens":[]}}})"),
      HasSubstr("the same length"));
}

TEST(PostProcessorSequence, GoesStepByStep) {
  const auto processor = from_json(
      std::string(R"({"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":false},)") +
      kBert + "]}");
  std::vector<Part> parts = parts_of({{"Ġab"}});
  parts[0][0].begin = 1;
  processor->process(parts, true);
  EXPECT_THAT(shown(parts).pieces, ElementsAre("[CLS]", "Ġab", "[SEP]"));
  EXPECT_EQ(parts[0][1].begin, 2);
  EXPECT_EQ(processor->added_tokens(false), 2U);
  EXPECT_EQ(processor->added_tokens(true), 3U);
}

TEST(PostProcessorSequence, OfTwoTemplatesIsAnErrorInWords) {
  const std::string once = R"({"type":"TemplateProcessing","single":"x $A x","pair":"$A $B",)"
                           R"("special_tokens":{"x":{"id":"x","ids":[1],"tokens":["x"]}}})";
  const auto twice = from_json(R"({"type":"Sequence","processors":[)" + once + "," + once + "]}");
  std::vector<Part> parts = parts_of({{"a"}});
  EXPECT_THROW(twice->process(parts, true), Error);
}

TEST(PostProcessors, MadeFromOptionsAreThoseOfTheFile) {
  const auto same = [&](const std::unique_ptr<PostProcessor>& made, const std::string& json) {
    const auto read = from_json(json);  // the tokens that it adds are views of its pieces
    for (const auto& parts : {parts_of({{"Ġa", "b"}}), parts_of({{"Ġa", "b"}, {"cĠ"}}), parts_of({{}, {}})}) {
      std::vector<Part> ours = parts;
      std::vector<Part> theirs = parts;
      made->process(ours, true);
      read->process(theirs, true);
      EXPECT_EQ(shown(ours).pieces, shown(theirs).pieces) << json;
      EXPECT_EQ(shown(ours).types, shown(theirs).types) << json;
    }
  };
  same(make_bert_post_processor({2, "[CLS]"}, {3, "[SEP]"}), kBert);
  same(make_roberta_post_processor({0, "<s>"}, {2, "</s>"}, false, false), kRoberta);
  same(make_template_post_processor({{-1, 0, {{1, "x"}}}, {0, 0, {}}}, {{0, 0, {}}, {1, 1, {}}}, "test"),
       R"({"type":"TemplateProcessing","single":"x $A","pair":"$A $B:1",)"
       R"("special_tokens":{"x":{"id":"x","ids":[1],"tokens":["x"]}}})");
}

TEST(SetTemplate, NeedsItsTokensInTheVocabulary) {
  EXPECT_THAT(
      test::load_error({{"tokenizer.model", test::piece("<unk>", 0, 2) + test::piece("a", -1)},
                        {"tokenizer_config.json", R"({"add_bos_token":true,"bos_token":"<start>"})"}}),
      HasSubstr("the special token \"<start>\" is not in the vocabulary"));
}

}  // namespace
}  // namespace attnviz::tokenizer
