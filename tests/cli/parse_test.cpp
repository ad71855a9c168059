#include "cli/parse.h"

#include <gtest/gtest.h>

namespace attnviz::cli {
namespace {

using Numbers = std::vector<std::int64_t>;

TEST(ParseSelection, TakesNumbersAndRangesInAnyOrder) {
  EXPECT_EQ(parse_selection("--tokens", "7-9,3"), (Numbers{3, 7, 8, 9}));
  EXPECT_EQ(parse_selection("--tokens", "5,5-5,4-6"), (Numbers{4, 5, 6}));
}

TEST(ParseSelection, RefusesAnythingElse) {
  for (const char* text :
       {"", ",", "3,", "a", "3-", "-3", "9-7", "1-2-3", "1.5", " 1", "0x1", "99999999999999999999",
        "9223372036854775807", "4294967296", "0-9223372036854775807"}) {
    EXPECT_THROW(parse_selection("--tokens", text), Error) << text;
  }
}

TEST(ParseIds, KeepsOrderAndRepeats) {
  EXPECT_EQ(parse_ids("--ids", "5,3,5"), (Numbers{5, 3, 5}));
  EXPECT_EQ(parse_ids("--ids", "5, 3"), (Numbers{5, 3}));
  EXPECT_THROW(parse_ids("--ids", "5,-3"), Error);
  EXPECT_THROW(parse_ids("--ids", ""), Error);
}

TEST(ParseNames, AreEachTakenOnceAndChecked) {
  EXPECT_EQ(parse_reductions("max,mean,max"), (std::vector<std::string>{"max", "mean"}));
  EXPECT_THROW(parse_reductions("mean,median"), Error);
  EXPECT_EQ(parse_kinds("cross,self"),
            (std::vector<AttentionKind>{AttentionKind::kCross, AttentionKind::kSelf}));
  EXPECT_THROW(parse_kinds("both"), Error);
}

TEST(ParseErrors, NameTheOptionAndTheValue) {
  try {
    parse_selection("--layers", "1,x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "--layers: 'x' is not a number or a range; write them as 3,7-12");
  }
}

}  // namespace
}  // namespace attnviz::cli
