// aten::_nested_tensor_from_mask, with which nn.TransformerEncoder drops padding on its fast path: replaced
// by the same, which hands what it drops to the layers behind it, whose maps have all rows then.
#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

bool instrument_nested_tensor(Node* node, Instrumentation& instrumentation) {
  if (!is_aten(node, "_nested_tensor_from_mask") || node->inputs().size() != 3) return false;
  const std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
  instrumentation.replace(node, "attnviz::nested_tensor_from_mask", std::nullopt, inputs, 1);
  return true;
}

}  // namespace attnviz::model
