// First light.
#include <gtest/gtest.h>

#include "model/zoo.h"

namespace attnviz {

using zoo::build;
using zoo::fixed_numbers;

TEST(Capture, TakesWrittenOutSoftmax) {
  auto specimen = build(R"(
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    q = torch.matmul(x, self.wq).view([1, x.size(1), 2, 4]).transpose(1, 2)
    k = torch.matmul(x, self.wk).view([1, x.size(1), 2, 4]).transpose(1, 2)
    v = torch.matmul(x, self.wv).view([1, x.size(1), 2, 4]).transpose(1, 2)
    w = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) / 2.0, -1)
    y = torch.matmul(w, v).transpose(1, 2).reshape([1, x.size(1), 8])
    return torch.matmul(y, self.table.t()), w
)",
                        {{"table", fixed_numbers({16, 8}, 1)},
                         {"wq", fixed_numbers({8, 8}, 2)},
                         {"wk", fixed_numbers({8, 8}, 3)},
                         {"wv", fixed_numbers({8, 8}, 4)}});
  EXPECT_EQ(specimen.model->info().dry_run_failure, "");
  zoo::KeepingSink sink;
  const ModelInputs inputs = zoo::some_inputs(9);
  const auto sites = specimen.model->run(inputs, {}, sink);
  ASSERT_EQ(sites.size(), 1U);
  const auto output = specimen.module.forward({torch::tensor(inputs.ids).unsqueeze(0)});
  EXPECT_TRUE(sink.layers[AttentionKind::kSelf][0].equal(output.toTuple()->elements()[1].toTensor()[0]));
}

}  // namespace attnviz
