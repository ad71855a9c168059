#include "model/limits.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/data_flow.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

namespace {

constexpr std::array<std::string_view, 12> kKeepPositions = {
    "slice", "unsqueeze", "squeeze", "expand", "view",       "reshape",
    "to",    "repeat",    "select",  "clone",  "contiguous", "expand_as"};

constexpr Passed kPositions{Passed::What::kPositions, Side::kSource};

// A parameter, a buffer or a constant of the graph.
std::optional<at::Tensor> stored_tensor(const Value* value, const torch::jit::Module& module) {
  if (const auto constant = torch::jit::toIValue(value); constant.has_value() && constant->isTensor()) {
    return constant->toTensor();
  }
  std::vector<std::string> path;
  const Node* node = value->node();
  for (; node->kind() == c10::prim::GetAttr; node = node->input(0)->node())
    path.push_back(node->s(c10::attr::name));
  if (path.empty() || node->kind() != c10::prim::Param) return std::nullopt;
  c10::IValue current = module._ivalue();
  for (auto name = path.rbegin(); name != path.rend(); ++name) {
    if (!current.isObject() || !current.toObject()->type()->findAttribute(*name)) return std::nullopt;
    current = current.toObject()->getAttr(*name);
  }
  return current.isTensor() ? std::optional(current.toTensor()) : std::nullopt;
}

bool counts_up(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.flatten();
  return !tensor.is_floating_point() && flat.numel() > 2 &&
         flat.equal(at::arange(flat.numel(), flat.options()));
}

// What `indices` are themselves, not what something was computed from; kConstant: of no known meaning.
Passed meaning_of(Value* indices, const torch::jit::Module& module, const Signature& signature) {
  for (Value* origin : origins(indices)) {
    while (std::any_of(kKeepPositions.begin(), kKeepPositions.end(),
                       [&](std::string_view name) { return is_aten(origin->node(), name); })) {
      origin = origin->node()->input(0);
    }
    if (is_aten(origin->node(), "arange")) return kPositions;
    if (origin->node()->kind() == c10::prim::Param && origin->offset() > 0 &&
        origin->offset() <= signature.passed.size()) {
      return signature.passed[origin->offset() - 1];
    }
    const auto stored = stored_tensor(origin, module);
    if (stored && counts_up(*stored)) return kPositions;
  }
  return {};
}

void lower(std::optional<std::int64_t>& limit, std::int64_t rows) {
  limit = std::min(limit.value_or(rows), rows);
}

}  // namespace

Limits find_limits(torch::jit::Graph& graph, const torch::jit::Module& module, const Signature& signature) {
  Limits limits;
  for (Node* node : all_nodes(graph)) {
    if (is_aten(node, "embedding")) {
      const auto table = stored_tensor(node->input(0), module);
      if (!table || table->dim() != 2) continue;
      const Passed meaning = meaning_of(node->input(1), module, signature);
      if (meaning.what == Passed::What::kPositions) lower(limits.positions, table->size(0));
      if (meaning.what != Passed::What::kIds) continue;
      const bool target = meaning.side == Side::kTarget;
      lower(target ? limits.target_vocabulary : limits.vocabulary, table->size(0));
    } else if (is_aten(node, "slice")) {
      const auto table = stored_tensor(node->input(0), module);
      const auto axis = torch::jit::toIValue(node->input(1));
      if (!table || !axis.has_value() || !axis->isInt() || torch::jit::toIValue(node->input(3)).has_value())
        continue;
      lower(limits.table_rows, table->size(axis->toInt()));
    }
  }
  return limits;
}

}  // namespace attnviz::model
