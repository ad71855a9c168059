// aten::scaled_dot_product_attention and its private forerunner of torch 1.13: replaced by the same
// computation in tiles, whose weights are handed on as they appear.
#include <array>

#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

namespace {

// The input called `name`, or a constant where this version of the operator has none.
Value* input_or(Node* node, const char* name, const c10::IValue& otherwise,
                Instrumentation& instrumentation) {
  const auto index = node->schema().argumentIndexWithName(name);
  if (index && static_cast<std::size_t>(*index) < node->inputs().size()) {
    return node->inputs()[static_cast<std::size_t>(*index)];
  }
  return instrumentation.constant_before(node, otherwise);
}

}  // namespace

bool instrument_sdpa(Node* node, Instrumentation& instrumentation) {
  const bool forerunner = is_aten(node, "_scaled_dot_product_attention");
  if (!forerunner && !is_aten(node, "scaled_dot_product_attention")) return false;
  if (forerunner && !node->outputs()[1]->uses().empty()) return false;
  Value* query = node->input(0);
  Value* key = node->input(1);
  if (!instrumentation.depends_on_text(query) || !instrumentation.depends_on_text(key)) return false;
  Site site;
  site.capture = "sdpa";
  const std::array<Value*, 2> made_from = {query, key};
  site.scope = scope_of(node, made_from);
  const std::size_t index = instrumentation.add_site(query, key, site);
  const std::array<Value*, 7> inputs = {query,
                                        key,
                                        node->input(2),
                                        node->input(3),
                                        input_or(node, "is_causal", false, instrumentation),
                                        input_or(node, "scale", c10::IValue(), instrumentation),
                                        input_or(node, "enable_gqa", false, instrumentation)};
  instrumentation.replace(node, "attnviz::scaled_dot_product_attention", index, inputs, 1);
  return true;
}

}  // namespace attnviz::model
