// SentencePiece models against the simplest code that does the same.
#include "tokenizer/sentencepiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>

#include "support.h"

namespace attnviz::tokenizer {
namespace {

using testing::HasSubstr;
using Type = SentencePieceFile::Type;

SentencePieceFile file_of(std::vector<SentencePieceFile::Piece> pieces, int model_type) {
  SentencePieceFile file;
  file.pieces = std::move(pieces);
  file.pieces.insert(file.pieces.begin(), {"<unk>", 0, Type::kUnknown});
  file.model_type = model_type;
  return file;
}

std::string random_word(std::mt19937& random, std::size_t longest) {
  std::string word;
  for (std::size_t n = 1 + random() % longest; n > 0; --n) word += static_cast<char>('a' + random() % 3);
  return word;
}

std::vector<std::string> pieces_of(const PieceModel& model, std::string_view word) {
  std::vector<ModelToken> tokens;
  model.tokenize(word, nullptr, tokens);
  std::vector<std::string> pieces;
  std::uint32_t end = 0;
  for (const ModelToken& token : tokens) {
    EXPECT_EQ(token.begin, end);
    end = token.end;
    pieces.emplace_back(word.substr(token.begin, token.end - token.begin));
    if (token.id != 0) {
      EXPECT_EQ(pieces.back(), *model.piece(token.id));
    }
  }
  EXPECT_EQ(end, word.size());
  return pieces;
}

TEST(SentencePieceUnigram, FindsTheBestOfAllCuts) {
  std::mt19937 random(79);
  for (int round = 0; round < 100; ++round) {
    std::map<std::string, float, std::less<>> scores{{"a", -9.0F}, {"b", -9.5F}, {"c", -8.0F}};
    for (int i = 0; i < 10; ++i) scores[random_word(random, 4)] = -static_cast<float>(random() % 64) / 4 - 1;
    std::vector<SentencePieceFile::Piece> pieces;
    for (const auto& [text, score] : scores) pieces.push_back({text, score, Type::kNormal});
    const auto model = make_sentencepiece_model(file_of(pieces, 1), "test");
    for (int i = 0; i < 20; ++i) {
      const std::string word = random_word(random, 9);
      // best[n]: the best score of the first n letters. Quarters are exact in single precision.
      std::vector<float> best(word.size() + 1, -std::numeric_limits<float>::infinity());
      best[0] = 0;
      for (std::size_t end = 1; end <= word.size(); ++end) {
        for (std::size_t begin = 0; begin < end; ++begin) {
          const auto found = scores.find(word.substr(begin, end - begin));
          if (found != scores.end()) best[end] = std::max(best[end], best[begin] + found->second);
        }
      }
      float sum = 0;
      for (const std::string& piece : pieces_of(*model, word)) sum += scores.find(piece)->second;
      ASSERT_EQ(sum, best.back()) << word;
    }
  }
}

/// Merges the neighbours whose joined piece has the best score, the leftmost of equals, until there are none.
std::vector<std::string> merge_naively(std::string_view word, const std::map<std::string, float>& scores) {
  std::vector<std::string> pieces;
  for (const char c : word) pieces.emplace_back(1, c);
  while (true) {
    std::size_t best = pieces.size();
    float score = 0;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = scores.find(pieces[i] + pieces[i + 1]);
      if (found != scores.end() && (best == pieces.size() || found->second > score)) {
        best = i;
        score = found->second;
      }
    }
    if (best == pieces.size()) return pieces;
    pieces[best] += pieces[best + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(SentencePieceBpe, MergesTheBestScoreFirst) {
  std::mt19937 random(83);
  for (int round = 0; round < 100; ++round) {
    std::map<std::string, float> scores{{"a", -90.0F}, {"b", -91.0F}, {"c", -92.0F}};
    for (int i = 0; i < 14; ++i) {
      const std::string text = random_word(random, 5);
      if (text.size() > 1) scores[text] = -static_cast<float>(random() % 12);
    }
    std::vector<SentencePieceFile::Piece> pieces;
    for (const auto& [text, score] : scores) pieces.push_back({text, score, Type::kNormal});
    const auto model = make_sentencepiece_model(file_of(pieces, 2), "test");
    for (int i = 0; i < 30; ++i) {
      const std::string word = random_word(random, 24);
      ASSERT_EQ(pieces_of(*model, word), merge_naively(word, scores)) << word;
    }
  }
}

TEST(SentencePiece, ControlPiecesAreNotFoundInTheText) {
  for (const int type : {1, 2}) {
    const auto model = make_sentencepiece_model(file_of({{"<s>", 0, Type::kControl},
                                                         {"<", -1, Type::kNormal},
                                                         {"s", -1, Type::kNormal},
                                                         {">", -1, Type::kNormal}},
                                                        type),
                                                "test");
    EXPECT_EQ(pieces_of(*model, "<s>"), (std::vector<std::string>{"<", "s", ">"}));
    EXPECT_TRUE(model->is_control(1));
    EXPECT_FALSE(model->is_control(2));
    EXPECT_FALSE(model->is_control(-1));
    EXPECT_FALSE(model->is_control(99));
  }
}

// -------------------------------------------------------------------------------------------------
// normalizer

struct Normalized {
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> from;
};

Normalized normalize(std::string_view input, const SentencePieceFile& file) {
  AlignedText text(input);
  make_sentencepiece_normalizer(file, "test")->normalize(text);
  Normalized result{text.text, {}};
  for (const Alignment& at : text.alignment) result.from.emplace_back(at.begin, at.end);
  return result;
}

TEST(SentencePieceNormalizer, MarksSpacesAndTheBeginning) {
  SentencePieceFile file = file_of({}, 1);
  EXPECT_EQ(normalize("a b", file).text, "▁a▁b");
  EXPECT_EQ(normalize("  a   b  ", file).text, "▁a▁b") << "extra spaces go";
  EXPECT_EQ(normalize("", file).text, "");
  EXPECT_EQ(normalize("   ", file).text, "");
  file.remove_extra_whitespaces = false;
  EXPECT_EQ(normalize(" a  b ", file).text, "▁▁a▁▁b▁");
  file.add_dummy_prefix = false;
  EXPECT_EQ(normalize(" a", file).text, "▁a");
  file.escape_whitespaces = false;
  EXPECT_EQ(normalize("a b", file).text, "a b");
}

TEST(SentencePieceNormalizer, MayMarkTheEnd) {
  SentencePieceFile file = file_of({}, 1);
  file.whitespace_as_suffix = true;
  EXPECT_EQ(normalize("a b", file).text, "a▁b▁");
}

TEST(SentencePieceNormalizer, LeavesUserDefinedPiecesAsTheyAre) {
  const SentencePieceFile file = file_of({{"a  b", 0, Type::kUserDefined}}, 1);
  EXPECT_EQ(normalize("xa  by", file).text, "▁xa▁▁by");
  EXPECT_EQ(normalize("x  y", file).text, "▁x▁y");
}

TEST(SentencePieceNormalizer, SaysWhereEverythingCameFrom) {
  const Normalized got = normalize(" \u00E9 b", file_of({}, 1));
  EXPECT_EQ(got.text, "▁\u00E9▁b");
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected = {
      {1, 1}, {1, 1}, {1, 1}, {1, 3}, {1, 3}, {3, 4}, {3, 4}, {3, 4}, {4, 5}};
  EXPECT_EQ(got.from, expected);
}

// ------------------------------------------------------------------------------------------------- the file

std::string unknown_piece() { return test::piece("<unk>", 0, 2); }

TEST(SentencePieceFiles, AreReadFieldByField) {
  const SentencePieceFile file = read_sentencepiece(
      unknown_piece() + test::piece("ab", -1.5F, 4) +
          test::field(2, test::field(3, std::uint64_t{2}) + test::field(24, std::uint64_t{1}) +
                             test::field(35, std::uint64_t{1})) +
          test::field(3, test::field(3, std::uint64_t{0}) + test::field(4, std::uint64_t{0}) +
                             test::field(5, std::uint64_t{0})),
      "test");
  ASSERT_EQ(file.pieces.size(), 2U);
  EXPECT_EQ(file.pieces[1].text, "ab");
  EXPECT_EQ(file.pieces[1].score, -1.5F);
  EXPECT_EQ(file.pieces[1].type, Type::kUserDefined);
  EXPECT_EQ(file.model_type, 2);
  EXPECT_TRUE(file.whitespace_as_suffix && file.byte_fallback);
  EXPECT_FALSE(file.add_dummy_prefix || file.remove_extra_whitespaces || file.escape_whitespaces);
}

TEST(SentencePieceFiles, HaveDefaults_AndMayHaveFieldsThatWeDoNotKnow) {
  const SentencePieceFile file = read_sentencepiece(
      unknown_piece() + test::field(4, "self test") + test::field(99, std::uint64_t{7}), "test");
  EXPECT_EQ(file.model_type, 1);
  EXPECT_TRUE(file.add_dummy_prefix && file.remove_extra_whitespaces && file.escape_whitespaces);
  EXPECT_FALSE(file.byte_fallback || file.whitespace_as_suffix);
}

std::string error_of(const std::string& bytes) {
  try {
    read_sentencepiece(bytes, "in/tokenizer.model");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(SentencePieceFiles, ThatAreNoneAreRefused) {
  EXPECT_THAT(error_of(test::piece("a", 0)), HasSubstr("it has 0 unknown pieces, expected 1"));
  EXPECT_THAT(error_of(unknown_piece() + unknown_piece()), HasSubstr("it has 2 unknown pieces"));
  EXPECT_THAT(error_of(unknown_piece() + test::piece("", 0)), HasSubstr("a piece is empty or not UTF-8"));
  EXPECT_THAT(error_of(unknown_piece() + test::piece("\xC3", 0)), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of(unknown_piece() + test::piece("a", 0, 0)), HasSubstr("piece type 0 is not supported"));
}

TEST(SentencePieceFiles, CutOffAnywhereAreErrorsOrSmallerModels) {
  const std::string whole =
      unknown_piece() + test::piece("ab", -1) + test::field(2, test::field(3, std::uint64_t{1}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try {
      read_sentencepiece(whole.substr(0, size), "in/tokenizer.model");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), HasSubstr("in/tokenizer.model is no SentencePiece model"));
    }
  }
}

}  // namespace
}  // namespace attnviz::tokenizer
