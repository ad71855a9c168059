// Files that say less than tokenizer.json: they make the tokenizer that the spelled-out file makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/utf8.h"
#include "support.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

using test::ids;
using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;
using Files = std::vector<std::pair<std::string, std::string>>;

/// Every byte, a few merges, and special tokens as `more` names them.
Json byte_level_vocabulary(const std::vector<std::string>& merges, const std::vector<std::string>& more,
                           const std::string& suffix = "") {
  Json vocabulary = Json::object();
  const auto add = [&](const std::string& piece) {
    if (!vocabulary.contains(piece)) vocabulary[piece] = vocabulary.size();
  };
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string letter = utf8::encode(unicode::byte_level_char(static_cast<unsigned char>(byte)));
    add(letter);
    if (!suffix.empty()) add(letter + suffix);
  }
  for (const std::string& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' '), 1);
    add(joined);
  }
  for (const std::string& piece : more) add(piece);
  return vocabulary;
}

std::string lines(const std::vector<std::string>& merges) {
  std::string text = "#version: 0.2\n";
  for (const std::string& merge : merges) text += merge + "\n";
  return text;
}

std::string random_text(std::mt19937& random) {
  static const std::string kParts[] = {
      "the", " the",  "The", " ",   "  ",     "\n",    "\u00E9",        "e\u0301",    "\u4E2D", "12",
      "'s",  "don't", "!?",  "<s>", "<mask>", "[SEP]", "<|endoftext|>", "\U0001F44D", "\t"};
  std::string text;
  for (std::size_t n = random() % 8; n > 0; --n) text += kParts[random() % std::size(kParts)];
  return text;
}

/// Both give the same ids, spans, flags and text, for texts and pairs.
void expect_same(const Tokenizer& ours, const Tokenizer& spelled_out) {
  std::mt19937 random(89);
  for (int round = 0; round < 200; ++round) {
    const std::string text = random_text(random);
    const std::string second = random_text(random);
    const auto pair = round % 3 == 0 ? std::optional<std::string_view>(second) : std::nullopt;
    const Encoding a = ours.encode(text, pair, round % 2 == 0);
    const Encoding b = spelled_out.encode(text, pair, round % 2 == 0);
    ASSERT_EQ(ids(a), ids(b)) << text;
    for (std::size_t i = 0; i < a.tokens.size(); ++i) {
      ASSERT_EQ(a.tokens[i].reference, b.tokens[i].reference) << text;
      ASSERT_EQ(a.tokens[i].special, b.tokens[i].special) << text;
      ASSERT_EQ(a.tokens[i].type_id, b.tokens[i].type_id) << text;
      ASSERT_EQ(a.tokens[i].text, b.tokens[i].text) << text;
    }
    ASSERT_EQ(ours.decode(ids(a)), spelled_out.decode(ids(b))) << text;
  }
}

Json special_token(const std::string& content, bool lstrip = false) {
  return {{"content", content}, {"special", true}, {"normalized", false}, {"lstrip", lstrip}};
}

const std::vector<std::string> kMerges = {"t h", "th e", "Ġ the", "Ã ©"};

TEST(VocabJsonFiles, OfGpt2AreByteLevel) {
  const Json vocabulary = byte_level_vocabulary(kMerges, {"<|endoftext|>"});
  const auto ours = test::load({{"vocab.json", vocabulary.dump()}, {"merges.txt", lines(kMerges)}});
  const Json spelled_out = {
      {"added_tokens", {special_token("<|endoftext|>")}},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", kMerges}}}};
  expect_same(*ours, *test::load("tokenizer.json", spelled_out.dump()));
}

TEST(VocabJsonFiles, OfRobertaHaveItsTemplate) {
  const Json vocabulary = byte_level_vocabulary(kMerges, {"<s>", "</s>", "<pad>", "<unk>", "<mask>"});
  const auto ours = test::load({{"vocab.json", vocabulary.dump()}, {"merges.txt", lines(kMerges)}});
  const Json spelled_out = {{"added_tokens",
                             {special_token("<s>"), special_token("<pad>"), special_token("</s>"),
                              special_token("<unk>"), special_token("<mask>", true)}},
                            {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                            {"post_processor",
                             {{"type", "RobertaProcessing"},
                              {"sep", {"</s>", vocabulary["</s>"]}},
                              {"cls", {"<s>", vocabulary["<s>"]}},
                              {"trim_offsets", true},
                              {"add_prefix_space", false}}},
                            {"decoder", {{"type", "ByteLevel"}}},
                            {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", kMerges}}}};
  expect_same(*ours, *test::load("tokenizer.json", spelled_out.dump()));
}

TEST(VocabJsonFiles, OfClipLowerAndEndWords) {
  const std::vector<std::string> merges = {"t h", "th e</w>"};
  const Json vocabulary = byte_level_vocabulary(merges, {"<|startoftext|>", "<|endoftext|>"}, "</w>");
  const auto ours = test::load({{"vocab.json", vocabulary.dump()}, {"merges.txt", lines(merges)}});
  const Json spelled_out = {
      {"added_tokens", {special_token("<|endoftext|>"), special_token("<|startoftext|>")}},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers",
         {{{"type", "NFC"}},
          {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}},
          {{"type", "Lowercase"}}}}}},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"},
           {"pattern", {{"Regex", "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}}},
           {"behavior", "Removed"},
           {"invert", true}},
          {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}}},
      {"post_processor",
       {{"type", "RobertaProcessing"},
        {"sep", {"<|endoftext|>", vocabulary["<|endoftext|>"]}},
        {"cls", {"<|startoftext|>", vocabulary["<|startoftext|>"]}},
        {"trim_offsets", false},
        {"add_prefix_space", false}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model",
       {{"type", "BPE"},
        {"unk_token", "<|endoftext|>"},
        {"end_of_word_suffix", "</w>"},
        {"vocab", vocabulary},
        {"merges", merges}}}};
  expect_same(*ours, *test::load("tokenizer.json", spelled_out.dump()));
  EXPECT_EQ(ours->encode("THE").tokens[1].text, "the");
}

TEST(VocabJsonFiles, OfQwenComposeAndSplitNumbers) {
  const Json vocabulary = byte_level_vocabulary(kMerges, {"<|endoftext|>"});
  const auto ours = test::load({{"vocab.json", vocabulary.dump()},
                                {"merges.txt", lines(kMerges)},
                                {"tokenizer_config.json", R"({"tokenizer_class":"Qwen2Tokenizer"})"}});
  const Json spelled_out = {
      {"added_tokens", {special_token("<|endoftext|>")}},
      {"normalizer", {{"type", "NFC"}}},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"},
           {"pattern",
            {{"Regex",
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
              "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}}},
           {"behavior", "Isolated"},
           {"invert", false}},
          {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", kMerges}}}};
  expect_same(*ours, *test::load("tokenizer.json", spelled_out.dump()));
}

TEST(VocabTxtFiles, AreBert) {
  const std::vector<std::string> pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the",
                                           "##e",   "t",     "##h",   "don",   "'",      "s",
                                           "!",     "1",     "##2",   "中",    "e"};
  std::string vocab;
  Json vocabulary = Json::object();
  for (const std::string& piece : pieces) {
    vocab += piece + "\n";
    vocabulary[piece] = vocabulary.size();
  }
  const auto spelled_out = [&](bool lower) {
    return Json{
        {"added_tokens",
         {special_token("[UNK]"), special_token("[SEP]"), special_token("[PAD]"), special_token("[CLS]"),
          special_token("[MASK]")}},
        {"normalizer",
         {{"type", "BertNormalizer"},
          {"clean_text", true},
          {"handle_chinese_chars", true},
          {"strip_accents", nullptr},
          {"lowercase", lower}}},
        {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
        {"post_processor", {{"type", "BertProcessing"}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}}},
        {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
        {"model",
         {{"type", "WordPiece"},
          {"unk_token", "[UNK]"},
          {"continuing_subword_prefix", "##"},
          {"max_input_chars_per_word", 100},
          {"vocab", vocabulary}}}}
        .dump();
  };
  expect_same(*test::load({{"vocab.txt", vocab}}), *test::load("tokenizer.json", spelled_out(true)));
  expect_same(*test::load({{"vocab.txt", vocab}, {"tokenizer_config.json", R"({"do_lower_case":false})"}}),
              *test::load("tokenizer.json", spelled_out(false)));
}

TEST(VocabTxtFiles, MayHaveWindowsLineEndsAndNoLastOne) {
  const auto tokenizer = test::load({{"vocab.txt", "[UNK]\r\na \r\nb"}});
  EXPECT_EQ(tokenizer->id_of("a"), 1);
  EXPECT_EQ(tokenizer->id_of("b"), 2);
  EXPECT_EQ(tokenizer->size(), 3);
}

TEST(VocabTxtFiles, WithoutClsHaveNoTemplate) {
  EXPECT_THAT(ids(test::load({{"vocab.txt", "[UNK]\na\n"}})->encode("a a")), ElementsAre(1, 1));
}

TEST(VocabTxtFiles, TakeTheirSpecialTokensFromTheConfiguration) {
  const auto tokenizer =
      test::load({{"vocab.txt", "<unk>\n<c>\n<e>\na\n"},
                  {"special_tokens_map.json",
                   R"({"unk_token":"<unk>","cls_token":{"content":"<c>"},"sep_token":"<e>"})"}});
  EXPECT_THAT(ids(tokenizer->encode("a x<e>")), ElementsAre(1, 3, 0, 2, 2));
}

TEST(MergesTxt, NamesTheLineThatIsWrong) {
  const std::string vocab = R"({"Ġ":0,"a":1,"b":2,"ab":3})";
  EXPECT_THAT(test::load_error({{"vocab.json", vocab}, {"merges.txt", "a b\nab\n"}}),
              HasSubstr("in/merges.txt, line 2"));
  EXPECT_THAT(test::load_error({{"vocab.json", vocab}, {"merges.txt", "a c\n"}}),
              HasSubstr("needs the piece \"c\""));
  EXPECT_THAT(test::load_error({{"vocab.json", vocab}, {"merges.txt", "b a\n"}}),
              HasSubstr("needs the piece \"ba\""));
  EXPECT_THAT(test::load_error({{"vocab.json", vocab}, {"merges.txt", "a \xFF\n"}}),
              HasSubstr("not UTF-8: byte 2"));
  const auto tokenizer = test::load({{"vocab.json", vocab}, {"merges.txt", "#version: 0.2\r\n\r\na b\r\n"}});
  EXPECT_THAT(ids(tokenizer->encode("ab")), ElementsAre(3)) << "line ends of Windows, empty lines";
}

TEST(VocabJsonFiles, NeedIdsThatAreNumbers) {
  EXPECT_THAT(test::load_error({{"vocab.json", "[]"}, {"merges.txt", ""}}),
              HasSubstr("should be an object of pieces and ids"));
  EXPECT_THAT(test::load_error({{"vocab.json", R"({"a":"0"})"}, {"merges.txt", ""}}),
              HasSubstr("the id of piece \"a\""));
  EXPECT_THAT(test::load_error({{"vocab.json", R"({"a":16777216})"}, {"merges.txt", ""}}),
              HasSubstr("from 0 to 16777215"));
}

}  // namespace
}  // namespace attnviz::tokenizer
