// aten::_transformer_encoder_layer_fwd, a whole nn.TransformerEncoderLayer on its fast path: replaced by the
// same computation with its attention in tiles.
#include <array>

#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

bool instrument_encoder_layer(Node* node, Instrumentation& instrumentation) {
  if (!is_aten(node, "_transformer_encoder_layer_fwd") || node->inputs().size() != 20) return false;
  if (!instrumentation.depends_on_text(node->input(0))) return false;
  Site site;
  site.capture = "fused";
  const std::array<Value*, 1> parameters = {node->namedInput("qkv_weight")};
  site.scope = scope_of(node, parameters);
  const std::size_t index = instrumentation.add_site(node->input(0), node->input(0), site);
  const std::vector<Value*> inputs(node->inputs().begin(), node->inputs().end());
  instrumentation.replace(node, "attnviz::transformer_encoder_layer", index, inputs, 1);
  return true;
}

}  // namespace attnviz::model
