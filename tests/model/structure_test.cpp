// Control flow, kinds of attention, grouped heads, and what is no attention at all.
#include <gtest/gtest.h>

#include <cmath>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using zoo::build;
using zoo::common_parameters;
using zoo::KeepingSink;
using zoo::sentence_of;

constexpr double kTolerance = 1e-5;

zoo::Specimen specimen_of(const std::string& forward, const std::string& config = {}) {
  return build(zoo::attending_methods() + forward, common_parameters(), config);
}

double gap(const at::Tensor& found, const at::Tensor& expected) {
  if (found.sizes() != expected.sizes()) return INFINITY;
  return (found - expected).abs().max().item<double>();
}

// attend() in float64: its weights, and x replaced by its output.
at::Tensor reference_attend(at::Tensor& x, const at::Tensor& z) {
  auto p = common_parameters();
  const at::Tensor weights = zoo::reference_weights(x, z, p["wq"], p["wk"]);
  const at::Tensor mixed = zoo::reference_mix(weights, z.mm(p["wv"].to(torch::kFloat64)));
  x = x + mixed.mm(p["wo"].to(torch::kFloat64));
  return weights;
}

at::Tensor embedded(const std::vector<std::int64_t>& ids) {
  return zoo::reference_embedding(common_parameters()["table"], ids);
}

void expect_layers(zoo::Specimen& specimen, int layers) {
  const ModelInputs inputs = zoo::some_inputs(7);
  KeepingSink sink;
  ASSERT_EQ(specimen.model->run(inputs, {}, sink).size(), static_cast<std::size_t>(layers));
  at::Tensor x = embedded(inputs.ids);
  for (const at::Tensor& weights : sink.layers[AttentionKind::kSelf]) {
    const at::Tensor before = x;
    EXPECT_LE(gap(weights, reference_attend(x, before)), kTolerance);
  }
  KeepingSink again;
  const c10::IValue captured = specimen.torch_model().forward_captured(inputs, {}, again);
  EXPECT_EQ(zoo::difference(captured, specimen.torch_model().forward(inputs)), 0);
}

std::string refusal_of(const std::string& forward) {
  auto specimen = specimen_of(forward);
  return sentence_of([&] { specimen.model->info(); });
}

}  // namespace

TEST(ControlFlow, ALoopOverSharedLayersIsOneLayerEachTime) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    for i in range(3):
        x = self.attend(x, x)
    return x
)");
  expect_layers(specimen, 3);
}

TEST(ControlFlow, ALoopThatKeepsItsStatesInAListIsFollowed) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    states = [self.embed(input_ids)]
    for i in range(2):
        states.append(self.attend(states[-1], states[-1]))
    return states[-1]
)");
  expect_layers(specimen, 2);
}

TEST(ControlFlow, OnlyTheBranchThatRunsIsALayer) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    if x.size(1) > 100:
        x = self.attend(x * 2.0, x)
    else:
        x = self.attend(x, x)
    if self.training:
        x = self.attend(x, x)
    return self.attend(x, x)
)");
  expect_layers(specimen, 2);
}

TEST(ControlFlow, TheSameModuleTwiceIsTwoLayers) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    x = self.attend(x, x)
    return self.attend(x, x)
)");
  expect_layers(specimen, 2);
}

TEST(Kinds, EncoderDecoderAndCrossAreToldApartByTheFlowOfData) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor, decoder_input_ids: Tensor):
    memory = self.embed(input_ids)
    memory = self.attend(memory, memory)
    y = self.embed(decoder_input_ids)
    y = self.attend(y, y)
    y = self.attend(y, memory)
    y = self.attend(y, y)
    return torch.matmul(self.attend(y, memory), self.table.t())
)");
  ModelInputs inputs = zoo::some_inputs(6, 6);
  KeepingSink sink;
  const auto sites = specimen.model->run(inputs, {}, sink);
  ASSERT_EQ(sites.size(), 5U);
  const std::vector<AttentionKind> kinds = {AttentionKind::kEncoder, AttentionKind::kDecoder,
                                            AttentionKind::kCross, AttentionKind::kDecoder,
                                            AttentionKind::kCross};
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(sites[i].kind, kinds[i]) << "site " << i;
  at::Tensor memory = embedded(inputs.ids);
  at::Tensor before = memory;
  EXPECT_LE(gap(sink.layers[AttentionKind::kEncoder][0], reference_attend(memory, before)), kTolerance);
  at::Tensor y = embedded(inputs.target_ids);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    before = y;
    EXPECT_LE(gap(sink.layers[AttentionKind::kDecoder][layer], reference_attend(y, before)), kTolerance);
    EXPECT_LE(gap(sink.layers[AttentionKind::kCross][layer], reference_attend(y, memory)), kTolerance);
  }
  EXPECT_EQ(specimen.model->info().task, Task::kSeq2Seq);
}

TEST(Kinds, LengthsCorrectAFlowThatMixesBothSides) {
  auto specimen = specimen_of(R"(
def forward(self, src: Tensor, tgt: Tensor):
    pair: List[Tensor] = []
    for ids in [src, tgt]:
        pair.append(self.embed(ids))
    y = self.attend(pair[1], pair[1])
    return self.attend(y, pair[0])
)");
  KeepingSink sink;
  const auto sites = specimen.model->run(zoo::some_inputs(5, 5), {}, sink);
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_EQ(sites[0].kind, AttentionKind::kDecoder);
  EXPECT_EQ(sites[1].kind, AttentionKind::kCross);
}

TEST(Heads, GroupedQueriesAreReportedByQueryHead) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    q = self.split(torch.matmul(x, self.wq), 2)
    k = self.split(torch.matmul(x, self.narrow_k), 1).repeat_interleave(2, 1)
    v = self.split(torch.matmul(x, self.narrow_v), 1).expand([1, 2, x.size(1), 4])
    return self.merge(torch.matmul(torch.softmax(torch.matmul(q, k.transpose(2, 3)) / 2.0, -1), v))
)");
  const ModelInputs inputs = zoo::some_inputs(8);
  KeepingSink sink;
  EXPECT_EQ(specimen.model->run(inputs, {}, sink).at(0).heads, 2);
  auto p = common_parameters();
  zoo::ReferenceOptions options;
  options.key_heads = 1;
  const at::Tensor x = embedded(inputs.ids);
  EXPECT_LE(gap(sink.layers[AttentionKind::kSelf][0],
                zoo::reference_weights(x, x, p["wq"], p["narrow_k"], options)),
            kTolerance);
}

TEST(Heads, FoldedIntoTheQueriesAreUnfolded) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    n = x.size(1)
    q = torch.matmul(x, self.wq).view([1, n * 2, 4])
    k = torch.matmul(x, self.narrow_k)
    v = torch.matmul(x, self.narrow_v)
    s = torch.baddbmm(torch.zeros([1, n * 2, n]), q, k.transpose(1, 2), beta=0, alpha=0.5).view([1, n, 2, n])
    w = torch.softmax(s, -1).view([1, n * 2, n])
    return torch.bmm(w, v).view([1, n, 8])
)");
  const ModelInputs inputs = zoo::some_inputs(8);
  KeepingSink sink;
  EXPECT_EQ(specimen.model->run(inputs, {}, sink).at(0).heads, 2);
  auto p = common_parameters();
  zoo::ReferenceOptions options;
  options.key_heads = 1;
  const at::Tensor x = embedded(inputs.ids);
  EXPECT_LE(gap(sink.layers[AttentionKind::kSelf][0],
                zoo::reference_weights(x, x, p["wq"], p["narrow_k"], options)),
            kTolerance);
}

TEST(Heads, OfOneSharedValueInAnEinsumAreToldFromQueriesByTheLengths) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    q = self.split(torch.matmul(x, self.wq), 2)
    w = torch.softmax(torch.einsum("bhqd,bkd->bqhk", [q, torch.matmul(x, self.narrow_k)]) / 2.0, -1)
    return torch.einsum("bqhk,bkd->bqhd", [w, torch.matmul(x, self.narrow_v)]).flatten(2)
)");
  KeepingSink sink;
  EXPECT_EQ(specimen.model->run(zoo::some_inputs(8), {}, sink).at(0).heads, 2);
  EXPECT_EQ(sink.layers[AttentionKind::kSelf][0].sizes(), (std::vector<std::int64_t>{2, 8, 8}));
}

// Attention that no known form makes (here: a normalised exponential), but that the model returns.
class Returned : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Returned, IsFoundWhereverItIs) {
  auto specimen = specimen_of(R"(
def weights(self, x: Tensor):
    q = self.split(torch.matmul(x, self.wq), 2)
    k = self.split(torch.matmul(x, self.wk), 2)
    e = torch.exp(torch.matmul(q, k.transpose(-2, -1)) / 2.0)
    return e / e.sum(-1, keepdim=True)
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    w = self.weights(x)
    u = self.weights(x * 2.0)
)" + GetParam().second);
  const ModelInputs inputs = zoo::some_inputs(7);
  KeepingSink sink;
  const auto sites = specimen.model->run(inputs, {}, sink);
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_EQ(sites[0].capture, "returned");
  auto p = common_parameters();
  const at::Tensor x = embedded(inputs.ids);
  EXPECT_LE(gap(sink.layers[AttentionKind::kSelf][0], zoo::reference_weights(x, x, p["wq"], p["wk"])),
            kTolerance);
  EXPECT_LE(gap(sink.layers[AttentionKind::kSelf][1], zoo::reference_weights(x * 2, x * 2, p["wq"], p["wk"])),
            kTolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Outputs, Returned,
    testing::Values(std::pair("Tuple", "    return x, w, u"),
                    std::pair("NestedTuple", "    return x, (w, u)"),
                    std::pair("List", "    return x, [w, u]"),
                    std::pair("Dict", "    return {\"hidden\": x, \"first\": w, \"second\": u}"),
                    std::pair("Stack", "    return x, torch.stack([w, u])"),
                    std::pair("StackBehindTheBatch", "    return x, torch.stack([w, u], 1)")),
    [](const auto& one) { return one.param.first; });

TEST(Returned, IsNotCountedAgainWhenItsSoftmaxIsSeen) {
  auto specimen = specimen_of(R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    q = self.split(torch.matmul(x, self.wq), 2)
    w = torch.softmax(torch.matmul(q, q.transpose(-2, -1)), -1)
    return self.merge(torch.matmul(w, q)), w
)");
  KeepingSink sink;
  const auto sites = specimen.model->run(zoo::some_inputs(7), {}, sink);
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].capture, "softmax");
}

class Decoys : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Decoys, AreNoAttention) {
  const std::string sentence = refusal_of(
      "\ndef forward(self, input_ids: Tensor):\n    x = self.embed(input_ids)\n" + GetParam().second);
  EXPECT_NE(sentence.find("no attention was found in 'model.pt'"), std::string::npos) << sentence;
}

TEST_P(Decoys, BesideAttentionAreNotTaken) {
  auto specimen = specimen_of(
      "\ndef forward(self, input_ids: Tensor):\n    x = self.embed(input_ids)\n    x = self.attend(x, x)\n" +
      GetParam().second);
  KeepingSink sink;
  EXPECT_EQ(specimen.model->run(zoo::some_inputs(7), {}, sink).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Softmaxes, Decoys,
    testing::Values(
        std::pair("Vocabulary", "    return torch.softmax(torch.matmul(x, self.table.t()), -1)"),
        std::pair("Classes", "    return torch.softmax(torch.matmul(x[:, 0], self.wq), -1)"),
        std::pair("SoftEmbedding",
                  "    return torch.matmul(torch.softmax(torch.matmul(x, self.table.t()), -1), self.table)"),
        std::pair("ExpertRouter",
                  "    g = torch.softmax(torch.matmul(x, self.narrow_k), -1)\n"
                  "    experts = torch.stack([x, x * 2.0, x * 3.0, x * 4.0], 2)\n"
                  "    return torch.matmul(g.unsqueeze(2), experts).squeeze(2)"),
        std::pair("ExpertRouterByEinsum",
                  "    g = torch.softmax(torch.matmul(x, self.narrow_k), -1)\n"
                  "    experts = torch.stack([x, x * 2.0, x * 3.0, x * 4.0], 2)\n"
                  "    return torch.einsum(\"bte,bted->btd\", [g, experts])"),
        std::pair("PoolingByLearnedScores",
                  "    s = torch.softmax(torch.matmul(x, self.wq[:, :1]), 1)\n"
                  "    return torch.matmul(s.transpose(1, 2), x)"),
        std::pair("PoolingByALearnedQuery",
                  "    s = torch.softmax(torch.matmul(self.wq[:1].unsqueeze(0), x.transpose(1, 2)), -1)\n"
                  "    return torch.matmul(s, x)"),
        std::pair("PoolingByTheMean",
                  "    s = torch.softmax(torch.matmul(x.mean(1, keepdim=True), x.transpose(1, 2)), -1)\n"
                  "    return torch.matmul(s, x)"),
        std::pair("Gate", "    return x * torch.softmax(torch.matmul(x, self.wq), -1)"),
        std::pair("LinearAttention",
                  "    q = torch.softmax(torch.matmul(x, self.wq), -1)\n"
                  "    k = torch.softmax(torch.matmul(x, self.wk), 1)\n"
                  "    return torch.matmul(q, torch.matmul(k.transpose(1, 2), torch.matmul(x, self.wv)))")),
    [](const auto& one) { return one.param.first; });

}  // namespace attnviz::model
