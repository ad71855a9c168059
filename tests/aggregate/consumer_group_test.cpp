// What each member of a group gets of a run, and what the group asks of it.
#include <gtest/gtest.h>

#include "aggregate/attention.h"

namespace attnviz::aggregate {
namespace {

const Listener kListener;

using testing::feed;
using testing::random_attention;
using testing::Stack;

/// Keeps what it is handed, as [layer, first query, rows], and all weights.
class Keeper final : public AttentionConsumer {
 public:
  explicit Keeper(Needs wanted) : wanted_(std::move(wanted)) {}
  Needs needs() const override {
    ++asked;
    return wanted_;
  }
  void on_block(const AttentionBlock& block) override {
    seen.push_back({block.layer, block.first_query, block.weights.size(1)});
    weights.push_back(block.weights.clone());
    EXPECT_EQ(block.queries, 7);
  }

  std::vector<std::array<std::int64_t, 3>> seen;
  std::vector<at::Tensor> weights;
  mutable int asked = 0;

 private:
  Needs wanted_;
};

using Seen = std::vector<std::array<std::int64_t, 3>>;

TEST(ConsumerGroup, HandsEachMemberWhatItNeedsAndNothingElse) {
  const Stack stack = random_attention(2, 2, 7, 7, true);
  Keeper all({}), upper({.layers = {1}}), late({.first_query = 4}), none({.kinds = {AttentionKind::kCross}});
  ConsumerGroup group({&all, &upper, &late, &none}, kListener);
  feed(group, stack, AttentionKind::kSelf, 3);
  EXPECT_EQ(all.seen, (Seen{{0, 0, 3}, {0, 3, 3}, {0, 6, 1}, {1, 0, 3}, {1, 3, 3}, {1, 6, 1}}));
  EXPECT_EQ(upper.seen, (Seen{{1, 0, 3}, {1, 3, 3}, {1, 6, 1}}));
  EXPECT_EQ(late.seen, (Seen{{0, 4, 2}, {0, 6, 1}, {1, 4, 2}, {1, 6, 1}})) << "a block is cut";
  EXPECT_TRUE(none.seen.empty());
  EXPECT_TRUE(late.weights[0].equal(stack[0].narrow(1, 4, 2)));
}

TEST(ConsumerGroup, NeedsWhatServesAllOfItsMembers) {
  Keeper a({.kinds = {AttentionKind::kSelf}, .layers = {1, 3}, .first_query = 4});
  Keeper b({.kinds = {AttentionKind::kCross}, .layers = {2}, .first_query = 2});
  const Needs needs = ConsumerGroup({&a, &b}, kListener).needs();
  for (const int layer : {1, 2, 3}) EXPECT_TRUE(needs.layer(layer)) << layer;
  EXPECT_FALSE(needs.layer(0));
  EXPECT_TRUE(needs.kind(AttentionKind::kSelf) && needs.kind(AttentionKind::kCross));
  EXPECT_FALSE(needs.kind(AttentionKind::kEncoder));
  EXPECT_EQ(needs.first_query, 2);
}

TEST(ConsumerGroup, AsksAMemberOnceWhatItNeeds) {
  Keeper keeper({});
  ConsumerGroup group({&keeper}, kListener);
  const int before = keeper.asked;
  feed(group, random_attention(2, 2, 7, 7, true), AttentionKind::kSelf, 2);
  EXPECT_EQ(keeper.asked, before);
}

TEST(ConsumerGroup, StopsAtTheNextBlockWhenTheListenerSaysSo) {
  class Stopping final : public Listener {
   public:
    bool cancelled() const override { return true; }
  };
  Keeper keeper({});
  const Stopping listener;
  ConsumerGroup group({&keeper}, listener);
  try {
    feed(group, random_attention(1, 2, 7, 7, true));
    ADD_FAILURE() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_TRUE(keeper.seen.empty());
}

}  // namespace
}  // namespace attnviz::aggregate
