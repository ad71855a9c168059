#include "run/plan.h"

#include <gtest/gtest.h>

#include "named_reductions.h"

namespace attnviz::run {
namespace {

using Kinds = std::vector<AttentionKind>;

EncodedRecord tokens(std::size_t source, std::optional<std::size_t> target = std::nullopt) {
  EncodedRecord input;
  input.source.sequence.units.resize(source);
  if (target) input.target.emplace().units.resize(*target);
  return input;
}

const ModelInfo kOneStack{.task = Task::kCausalLm, .causal = true};
const ModelInfo kTwoStacks{.task = Task::kSeq2Seq, .causal = true};

TEST(Plan, OfATextPutsOutEveryPositionItself) {
  const RunPlan plan = plan_run({.text = "…"}, tokens(5), {}, kOneStack);
  EXPECT_EQ(plan.kinds, Kinds{AttentionKind::kSelf});
  EXPECT_EQ(plan.asking, Side::kSource);
  EXPECT_EQ(plan.first_output, 0);
  EXPECT_EQ(plan.end_output, 5);
  EXPECT_FALSE(plan.shifted);
  EXPECT_EQ(describe(plan),
            "capture self attention; reduce by mean, max, rollout; maps of all of positions 0 to 4 of "
            "the source");
}

TEST(Plan, OfAGenerationPutsOutWhatComesAfterThePromptAsFarAsPositionsGo) {
  ModelInfo info = kOneStack;
  RunPlan plan = plan_run({.text = "…", .generate = 24}, tokens(62), {}, info);
  EXPECT_TRUE(plan.shifted) << "token i is produced by query i − 1";
  EXPECT_EQ(plan.first_output, 62);
  EXPECT_EQ(plan.end_output, 86);
  info.max_positions = 64;
  plan = plan_run({.text = "…", .generate = 24}, tokens(62), {}, info);
  EXPECT_EQ(plan.end_output, 64);
  EXPECT_EQ(describe(plan),
            "generate up to 24 tokens after 62 of the source; capture self attention; reduce by mean, max, "
            "rollout; "
            "maps of all of positions 62 to 63 of the source, each of the query before it");
}

TEST(Plan, OfTwoStacksShowsTheDecoderUnlessOnlyTheSourceIsAskedFor) {
  RunPlan plan = plan_run({.text = "…", .target = "…"}, tokens(7, 4), {}, kTwoStacks);
  EXPECT_EQ(plan.kinds, (Kinds{AttentionKind::kCross, AttentionKind::kDecoder}));
  EXPECT_EQ(plan.asking, Side::kTarget);
  EXPECT_EQ(plan.first_output, 1) << "position 0 starts the decoder";
  EXPECT_EQ(plan.end_output, 4);
  plan = plan_run({.text = "…"}, tokens(7, 1), {.kinds = {AttentionKind::kEncoder}}, kTwoStacks);
  EXPECT_EQ(plan.asking, Side::kSource);
  EXPECT_EQ(plan.end_output, 7);
  EXPECT_FALSE(plan.shifted);
}

TEST(Plan, SaysBeforeThatThereIsNothingToMap) {
  const RunPlan plan = plan_run({.text = "…", .target = ""}, tokens(7, 1), {}, kTwoStacks);
  ASSERT_EQ(plan.warnings.size(), 1U);
  EXPECT_NE(plan.warnings[0].find("nothing to map"), std::string::npos);
  EXPECT_NE(describe(plan).find("nothing is put out"), std::string::npos);
}

TEST(Plan, RefusesOutputsThatThereCannotBeBeforeAnythingRuns) {
  EXPECT_THROW(plan_run({.text = "…", .tokens = {{5}}}, tokens(5), {}, kOneStack), Error);
  EXPECT_NO_THROW(plan_run({.text = "…", .tokens = {{4, -5}}}, tokens(5), {}, kOneStack));
  EXPECT_NO_THROW(plan_run({.text = "…", .generate = 9, .tokens = {{40}}}, tokens(5), {}, kOneStack))
      << "how far a generation gets is not known yet";
}

// Where the dry run failed, nothing is known of a model, and nothing else refuses these.
TEST(Plan, RefusesAttentionWithATargetWhereThereIsNone) {
  for (const AttentionKind kind : {AttentionKind::kCross, AttentionKind::kDecoder}) {
    try {
      plan_run({.text = "…"}, tokens(5), {.kinds = {AttentionKind::kSelf, kind}}, ModelInfo{.file = "x.pt"});
      ADD_FAILURE() << to_string(kind);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.what(), std::string(to_string(kind)) +
                                  " attention was asked for, which is of encoder–decoders; 'x.pt' takes no "
                                  "target");
    }
  }
  EXPECT_EQ(plan_run({.text = "…"}, tokens(5), {.kinds = {AttentionKind::kEncoder}}, ModelInfo{}).asking,
            Side::kSource)
      << "of the source alone";
}

TEST(Plan, RefusesAnInputThatTheModelDoesNotTake) {
  ModelInfo info = kOneStack;
  info.max_positions = 5;
  EXPECT_NO_THROW(plan_run({.text = "…"}, tokens(5), {}, info));
  EXPECT_THROW(plan_run({.text = "…"}, tokens(6), {}, info), Error);
  EXPECT_THROW(plan_run({.text = "…", .generate = 1}, tokens(5), {}, info), Error);
  EXPECT_THROW(plan_run({.text = "…"}, tokens(0), {}, info), Error);
}

TEST(Plan, TakesASecondPassToFindSinksAndTheMeanForMasses) {
  const RunPlan plan =
      plan_run({.text = "…"}, tokens(5),
               {.reductions = testing::named({"max"}), .layers = {1}, .drop_sinks = true}, kOneStack);
  EXPECT_TRUE(plan.find_sinks);
  EXPECT_TRUE(plan.needs_mean);
  EXPECT_EQ(describe(plan),
            "find sinks in a pass of their own; capture self attention, layers 1; reduce by max; maps "
            "of all of positions 0 to 4 of the source");
}

}  // namespace
}  // namespace attnviz::run
