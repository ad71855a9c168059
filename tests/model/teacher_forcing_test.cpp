// One captured pass over a text and its answer shows what a captured pass of every step would show.
#include <gtest/gtest.h>

#include "model/zoo.h"

namespace attnviz::model {

namespace {

constexpr double kTolerance = 1e-6;

using Layers = std::map<AttentionKind, std::vector<at::Tensor>>;

Layers captured(zoo::Specimen& specimen, const ModelInputs& inputs) {
  zoo::KeepingSink sink;
  specimen.model->run(inputs, {}, sink);
  return sink.layers;
}

// Row `row` of `whole` against the last row of `step`; keys that the step does not have yet weigh nothing.
void expect_same_row(const at::Tensor& whole, const at::Tensor& step, std::int64_t row) {
  const std::int64_t keys = step.size(2);
  const at::Tensor seen = whole.select(1, row);
  EXPECT_LE((seen.narrow(1, 0, keys) - step.select(1, step.size(1) - 1)).abs().max().item<double>(),
            kTolerance);
  EXPECT_LE(seen.narrow(1, keys, seen.size(1) - keys).abs().sum().item<double>(), kTolerance);
}

ModelInputs first_of(const ModelInputs& all, std::size_t length) {
  ModelInputs inputs = all;
  auto& growing = inputs.target_ids.empty() ? inputs.ids : inputs.target_ids;
  growing.resize(length);
  return inputs;
}

}  // namespace

class TeacherForcing : public testing::TestWithParam<const char*> {};

TEST_P(TeacherForcing, OfACausalModelIsItsSteps) {
  auto specimen = zoo::load(GetParam());
  const ModelInputs all = zoo::some_inputs(11);
  Layers whole = captured(specimen, all);
  for (std::size_t length = 4; length <= 11; ++length) {
    const Layers step = captured(specimen, first_of(all, length));
    const auto& layers = step.at(AttentionKind::kSelf);
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      expect_same_row(whole[AttentionKind::kSelf][layer], layers[layer], static_cast<int>(length) - 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, TeacherForcing,
                         testing::Values("gpt-traced-1.13.pt", "gpt-scripted-1.13.pt",
                                         "gpt-sdpa-scripted-2.6.pt", "llama-traced-1.13.pt",
                                         "llama-traced-2.6.pt"));

class TeacherForcingOfPairs : public testing::TestWithParam<const char*> {};

TEST_P(TeacherForcingOfPairs, IsTheirStepsInDecoderAndCross) {
  auto specimen = zoo::load(GetParam());
  const ModelInputs all = zoo::some_inputs(6, 9);
  Layers whole = captured(specimen, all);
  for (std::size_t length = 2; length <= 9; ++length) {
    const Layers step = captured(specimen, first_of(all, length));
    for (const AttentionKind kind : {AttentionKind::kDecoder, AttentionKind::kCross}) {
      const auto& layers = step.at(kind);
      ASSERT_EQ(layers.size(), whole[kind].size());
      for (std::size_t layer = 0; layer < layers.size(); ++layer) {
        expect_same_row(whole[kind][layer], layers[layer], static_cast<int>(length) - 1);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, TeacherForcingOfPairs,
                         testing::Values("t5-scripted-1.13.pt", "transformer-traced-1.13.pt",
                                         "transformer-scripted-2.6.pt"));

}  // namespace attnviz::model
