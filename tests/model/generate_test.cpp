// Greedy decoding, against a loop over the model as torch runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::HasSubstr;
using zoo::KeepingListener;
using zoo::sentence_of;

// The ids and probabilities that repeated calls of the module give.
Generation reference(torch::jit::Module& module, ModelInputs inputs, int limit) {
  const torch::NoGradGuard no_gradients;
  Generation generation;
  std::vector<std::int64_t>& growing = inputs.target_ids.empty() ? inputs.ids : inputs.target_ids;
  for (int i = 0; i < limit; ++i) {
    std::vector<c10::IValue> arguments = {torch::tensor(inputs.ids).unsqueeze(0)};
    if (!inputs.target_ids.empty()) arguments.emplace_back(torch::tensor(inputs.target_ids).unsqueeze(0));
    const at::Tensor last = at::softmax(module.forward(arguments).toTensor()[0][-1], -1);
    growing.push_back(last.argmax().item<std::int64_t>());
    generation.ids.push_back(growing.back());
    generation.probabilities.push_back(last.max().item<double>());
  }
  return generation;
}

// The next id is the last one plus one, of 16.
const char* const kCounting = R"(
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    n = x.size(1)
    s = torch.matmul(x, x.transpose(1, 2)).masked_fill(torch.ones([n, n], dtype=11).triu(1), -1e9)
    y = 0.0 * torch.matmul(torch.softmax(s, -1), x).sum(-1, keepdim=True)
    return y + 9.0 * torch.one_hot((input_ids + 1) % 16, 16).to(6)
)";

}  // namespace

TEST(Generate, IsTheGreedyLoop) {
  auto gpt = zoo::load("gpt-scripted-1.13.pt");
  KeepingListener listener;
  const ModelInputs inputs = zoo::some_inputs(5);
  const Generation found = gpt.model->generate(inputs, 6, listener);
  const Generation expected = reference(gpt.module, inputs, 6);
  EXPECT_EQ(found.ids, expected.ids);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(found.probabilities[i], expected.probabilities[i], 1e-6);
  EXPECT_FALSE(found.ended);
  EXPECT_EQ(listener.progress_done, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Generate, OfAnEncoderDecoderGrowsTheTarget) {
  auto t5 = zoo::load("t5-scripted-1.13.pt");
  KeepingListener listener;
  const ModelInputs inputs = zoo::some_inputs(5, 1);
  EXPECT_EQ(t5.model->generate(inputs, 4, listener).ids, reference(t5.module, inputs, 4).ids);
  EXPECT_THAT(sentence_of([&] { t5.model->generate(zoo::some_inputs(5), 4, listener); }),
              HasSubstr("needs a first token; give \"decoder_start\" in attnviz.json"));
}

TEST(Generate, StopsAtTheEndWithoutWritingIt) {
  auto counting = zoo::build(kCounting, zoo::common_parameters(), R"({"eos": [8, 7]})");
  KeepingListener listener;
  const Generation generation = counting.model->generate({{3, 4}, {}, {}}, 10, listener);
  EXPECT_EQ(generation.ids, (std::vector<std::int64_t>{5, 6}));
  EXPECT_TRUE(generation.ended);
}

TEST(Generate, StopsAtTheLastPositionOfTheModel) {
  auto gpt = zoo::load("gpt-traced-1.13.pt");  // 24 positions
  KeepingListener listener;
  const Generation generation = gpt.model->generate(zoo::some_inputs(22), 5, listener);
  EXPECT_EQ(generation.ids.size(), 2U);
  EXPECT_TRUE(generation.positions_used_up);
  EXPECT_FALSE(gpt.model->generate(zoo::some_inputs(20), 3, listener).positions_used_up);
  EXPECT_THAT(sentence_of([&] { gpt.model->generate(zoo::some_inputs(25), 5, listener); }),
              HasSubstr("the text has 25 tokens, but the model takes at most 24"));
}

TEST(Generate, StopsWhenItIsCancelled) {
  auto counting = zoo::build(kCounting, zoo::common_parameters());
  KeepingListener listener;
  listener.polls_before_cancel = 3;
  try {
    counting.model->generate({{1}, {}, {}}, 10, listener);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_EQ(listener.progress_done.size(), 3U);
}

TEST(Generate, SaysWhenThereIsNothingToGenerateWith) {
  KeepingListener listener;
  auto encoder = zoo::load("encoder-traced-1.13.pt");
  EXPECT_THAT(sentence_of([&] { encoder.model->generate(zoo::some_inputs(5), 2, listener); }),
              HasSubstr("is an encoder and generates nothing"));
}

TEST(Generate, TakesTheLogitsFromWhereTheConfigSays) {
  const std::string source = std::string(kCounting) + "";
  const std::string pair =
      source.substr(0, source.rfind("return")) +
      "return y.expand([1, n, 16]), {\"scores\": 9.0 * torch.one_hot((input_ids + 1) % 16, 16)"
      ".to(6)}\n";
  auto counting =
      zoo::build(pair, zoo::common_parameters(), R"({"task": "causal-lm", "logits": "1.scores"})");
  KeepingListener listener;
  EXPECT_EQ(counting.model->generate({{3}, {}, {}}, 2, listener).ids, (std::vector<std::int64_t>{4, 5}));
  auto missing = zoo::build(pair, zoo::common_parameters(), R"({"task": "causal-lm", "logits": "scores"})");
  EXPECT_THAT(sentence_of([&] {
                missing.model->generate({{3}, {}, {}}, 2, listener);
              }),
              HasSubstr("there are no logits [1, 1, vocabulary] at \"scores\""));
}

TEST(Generate, SaysWhetherTheModelCouldHaveEnded) {
  KeepingListener listener;
  auto endless = zoo::build(kCounting, zoo::common_parameters());
  EXPECT_TRUE(endless.model->generate(zoo::some_inputs(3), 2, listener).no_end_known);
  auto ending = zoo::build(kCounting, zoo::common_parameters(), R"({"eos": 15})");
  EXPECT_FALSE(ending.model->generate(zoo::some_inputs(3), 2, listener).no_end_known);
}

}  // namespace attnviz::model
