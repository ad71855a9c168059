#include <gtest/gtest.h>

#include "attnviz/run.h"

namespace attnviz::run {
namespace {

using Numbers = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

std::string refusal(std::string_view text) {
  try {
    parse_tokens("--tokens", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "taken";
}

TEST(TokenSelection, TakesPositionsRangesAndWhatIsCountedFromTheEnd) {
  EXPECT_EQ(parse_tokens("", "3,7-9").positions, (Numbers{3, 7, 8, 9}));
  EXPECT_EQ(parse_tokens("", "5,3-6,4").positions, (Numbers{3, 4, 5, 6})) << "ascending, each once";
  EXPECT_EQ(parse_tokens("", "-1").positions, (Numbers{-1}));
  EXPECT_EQ(parse_tokens("", "0,-4--2").positions, (Numbers{-4, -3, -2, 0}));
}

TEST(TokenSelection, TakesNamesBesidePositions) {
  const TokenSelection selection = parse_tokens("", "[CLS],2,<s>,[CLS]");
  EXPECT_EQ(selection.names, (Names{"[CLS]", "<s>"}));
  EXPECT_EQ(selection.positions, (Numbers{2}));
}

TEST(TokenSelection, RefusesWhatIsNoneInOneSentence) {
  EXPECT_NE(refusal("").find("'' is no number or range"), std::string::npos);
  EXPECT_NE(refusal("3,,4").find("'' is no number or range"), std::string::npos);
  EXPECT_NE(refusal("9-3").find("ends before it begins"), std::string::npos);
  EXPECT_NE(refusal("-2--3").find("ends before it begins"), std::string::npos);
  EXPECT_NE(refusal("3--1").find("one end counted from the end"), std::string::npos);
  EXPECT_NE(refusal("1000001").find("too large"), std::string::npos);
  EXPECT_NE(refusal("-9223372036854775808").find("too large"), std::string::npos);
  EXPECT_NE(refusal("-").find("no number or range"), std::string::npos);
  EXPECT_NE(refusal("3x").find("no number or range"), std::string::npos);
}

TEST(TokenSelection, StandsInTheManifestAsNumbersWhereItIsOfPlainPositions) {
  EXPECT_EQ(std::get<Numbers>(option_value(parse_tokens("", "3-4"))), (Numbers{3, 4}));
  EXPECT_EQ(std::get<Names>(option_value(parse_tokens("", "-1,2,[SEP]"))), (Names{"-1", "2", "[SEP]"}));
}

TEST(LayerSelection, TakesNothingFromTheEndAndNoNames) {
  EXPECT_EQ(parse_selection("--layers", "0,2-3"), (Numbers{0, 2, 3}));
  EXPECT_THROW(parse_selection("--layers", "-1"), Error);
  EXPECT_THROW(parse_selection("--layers", "[CLS]"), Error);
}

}  // namespace
}  // namespace attnviz::run
