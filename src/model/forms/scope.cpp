// Which module an attention belongs to. Inlining flattens the calls of modules, but the parameters that
// queries and keys are made with are still reached through their modules: %a = GetAttr["layers"](%self),
// GetAttr["0"](%a), ….
#include <algorithm>
#include <deque>
#include <string>

#include "model/forms/form.h"

namespace attnviz {

using torch::jit::Node;
using torch::jit::Value;
namespace prim = c10::prim;

namespace {

constexpr std::size_t kSearchLimit = 400;

using Path = std::vector<std::string>;

Path path_of(const Node* attribute) {
  Path path;
  while (attribute->kind() == prim::GetAttr) {
    path.push_back(attribute->s(c10::attr::name));
    attribute = attribute->input(0)->node();
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// The module that owns the parameter nearest to `value`, searched backwards, breadth first.
std::optional<Path> owner_of_nearest_parameter(const Value* value) {
  std::unordered_set<const Node*> seen;
  std::deque<const Node*> queue = {value->node()};
  while (!queue.empty() && seen.size() < kSearchLimit) {
    const Node* node = queue.front();
    queue.pop_front();
    if (!seen.insert(node).second) continue;
    if (node->kind() == prim::GetAttr && node->output()->type()->kind() == c10::TypeKind::TensorType) {
      Path path = path_of(node);
      path.pop_back();
      return path;
    }
    for (const Value* input : node->inputs()) {
      const auto kind = input->type()->kind();
      if (kind != c10::TypeKind::IntType && kind != c10::TypeKind::BoolType) queue.push_back(input->node());
    }
    for (const torch::jit::Block* block : node->blocks()) {
      for (const Value* output : block->outputs()) queue.push_back(output->node());
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

std::string scope_of(Node* node, std::span<const Value* const> values) {
  std::optional<Path> common;
  bool same = true;
  for (const Value* value : values) {
    const std::optional<Path> owner = owner_of_nearest_parameter(value);
    if (!owner) continue;
    if (common) {
      const auto end = std::mismatch(common->begin(), common->end(), owner->begin(), owner->end()).first;
      same = same && *common == *owner;
      common->erase(end, common->end());
    } else {
      common = owner;
    }
  }
  if (!common) return {};
  const std::string instance = innermost_instance(node);
  const auto named = std::find(common->rbegin(), common->rend(), instance);
  if (named != common->rend()) {
    common->erase(named.base(), common->end());
  } else if (same && common->size() > 1 && instance.empty()) {
    common->pop_back();
  }
  return join(*common);
}

}  // namespace attnviz
