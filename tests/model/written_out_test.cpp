// Written-out attention in the ways that models write it. Every source computes the same attention with the
// same parameters, so that one reference by loops is the truth for all.
#include <gtest/gtest.h>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using zoo::build;
using zoo::common_parameters;
using zoo::KeepingSink;

struct Form {
  std::string name;
  std::string body;  ///< From q, k, v [1, 2, T, 4] to y [1, 2, T, 4].
  bool causal = false;
  friend std::ostream& operator<<(std::ostream& out, const Form& one) { return out << one.name; }
};

// Indented by the caller.
std::string source_of(const std::string& body) {
  std::string source = R"(
def split(self, x: Tensor):
    return x.view([1, x.size(1), 2, 4]).transpose(1, 2)
def project(self, x: Tensor, w: Tensor):
    return self.split(torch.matmul(x, w))
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    n = x.size(1)
    q, k, v = self.project(x, self.wq), self.project(x, self.wk), self.project(x, self.wv)
    future = torch.ones([n, n], dtype=11).triu(1)
)";
  return source + body + R"(
    y = y.transpose(1, 2).reshape([1, n, 8])
    return torch.matmul(torch.matmul(y, self.wo) + x, self.table.t())
)";
}

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"Plain", "    y = torch.matmul(torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1), v)"},
      {"OperatorMatmul", "    y = torch.softmax((q * 0.5) @ k.transpose(2, 3), 3) @ v"},
      {"MaskedFill",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    y = torch.matmul(torch.softmax(s.masked_fill(future, float(\"-inf\")), -1), v)",
       true},
      {"MaskedFillInPlace",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    s.masked_fill_(future, float(\"-inf\"))\n"
       "    y = torch.matmul(torch.softmax(s, -1), v)",
       true},
      {"Where",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    s = torch.where(future, torch.full_like(s, -1e9), s)\n"
       "    y = torch.matmul(torch.softmax(s, -1), v)",
       true},
      {"AddedMask",
       "    m = torch.zeros([n, n]).masked_fill(future, -1e9)\n"
       "    y = torch.matmul(torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0 + m, -1), v)",
       true},
      {"DropoutAndCasts",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    w = torch.dropout(torch.softmax(s, -1, dtype=6).to(q.dtype), 0.1, self.training)\n"
       "    y = torch.matmul(w, v)"},
      {"DoubleAndBack",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    y = torch.matmul(torch.softmax(s.double(), -1).type_as(v), v)"},
      {"BatchedMatmul",
       "    w = torch.softmax(torch.bmm(q.reshape([2, n, 4]), k.reshape([2, n, 4]).transpose(1, 2)) * 0.5, "
       "2)\n"
       "    y = torch.bmm(w, v.reshape([2, n, 4])).view([1, 2, n, 4])"},
      {"Baddbmm",
       "    m = torch.zeros([2, n, n]).masked_fill(future, float(\"-inf\"))\n"
       "    s = torch.baddbmm(m, q.reshape([2, n, 4]), k.reshape([2, n, 4]).transpose(1, 2), beta=1, "
       "alpha=0.5)\n"
       "    y = torch.bmm(torch.softmax(s, -1), v.reshape([2, n, 4])).view([1, 2, n, 4])",
       true},
      {"BaddbmmWithValues",
       "    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1).view([2, n, n])\n"
       "    y = torch.baddbmm(torch.zeros([2, n, 4]), w, v.reshape([2, n, 4])).view([1, 2, n, 4])"},
      {"FoldedThenUnfolded",
       "    s = torch.bmm(q.reshape([2, n, 4]), k.reshape([2, n, 4]).transpose(1, 2)) * 0.5\n"
       "    y = torch.matmul(torch.softmax(s.view([1, 2, n, n]), -1), v)"},
      {"Einsum",
       "    w = torch.softmax(torch.einsum(\"bhqd,bhkd->bhqk\", [q, k]) / 2.0, -1)\n"
       "    y = torch.einsum(\"bhqk,bhkd->bhqd\", [w, v])"},
      {"EinsumOtherLetters",
       "    w = torch.softmax(torch.einsum(\"zxip,zxjp->zxij\", [q, k]) / 2.0, -1)\n"
       "    y = torch.einsum(\"zxij,zxjo->zixo\", [w, v]).transpose(1, 2)"},
      {"EinsumHeadsBehindQueries",
       "    w = torch.softmax(torch.einsum(\"bhqd,bhkd->bqhk\", [q, k]) / 2.0, -1)\n"
       "    y = torch.einsum(\"bqhk,bhkd->bhqd\", [w, v])"},
      {"EinsumKeysFirst",
       "    w = torch.softmax(torch.einsum(\"bhqd,bhkd->bkhq\", [q, k]) / 2.0, 1)\n"
       "    y = torch.einsum(\"bhkd,bkhq->bhqd\", [v, w])"},
      {"EinsumEllipsis",
       "    w = torch.softmax(torch.einsum(\"...qd,...kd->...qk\", [q, k]) / 2.0, -1)\n"
       "    y = torch.einsum(\"...qk,...kd->...qd\", [w, v])"},
      {"SoftmaxOverAnotherAxis",
       "    w = torch.softmax(torch.matmul(k, q.transpose(-2, -1)) / 2.0, -2)\n"
       "    y = torch.matmul(w.transpose(-2, -1), v)"},
      {"WeightsOnTheRight",
       "    w = torch.softmax(torch.matmul(k, q.transpose(-2, -1)) / 2.0, 2)\n"
       "    y = torch.matmul(v.transpose(-2, -1), w).transpose(-2, -1)"},
      {"HeadMask",
       "    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1)\n"
       "    y = torch.matmul(w * torch.ones([1, 2, 1, 1]), v)"},
      {"MaskedAgainAfterwards",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    w = torch.softmax(s.masked_fill(future, -1e9), -1).masked_fill(future, 0.0)\n"
       "    y = torch.matmul(w, v)",
       true},
      {"NormalisedAfterTheMask",
       "    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1) * future.logical_not()\n"
       "    y = torch.matmul(w / w.sum(-1, keepdim=True), v)",
       true},
      {"PrivateSoftmax",
       "    y = torch.matmul(torch._softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1, False), v)"},
      {"Branches",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    if n > 1000:\n"
       "        y = torch.matmul(torch.softmax(s * 2.0, -1), v)\n"
       "    else:\n"
       "        w = torch.softmax(s, -1)\n"
       "        if self.training:\n"
       "            w = torch.dropout(w, 0.5, True)\n"
       "        y = torch.matmul(w, v)"},
      {"WeightsUsedTwice",
       "    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1)\n"
       "    y = torch.matmul(w, v) + 0.1 * torch.matmul(w, q)"},
      {"ThroughTuplesAndLists",
       "    parts = [q, k]\n"
       "    pair = (torch.matmul(parts[0], parts[1].transpose(-2, -1)), v)\n"
       "    ws = [torch.softmax(pair[0] / 2.0, -1)]\n"
       "    y = torch.matmul(ws[0], pair[1])"},
      {"ContiguousCopy",
       "    s = torch.matmul(q, k.transpose(-2, -1)) / 2.0\n"
       "    y = torch.matmul(torch.softmax(s, -1).contiguous().view([1, 2, n, n]), v)"},
  };
  return all;
}

at::Tensor truth(const ModelInputs& inputs, bool causal) {
  auto parameters = common_parameters();
  const at::Tensor x = zoo::reference_embedding(parameters["table"], inputs.ids);
  zoo::ReferenceOptions options;
  if (causal) options.bias = zoo::causal_bias;
  return zoo::reference_weights(x, x, parameters["wq"], parameters["wk"], options);
}

}  // namespace

class WrittenOut : public testing::TestWithParam<Form> {};

TEST_P(WrittenOut, GivesTheReference) {
  auto specimen = build(source_of(GetParam().body), common_parameters());
  const ModelInputs inputs = zoo::some_inputs(9);
  KeepingSink sink;
  const auto sites = specimen.model->run(inputs, {}, sink);
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].capture, "softmax");
  EXPECT_EQ(sites[0].heads, 2);
  EXPECT_EQ(sites[0].causal, GetParam().causal);
  const at::Tensor& found = sink.layers[AttentionKind::kSelf].at(0);
  const at::Tensor expected = truth(inputs, GetParam().causal);
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_LE((found - expected).abs().max().item<double>(), 1e-5);
}

TEST_P(WrittenOut, LeavesTheOutputAsItWasBitForBit) {
  auto specimen = build(source_of(GetParam().body), common_parameters());
  const ModelInputs inputs = zoo::some_inputs(9);
  KeepingSink sink;
  const c10::IValue captured = specimen.torch_model().forward_captured(inputs, {}, sink);
  const torch::NoGradGuard no_gradients;
  const c10::IValue bare = specimen.module.forward({torch::tensor(inputs.ids).unsqueeze(0)});
  EXPECT_TRUE(captured.toTensor().equal(bare.toTensor()));
}

INSTANTIATE_TEST_SUITE_P(Forms, WrittenOut, testing::ValuesIn(forms()),
                         [](const auto& one) { return one.param.name; });

}  // namespace attnviz::model
