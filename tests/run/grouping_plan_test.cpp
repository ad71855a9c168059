// Which tokens become which rows and columns: plan_groupings() and leave_out_blind(), without a model.
#include "run/grouping_plan.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace attnviz::run {
namespace {

using Positions = std::vector<std::int64_t>;

class Details final : public Listener {
 public:
  std::vector<std::string> said;
  void detail(std::string_view sentence) override { said.emplace_back(sentence); }
};

/// Letters; '^' is special.
std::shared_ptr<const Sequence> letters(std::string_view text) {
  auto sequence = std::make_shared<Sequence>();
  for (const char letter : text) {
    const auto at = static_cast<std::int64_t>(sequence->text.size());
    Unit& unit = sequence->units.emplace_back();
    unit.label = std::string(1, letter);
    unit.special = letter == '^';
    if (unit.special) continue;
    unit.place = TextSpan{{at, at + 1}};
    sequence->text += letter;
  }
  return sequence;
}

/// `tokens`, the letters of `words` in each of its spans.
std::shared_ptr<const Sequence> merged(const Sequence& tokens, const std::vector<Span>& words) {
  auto sequence = std::make_shared<Sequence>();
  sequence->text = tokens.text;
  sequence->units.resize(words.size());
  sequence->merged = words;
  return sequence;
}

std::vector<OutputToken> outputs_at(const Positions& positions, std::int64_t shift = 0) {
  std::vector<OutputToken> outputs;
  for (const std::int64_t position : positions)
    outputs.push_back({.index = position, .query = position - shift});
  return outputs;
}

RunSequences one_stack(std::string_view text) {
  RunSequences sequences;
  sequences.tokens.source = sequences.shown.source = letters(text);
  return sequences;
}

const SinkFinder& no_sinks() {
  static const SinkFinder finder({.shown = {}});
  return finder;
}

TEST(Groupings, AreNoneWhereAllTokensStayAsTheyAre) {
  Listener listener;
  EXPECT_TRUE(plan_groupings({.kinds = {AttentionKind::kSelf}}, one_stack("^abc"), outputs_at({0, 1, 2, 3}),
                             no_sinks(), listener)
                  .empty());
}

TEST(Groupings, DropSpecialTokensAsColumnsAndNameThemOnce) {
  Listener listener;
  const RunPlan plan{.kinds = {AttentionKind::kSelf}, .drop_special = true};
  const auto groupings = plan_groupings(plan, one_stack("^ab^"), outputs_at({1, 2}), no_sinks(), listener);
  ASSERT_EQ(groupings.size(), 1U);
  EXPECT_EQ(groupings[0].column_of, (Positions{-1, 1, 2, -1}));
  EXPECT_EQ(groupings[0].columns, 4);
  EXPECT_EQ(groupings[0].removed, std::vector<std::string>{"special tokens"});
  EXPECT_TRUE(groupings[0].row_of.empty()) << "rows stay";
}

TEST(Groupings, TieTheQueriesOfGeneratedWordsToTheQueryBefore) {
  Listener listener;
  RunSequences sequences = one_stack("abcde");
  sequences.shown.source = merged(*sequences.tokens.source, {{0, 2}, {2, 3}, {3, 5}});
  const RunPlan plan{.shifted = true, .kinds = {AttentionKind::kSelf}, .words = true};
  std::vector<OutputToken> words = outputs_at({3}, 1);  // "de", of the queries 2 and 3
  words[0].tokens = 2;
  const auto groupings = plan_groupings(plan, sequences, words, no_sinks(), listener);
  EXPECT_EQ(groupings.at(0).column_of, (Positions{0, 0, 1, 2, 2}));
  EXPECT_EQ(groupings.at(0).row_of, (Positions{-1, -1, 0, 0, -1}));
}

TEST(Groupings, OfTwoStacksHaveTheColumnsOfTheSideThatIsLookedAt) {
  Listener listener;
  RunSequences sequences = one_stack("^ab");
  sequences.tokens.target = sequences.shown.target = letters("^xyz");
  const RunPlan plan{.asking = Side::kTarget,
                     .kinds = {AttentionKind::kCross, AttentionKind::kDecoder},
                     .drop_special = true};
  const auto groupings = plan_groupings(plan, sequences, outputs_at({1, 2}, 1), no_sinks(), listener);
  ASSERT_EQ(groupings.size(), 2U);
  EXPECT_EQ(groupings[0].column_of, (Positions{-1, 1, 2})) << "cross attention looks at the source";
  EXPECT_EQ(groupings[1].column_of, (Positions{-1, 1, 2, 3})) << "the decoder at its own past";
}

TEST(Groupings, DropSinksAndTellWhichTheyAre) {
  Details listener;
  SinkFinder finder({.shown = {}});
  at::Tensor weights = at::full({1, 12, 12}, 0.3 / 11, at::kFloat);
  weights.select(2, 1).fill_(0.7);
  finder.on_block({0, AttentionKind::kSelf, 0, 12, weights});
  const RunPlan plan{.kinds = {AttentionKind::kSelf}, .find_sinks = true};
  const auto groupings =
      plan_groupings(plan, one_stack("abcdefghijkl"), outputs_at({0, 2}), finder, listener);
  EXPECT_EQ(groupings.at(0).sinks, Positions{1});
  EXPECT_EQ(groupings.at(0).column_of, (Positions{0, -1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(groupings.at(0).removed, std::vector<std::string>{"sinks"});
  EXPECT_EQ(listener.said,
            std::vector<std::string>{"token 1 'b' is a sink of the self attention and dropped"});
}

class Blind : public ::testing::Test {
 protected:
  /// What is left out where the columns of `dropped` are, of four tokens.
  Positions left_out(const Positions& dropped, bool causal) {
    grouping_.column_of = {0, 1, 2, 3};
    for (const std::int64_t key : dropped) grouping_.column_of[static_cast<std::size_t>(key)] = -1;
    groupings_ = {grouping_};
    outputs_ = outputs_at({0, 1, 2, 3});
    return leave_out_blind(plan_, one_stack("abcd"), causal, outputs_, groupings_);
  }
  Positions positions() const {
    Positions all;
    for (const OutputToken& output : outputs_) all.push_back(output.index);
    return all;
  }

  RunPlan plan_{.kinds = {AttentionKind::kSelf}};
  Grouping grouping_{.kind = AttentionKind::kSelf, .columns = 4};
  std::vector<Grouping> groupings_;
  std::vector<OutputToken> outputs_;
};

TEST_F(Blind, AreQueriesThatSeeOnlyWhatWasDropped) {
  EXPECT_EQ(left_out({0, 1}, true), (Positions{0, 1}));
  EXPECT_EQ(positions(), (Positions{2, 3}));
  EXPECT_EQ(left_out({0, 1}, false), Positions{}) << "they see the others too";
  EXPECT_EQ(positions(), (Positions{0, 1, 2, 3}));
  EXPECT_EQ(left_out({1}, true), Positions{}) << "each sees the first";
  EXPECT_EQ(left_out({0, 1, 2, 3}, false), (Positions{0, 1, 2, 3})) << "nothing is left";
}

TEST_F(Blind, LeaveTheRowsOfWordsToThoseThatSee) {
  plan_.words = true;
  grouping_.row_of = {0, 1, 2, 3};
  left_out({0}, true);
  EXPECT_EQ(groupings_[0].row_of, (Positions{-1, 0, 1, 2}));
}

TEST_F(Blind, AreNoQueriesOfTheSideThatIsNotPutOut) {
  plan_.asking = Side::kTarget;
  EXPECT_EQ(left_out({0, 1, 2, 3}, false), Positions{});
}

}  // namespace
}  // namespace attnviz::run
