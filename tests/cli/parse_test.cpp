#include "cli/parse.h"

#include <gtest/gtest.h>

#include "attnviz/aggregate.h"

namespace attnviz::cli {
namespace {

using Numbers = std::vector<std::int64_t>;

TEST(ParseIds, KeepsOrderAndRepeats) {
  EXPECT_EQ(parse_ids("--ids", "5,3,5"), (Numbers{5, 3, 5}));
  EXPECT_EQ(parse_ids("--ids", "5, 3"), (Numbers{5, 3}));
  EXPECT_THROW(parse_ids("--ids", "5,-3"), Error);
  EXPECT_THROW(parse_ids("--ids", ""), Error);
}

TEST(ParseNames, AreEachTakenOnceAndChecked) {
  const auto reductions = parse_reductions("max,mean,max");
  ASSERT_EQ(reductions.size(), 2U);
  EXPECT_EQ(reductions[0]->name, "max");
  EXPECT_EQ(reductions[1], &mean_reduction());
  EXPECT_THROW(parse_reductions("mean,median"), Error);
  EXPECT_EQ(parse_kinds("cross,self"),
            (std::vector<AttentionKind>{AttentionKind::kCross, AttentionKind::kSelf}));
  EXPECT_THROW(parse_kinds("both"), Error);
}

TEST(ParseErrors, NameTheOptionAndTheValue) {
  try {
    parse_ids("--ids", "1,x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "--ids: 'x' is not a token id; write ids as 1,2,3");
  }
}

TEST(NamesOf, AreThoseOfTheTable) {
  EXPECT_EQ(names_of(known_reductions()), "mean,max,min,rollout");
  EXPECT_EQ(names_of(known_reductions(), "or"), "mean, max, min or rollout");
  EXPECT_EQ(names_of(known_reductions().first(2), "and"), "mean and max");
  EXPECT_EQ(names_of(known_reductions().first(1), "and"), "mean");
  EXPECT_EQ(parse_reductions(names_of(default_reductions())), default_reductions());
}

}  // namespace
}  // namespace attnviz::cli
