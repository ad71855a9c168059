// Padding that nn.TransformerEncoder drops on its fast path, with nested tensors, is in the maps all the
// same. (That the numbers are right: archives_test.cpp, with the truth of encoder-padded-with-padding.)
#include <gtest/gtest.h>

#include "model/zoo.h"

namespace attnviz::model {

namespace {

ModelInputs padded_inputs(std::int64_t padding) {
  ModelInputs inputs;
  inputs.ids = {3, 7, 1, 12, 5, 9, 2};
  inputs.ids.insert(inputs.ids.end(), static_cast<std::size_t>(padding), 0);
  return inputs;
}

}  // namespace

class Padding : public testing::TestWithParam<const char*> {};

TEST_P(Padding, HasRowsAndIsLookedAtByNobody) {
  auto specimen = zoo::load(GetParam());
  zoo::KeepingSink bare, padded;
  specimen.model->run(padded_inputs(0), {}, bare);
  const auto sites = specimen.model->run(padded_inputs(3), {}, padded);
  ASSERT_EQ(sites.size(), 2U);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const at::Tensor& weights = padded.layers[AttentionKind::kSelf].at(layer);
    ASSERT_EQ(weights.sizes(), (std::vector<std::int64_t>{2, 10, 10}));
    const at::Tensor text = weights.narrow(1, 0, 7).narrow(2, 0, 7);
    EXPECT_LE((text - bare.layers[AttentionKind::kSelf].at(layer)).abs().max().item<double>(), 1e-6);
    EXPECT_EQ(weights.narrow(2, 7, 3).abs().max().item<double>(), 0);
    EXPECT_LE((weights.sum(-1) - 1).abs().max().item<double>(), 1e-5);
  }
}

TEST_P(Padding, ItsLastRowCanBeAskedForAlone) {
  auto specimen = zoo::load(GetParam());
  zoo::KeepingSink all, last;
  last.wanted.first_query = 9;
  last.wanted.layers = {1};
  specimen.model->run(padded_inputs(3), {}, all);
  specimen.model->run(padded_inputs(3), {}, last);
  ASSERT_EQ(last.layers[AttentionKind::kSelf].size(), 1U);
  EXPECT_TRUE(
      last.layers[AttentionKind::kSelf][0].equal(all.layers[AttentionKind::kSelf][1].narrow(1, 9, 1)));
}

TEST_P(Padding, OfOneRunIsForgottenInTheNext) {
  auto specimen = zoo::load(GetParam());
  zoo::KeepingSink first, padded, again;
  specimen.model->run(padded_inputs(0), {}, first);
  specimen.model->run(padded_inputs(2), {}, padded);
  specimen.model->run(padded_inputs(0), {}, again);
  EXPECT_TRUE(again.layers[AttentionKind::kSelf][1].equal(first.layers[AttentionKind::kSelf][1]));
}

INSTANTIATE_TEST_SUITE_P(Zoo, Padding, testing::Values("encoder-padded-1.13.pt", "encoder-padded-2.6.pt"),
                         [](const auto& one) {
                           return std::string(one.param).find("1.13") < 99 ? "V1" : "V2";
                         });

}  // namespace attnviz::model
