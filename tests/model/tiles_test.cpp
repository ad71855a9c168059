// scaled_dot_product_attention in tiles: every combination of its arguments against loops in float64, and how
// blocks reach a sink.
#include <gtest/gtest.h>

#include "model/attention_ops.h"
#include "model/capture_session.h"
#include "model/operators.h"
#include "model/reference.h"
#include "model/tiled.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using zoo::common_parameters;
using zoo::fixed_numbers;
using zoo::KeepingSink;

constexpr double kHidden = -std::numeric_limits<double>::infinity();

// The sources of SDPA models: forward(input_ids), with `call` in the middle; heads are 2 of width 4.
zoo::Specimen sdpa_specimen(const std::string& call) {
  return zoo::build(R"(
def split(self, x: Tensor):
    return x.view([1, x.size(1), -1, 4]).transpose(1, 2)
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    n = x.size(1)
    q, k, v = self.split(torch.matmul(x, self.wq)), self.split(torch.matmul(x, self.wk)), self.split(torch.matmul(x, self.wv))
    gk, gv = self.split(torch.matmul(x, self.narrow_k)), self.split(torch.matmul(x, self.narrow_v))
    future = torch.ones([n, n], dtype=11).triu(1)
    y = )" + call + R"(
    return y.transpose(1, 2).reshape([1, y.size(2), 8])
)",
                    common_parameters());
}

struct SdpaCall {
  std::string name;
  std::string call;
  zoo::ReferenceOptions options;
  std::string keys = "wk";
  friend std::ostream& operator<<(std::ostream& out, const SdpaCall& one) { return out << one.name; }
};

const std::vector<SdpaCall>& calls() {
  const auto causal = [](std::int64_t, std::int64_t q, std::int64_t k) { return k > q ? kHidden : 0.0; };
  const auto slope = [](std::int64_t, std::int64_t q, std::int64_t k) {
    return -0.25 * static_cast<double>(q + k);
  };
  static const std::vector<SdpaCall> all = {
      {"Plain", "torch.scaled_dot_product_attention(q, k, v)", {}, "wk"},
      {"Causal", "torch.scaled_dot_product_attention(q, k, v, None, 0.0, True)", {2, 2, 0, causal}, "wk"},
      {"BoolMask",
       "torch.scaled_dot_product_attention(q, k, v, future.logical_not())",
       {2, 2, 0, causal},
       "wk"},
      {"AddedMask",
       "torch.scaled_dot_product_attention(q, k, v, torch.zeros([1, 1, n, n]).masked_fill(future, "
       "float(\"-inf\")))",
       {2, 2, 0, causal},
       "wk"},
      {"AddedMaskPerHead",
       "torch.scaled_dot_product_attention(q, k, v, -0.25 * (torch.arange(n).view([n, 1]) + torch.arange(n))"
       ".to(6).expand([1, 2, n, n]))",
       {2, 2, 0, slope},
       "wk"},
      {"Scale", "torch.scaled_dot_product_attention(q, k, v, scale=0.125)", {2, 2, 0.125, {}}, "wk"},
      {"Grouped",
       "torch.scaled_dot_product_attention(q, gk, gv, None, 0.0, True, enable_gqa=True)",
       {2, 1, 0, causal},
       "narrow_k"},
  };
  return all;
}

}  // namespace

class Sdpa : public testing::TestWithParam<SdpaCall> {};

TEST_P(Sdpa, GivesTheReference) {
  auto specimen = sdpa_specimen(GetParam().call);
  const ModelInputs inputs = zoo::some_inputs(9);
  KeepingSink sink;
  const auto sites = specimen.model->run(inputs, {}, sink);
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].capture, "sdpa");
  auto p = common_parameters();
  const at::Tensor x = zoo::reference_embedding(p["table"], inputs.ids);
  const at::Tensor expected = zoo::reference_weights(x, x, p["wq"], p[GetParam().keys], GetParam().options);
  EXPECT_LE((sink.layers[AttentionKind::kSelf][0] - expected).abs().max().item<double>(), 1e-5);
  const c10::IValue captured = specimen.torch_model().forward_captured(inputs, {}, sink);
  EXPECT_LE(zoo::difference(captured, specimen.torch_model().forward(inputs)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Arguments, Sdpa, testing::ValuesIn(calls()),
                         [](const auto& one) { return one.param.name; });

TEST(Tiles, OfLongTextsJoinToTheWholeAttention) {
  const at::Tensor q = fixed_numbers({3, 700, 8}, 1), k = fixed_numbers({3, 900, 8}, 2),
                   v = fixed_numbers({3, 900, 5}, 3);
  for (const bool causal : {false, true}) {
    at::Tensor scores = q.to(torch::kFloat64).bmm(k.to(torch::kFloat64).transpose(1, 2)) / std::sqrt(8.0);
    if (causal) scores = scores.masked_fill(torch::ones({700, 900}, torch::kBool).triu(1), kHidden);
    const at::Tensor expected = at::softmax(scores, -1);
    std::vector<at::Tensor> tiles;
    const at::Tensor output =
        attend_in_tiles({q, k, v, {}, causal, {}}, [&](std::int64_t first, const at::Tensor& weights) {
          EXPECT_EQ(weights.size(2), causal ? first + weights.size(1) : 900);
          tiles.push_back(at::constant_pad_nd(weights, {0, 900 - weights.size(2)}).clone());
        });
    ASSERT_GT(tiles.size(), 1U);
    EXPECT_LE((at::cat(tiles, 1) - expected).abs().max().item<double>(), 1e-6);
    EXPECT_LE((output - expected.bmm(v.to(torch::kFloat64))).abs().max().item<double>(), 1e-6);
  }
}

TEST(Tiles, OfRowsThatAMaskHidesAltogetherAreZero) {
  const at::Tensor q = fixed_numbers({1, 4, 8}, 1);
  at::Tensor mask = torch::ones({4, 4}, torch::kBool);
  mask[2].fill_(false);
  at::Tensor weights;
  const at::Tensor output = attend_in_tiles(
      {q, q, q, mask, false, {}}, [&](std::int64_t, const at::Tensor& tile) { weights = tile.clone(); });
  EXPECT_EQ(weights[0][2].abs().max().item<float>(), 0);
  EXPECT_EQ(output[0][2].abs().max().item<float>(), 0);
}

TEST(Tiles, AreNeverTheWholeLayer) {
  EXPECT_LE(tile_rows(12, 2048) * 12 * 2048 * 4, 8 << 20);
  EXPECT_GE(tile_rows(64, 100000), 16);
  EXPECT_LE(tile_rows(1, 1), 512);
}

TEST(Selection, OfRowsHeadsAndLayersReachesTheSink) {
  auto specimen = zoo::load("gpt-traced-1.13.pt");
  const ModelInputs inputs = zoo::some_inputs(9);
  KeepingSink all;
  specimen.model->run(inputs, {}, all);
  KeepingSink sink;
  sink.wanted = {.layers = {1}, .first_query = 5};
  const auto sites = specimen.model->run(inputs, {1}, sink);
  EXPECT_EQ(sites.size(), 2U);
  ASSERT_EQ(sink.numbers[AttentionKind::kSelf], std::vector<int>{1});
  EXPECT_EQ(sink.first_rows, std::vector<std::int64_t>{5});
  EXPECT_TRUE(sink.layers[AttentionKind::kSelf][0].equal(
      all.layers[AttentionKind::kSelf][1].narrow(0, 1, 1).narrow(1, 5, 4)));
}

TEST(Selection, OfKindsReachesTheSink) {
  auto specimen = zoo::load("t5-scripted-1.13.pt");
  KeepingSink sink;
  sink.wanted = {.kinds = {AttentionKind::kCross}};
  specimen.model->run(zoo::some_inputs(7, 5), {}, sink);
  EXPECT_EQ(sink.layers.size(), 1U);
  EXPECT_EQ(sink.layers[AttentionKind::kCross].size(), 1U);
}

TEST(Selection, OfAHeadThatIsNotThereIsAUsageError) {
  auto specimen = zoo::load("gpt-traced-1.13.pt");
  KeepingSink sink;
  try {
    specimen.model->run(zoo::some_inputs(9), {7}, sink);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "layer 0 has heads 0 to 1, not 7");
  }
}

TEST(Sinks, ThatThrowKeepTheirErrorThroughTheInterpreter) {
  class Full final : public AttentionConsumer {
    void on_block(const AttentionBlock&) override { throw Error(ErrorKind::kOutput, "the disk is full"); }
  } full;
  for (const char* name : {"gpt-traced-1.13.pt", "gpt-sdpa-traced-2.6.pt", "encoder-traced-1.13.pt"}) {
    auto specimen = zoo::load(name);
    try {
      specimen.model->run(zoo::some_inputs(5), {}, full);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kOutput);
      EXPECT_STREQ(error.what(), "the disk is full");
    }
  }
}

TEST(Compatibility, OperatorsComputeWhatTheirNamesSay) {
  register_operators();
  const auto run = [](const char* name, std::vector<c10::IValue> stack) {
    torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name)).at(0)->getOperation()(stack);
    return stack.back().toTensor();
  };
  const at::Tensor x = fixed_numbers({2, 3, 4}, 1), weight = fixed_numbers({4}, 2);
  const std::vector<std::int64_t> shape = {4};
  const at::Tensor expected = x / (x.square().mean(-1, true) + 1e-6).sqrt() * weight;
  EXPECT_LE((run("aten::rms_norm", {x, shape, weight, 1e-6}) - expected).abs().max().item<double>(), 1e-6);
  at::Tensor scores = fixed_numbers({2, 4}, 3);
  scores[1].fill_(-std::numeric_limits<float>::infinity());
  const at::Tensor safe = run("aten::_safe_softmax", {scores, -1, c10::IValue()});
  EXPECT_TRUE(safe[0].allclose(at::softmax(scores[0], -1)));
  EXPECT_EQ(safe[1].abs().max().item<float>(), 0);
}

TEST(Compatibility, TestsOverSeveralAxesFollowTheirAxes) {
  register_operators();
  const auto run = [](const char* overload, std::vector<c10::IValue> stack) {
    const char* name = std::string_view(overload) == "all" ? "aten::all" : "aten::any";
    for (const auto& one : torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name))) {
      if (one->schema().overload_name() == "dims") one->getOperation()(stack);
    }
    return stack.back().toTensor();
  };
  at::Tensor x = torch::ones({2, 3, 2}, torch::kBool);
  x[0][1][0] = false;
  const std::vector<std::int64_t> axes = {0, -1};
  EXPECT_TRUE(run("all", {x, axes, false}).equal(torch::tensor({true, false, true})));
  EXPECT_EQ(run("all", {x, axes, true}).sizes(), (std::vector<std::int64_t>{1, 3, 1}));
  EXPECT_TRUE(run("any", {x.logical_not(), axes, false}).equal(torch::tensor({false, true, false})));
  EXPECT_FALSE(run("all", {x, c10::IValue(), false}).item<bool>());
}

TEST(Compatibility, OperatorsAreRegisteredOnceAndOnlyWhereTheyAreMissing) {
  register_operators();
  register_operators();
  for (const std::string& name : compatibility_operators()) {
    const std::string plain = name.substr(0, name.find('.'));
    std::map<std::string, int> overloads;
    for (const auto& one : torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(plain))) {
      ++overloads[one->schema().overload_name()];
    }
    EXPECT_EQ(overloads[plain == name ? "" : name.substr(plain.size() + 1)], 1) << name;
  }
}

}  // namespace attnviz::model
