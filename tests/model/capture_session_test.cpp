// What of an attention that fires reaches the consumer: rows, heads, layers and kinds, without a model.
#include "model/capture_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::KeepingSink;
using zoo::sentence_of;

at::Tensor weights(const std::vector<std::int64_t>& shape) {
  return zoo::fixed_numbers(shape, 5).softmax(-1);
}

// Runs with sites of the kinds given, over 6 tokens and 4 of the target.
class Session : public testing::Test {
 protected:
  CaptureSession& begin(const std::vector<AttentionKind>& kinds, const std::vector<int>& heads = {}) {
    sites_.clear();
    for (const AttentionKind kind : kinds) {
      Site site;
      site.kind = kind;
      site.capture = "softmax";
      sites_.push_back(site);
    }
    session_ = c10::make_intrusive<CaptureSession>(sites_, ignored_, heads, lengths_, sink_);
    return *session_;
  }

  Lengths lengths_{6, 4};
  std::set<std::size_t> ignored_;
  std::vector<Site> sites_;
  KeepingSink sink_;
  c10::intrusive_ptr<CaptureSession> session_;
};

}  // namespace

TEST_F(Session, CountsTheLayersOfEachKindByItself) {
  using enum AttentionKind;
  CaptureSession& session = begin({kEncoder, kDecoder, kCross});
  for (const std::size_t site : {0U, 0U, 1U, 2U, 1U, 2U}) {
    const std::int64_t queries = site == 0 ? 6 : 4, keys = site == 1 ? 4 : 6;
    session.written_out(site, weights({1, 2, queries, keys}));
  }
  EXPECT_THAT(sink_.numbers[kEncoder], ElementsAre(0, 1));
  EXPECT_THAT(sink_.numbers[kDecoder], ElementsAre(0, 1));
  EXPECT_THAT(sink_.numbers[kCross], ElementsAre(0, 1));
  EXPECT_EQ(session.fired().size(), 6U);
  EXPECT_EQ(session.fired()[4].layer, 1);
}

TEST_F(Session, HandsOnTheRowsThatAreNeededAndNoOthers) {
  sink_.wanted = {.layers = {1}, .first_query = 3};
  CaptureSession& session = begin({AttentionKind::kEncoder});
  const at::Tensor first = weights({2, 6, 6}), second = weights({2, 6, 6}) * 1;
  session.written_out(0, first.unsqueeze(0));
  session.written_out(0, second.unsqueeze(0));
  ASSERT_EQ(sink_.layers[AttentionKind::kEncoder].size(), 1U);
  EXPECT_TRUE(sink_.layers[AttentionKind::kEncoder][0].equal(second.narrow(1, 3, 3)));
  EXPECT_THAT(sink_.numbers[AttentionKind::kEncoder], ElementsAre(1));
  EXPECT_EQ(session.fired().size(), 2U) << "what is not needed fires all the same";
}

TEST_F(Session, NeedsNoRowsWhereAllComeBeforeTheFirstThatIsNeeded) {
  sink_.wanted = {.first_query = 9};
  CaptureSession& session = begin({AttentionKind::kEncoder});
  EXPECT_FALSE(session.begin(0, 2, 6, 6).wanted);
  sink_.wanted = {.kinds = {AttentionKind::kCross}};
  EXPECT_FALSE(begin({AttentionKind::kEncoder}).begin(0, 2, 6, 6).wanted);
}

TEST_F(Session, HandsOnTheHeadsThatAreChosenInTheirOrder) {
  CaptureSession& session = begin({AttentionKind::kEncoder}, {2, 0});
  const at::Tensor all = weights({3, 6, 6});
  session.written_out(0, all.unsqueeze(0));
  const at::Tensor seen = sink_.layers[AttentionKind::kEncoder].at(0);
  ASSERT_EQ(seen.size(0), 2);
  EXPECT_TRUE(seen[0].equal(all[2]));
  EXPECT_TRUE(seen[1].equal(all[0]));
  EXPECT_EQ(session.fired()[0].heads, 3) << "of the model";
  CaptureSession& other = begin({AttentionKind::kEncoder}, {3});
  EXPECT_THAT(sentence_of([&] { other.written_out(0, all.unsqueeze(0)); }),
              HasSubstr("layer 0 has heads 0 to 2, not 3"));
}

TEST_F(Session, TurnsAxesAsTheSiteSays) {
  CaptureSession& session = begin({AttentionKind::kCross});
  sites_[0].query_axes = {-1};
  sites_[0].key_axis = -2;
  const at::Tensor all = weights({2, 4, 6});
  session.written_out(0, all.transpose(1, 2).unsqueeze(0));
  EXPECT_TRUE(sink_.layers[AttentionKind::kCross].at(0).equal(all));
}

TEST_F(Session, TellsTheAxisOfQueriesByTheirLength) {
  CaptureSession& session = begin({AttentionKind::kCross});
  sites_[0].query_axes = {-3, -2};
  const at::Tensor all = weights({2, 4, 6});
  session.written_out(0, all.transpose(0, 1).unsqueeze(0));
  EXPECT_TRUE(sink_.layers[AttentionKind::kCross].at(0).equal(all)) << "[1, queries, heads, keys]";
}

TEST_F(Session, UnfoldsHeadsThatLieAmongTheQueries) {
  CaptureSession& session = begin({AttentionKind::kEncoder});
  const at::Tensor all = weights({2, 6, 6});
  session.written_out(0, all.transpose(0, 1).reshape({1, 12, 6}));
  EXPECT_TRUE(sink_.layers[AttentionKind::kEncoder].at(0).equal(all));
}

TEST_F(Session, TakesASingleQueryOverManyKeysForPooling) {
  CaptureSession& session = begin({AttentionKind::kEncoder});
  session.written_out(0, weights({1, 2, 1, 6}));
  EXPECT_TRUE(sink_.layers.empty());
  EXPECT_TRUE(session.fired().empty());
  EXPECT_THAT(session.pooled(), ElementsAre(0U));
  ignored_ = {0};
  EXPECT_TRUE(begin({AttentionKind::kEncoder}).fired().empty());
  session_->written_out(0, weights({1, 2, 6, 6}));
  EXPECT_TRUE(session_->fired().empty()) << "a later run leaves the site alone";
}

TEST_F(Session, SaysWhichKindTheLengthsAreOfWhereTheyDiffer) {
  using enum AttentionKind;
  sink_.wanted = {.kinds = {kDecoder}};  // none of these
  CaptureSession& session = begin({kEncoder, kEncoder});
  session.written_out(0, weights({1, 2, 4, 6}));
  session.written_out(1, weights({1, 2, 6, 6}));
  EXPECT_EQ(session.kinds_by_length(), (std::map<std::size_t, AttentionKind>{{0, kCross}, {1, kEncoder}}));
  lengths_ = {6, 6};
  begin({kEncoder}).written_out(0, weights({1, 2, 6, 6}));
  EXPECT_TRUE(session_->kinds_by_length().empty()) << "equal lengths tell nothing";
}

TEST_F(Session, KeepsWhatGuardedWorkThrew) {
  CaptureSession& session = begin({AttentionKind::kEncoder});
  EXPECT_EQ(session.guard([] { return 7; }), 7);
  EXPECT_EQ(session.failure(), nullptr);
  EXPECT_THROW(session.guard([]() -> int { throw Error(ErrorKind::kUsage, "no"); }), Error);
  EXPECT_THROW(std::rethrow_exception(session.failure()), Error) << "its type is not lost";
}

TEST(PairedKind, IsTheOneThatHasBothLengths) {
  using enum AttentionKind;
  EXPECT_EQ(paired_kind(4, 4, {6, 4}), kDecoder);
  EXPECT_EQ(paired_kind(4, 6, {6, 4}), kCross);
  EXPECT_EQ(paired_kind(6, 6, {6, 4}), kEncoder);
  EXPECT_EQ(paired_kind(6, 4, {6, 4}), std::nullopt);
  EXPECT_EQ(paired_kind(6, 6, {6, 6}), kDecoder) << "the first of equals";
}

TEST(TileRows, FitTheCacheInMultiplesOfSixteen) {
  for (const auto& [heads, keys] : {std::pair{12, 128}, {12, 4096}, {32, 100000}, {1, 1}}) {
    const std::int64_t rows = tile_rows(heads, keys);
    EXPECT_EQ(rows % 16, 0);
    EXPECT_TRUE(rows >= 16 && rows <= 512) << rows;
    EXPECT_TRUE(rows == 16 || rows * heads * keys <= std::int64_t{2} << 20) << rows;
  }
}

}  // namespace attnviz::model
