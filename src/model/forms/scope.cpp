// Which module an attention belongs to. Inlining flattens the calls of modules, but the parameters that
// queries and keys are made with are still reached through their modules: %a = GetAttr["layers"](%self),
// GetAttr["0"](%a), ….
#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>

#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;
namespace prim = c10::prim;

namespace {

constexpr std::size_t kSearchLimit = 400;

// What a parameter may go through before it is used.
constexpr std::array<std::string_view, 15> kPieces = {
    "split_with_sizes", "chunk",     "split",   "unbind", "unflatten", "slice",      "t", "select",
    "narrow",           "transpose", "permute", "view",   "unsqueeze", "contiguous", "to"};

using Path = std::vector<std::string>;

// The module of the parameter that `value` is, or is a piece of.
std::optional<Path> owner_of_parameter(Value* value) {
  for (Value* origin : origins(value)) {
    Node* node = origin->node();
    while (node->kind() == prim::ListUnpack ||
           std::any_of(kPieces.begin(), kPieces.end(),
                       [&](std::string_view name) { return is_aten(node, name); })) {
      node = node->input(0)->node();
    }
    if (node->kind() != prim::GetAttr || node->output()->type()->kind() != c10::TypeKind::TensorType)
      continue;
    Path path;
    for (node = node->input(0)->node(); node->kind() == prim::GetAttr; node = node->input(0)->node()) {
      path.push_back(node->s(c10::attr::name));
    }
    std::reverse(path.begin(), path.end());
    return path;
  }
  return std::nullopt;
}

bool carries_data(const Value* value) {
  const auto kind = value->type()->kind();
  return kind != c10::TypeKind::IntType && kind != c10::TypeKind::BoolType &&
         kind != c10::TypeKind::FloatType;
}

// The module that owns the parameter nearest to `value`, searched backwards, breadth first. Parameters of the
// model itself tell nothing.
std::optional<Path> owner_of_nearest_parameter(Value* value) {
  std::unordered_set<const Node*> seen;
  std::deque<Value*> queue = {value};
  while (!queue.empty() && seen.size() < kSearchLimit) {
    const std::vector<Value*> now = origins(queue.front());
    queue.pop_front();
    for (Value* origin : now) {
      Node* node = origin->node();
      if (is_aten(node, "embedding") || !seen.insert(node).second) continue;
      for (Value* input : node->inputs()) {
        if (!carries_data(input)) continue;
        if (auto owner = owner_of_parameter(input); owner && !owner->empty()) return owner;
        queue.push_back(input);
      }
    }
  }
  return std::nullopt;
}

// What the innermost inlined call says: the last part of the path.
std::string innermost_instance(const Node* node) {
  std::string name;
  const auto stack = node->callstack();
  if (!stack.has_value()) return name;
  for (const auto& entry : (*stack)->vec()) {
    const auto& instance = std::get<2>(entry);
    if (instance.has_value() && instance->instance_name() != "SELF") name = instance->instance_name();
  }
  return name;
}

std::string join(const Path& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

}  // namespace

std::string scope_of(Node* node, std::span<Value* const> values) {
  const std::string instance = innermost_instance(node);
  std::optional<Path> common;
  bool same = true;
  for (Value* value : values) {
    std::optional<Path> owner = owner_of_parameter(value);
    if (!owner) owner = owner_of_nearest_parameter(value);
    if (!owner) continue;
    const auto named = std::find(owner->rbegin(), owner->rend(), instance);
    if (named != owner->rend()) return join(Path(owner->begin(), named.base()));
    if (common) {
      const auto end = std::mismatch(common->begin(), common->end(), owner->begin(), owner->end()).first;
      same = same && *common == *owner;
      common->erase(end, common->end());
    } else {
      common = owner;
    }
  }
  if (!common) return {};
  if (same && common->size() > 1 && values.size() > 1 && instance.empty()) common->pop_back();
  return join(*common);
}

}  // namespace attnviz::model
