// aten::_native_multi_head_attention, what nn.MultiheadAttention records on its fast path: replaced by the
// same computation with its attention in tiles.
#include <array>

#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

bool instrument_native_attention(Node* node, Instrumentation& instrumentation) {
  if (!is_aten(node, "_native_multi_head_attention") || node->inputs().size() != 13) return false;
  if (!instrumentation.depends_on_text(node->input(0)) || !instrumentation.depends_on_text(node->input(1)))
    return false;
  Site site;
  site.capture = "fused";
  const std::array<Value*, 1> parameters = {node->namedInput("qkv_weight")};
  site.scope = scope_of(node, parameters);
  const std::size_t index = instrumentation.add_site(node->input(0), node->input(1), site);
  const std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
  instrumentation.replace(node, "attnviz::native_multi_head_attention", index, inputs, 2);
  return true;
}

}  // namespace attnviz::model
