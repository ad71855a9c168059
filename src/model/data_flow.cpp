#include "model/data_flow.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

namespace attnviz::model {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;
namespace prim = c10::prim;

namespace {

// Operators whose output says nothing of the content of their input.
constexpr std::array<std::string_view, 28> kContentFree = {"zeros_like",
                                                           "ones_like",
                                                           "empty_like",
                                                           "full_like",
                                                           "rand_like",
                                                           "new_zeros",
                                                           "new_ones",
                                                           "new_full",
                                                           "new_empty",
                                                           "eq",
                                                           "ne",
                                                           "lt",
                                                           "gt",
                                                           "le",
                                                           "ge",
                                                           "logical_not",
                                                           "logical_and",
                                                           "logical_or",
                                                           "isnan",
                                                           "isinf",
                                                           "isfinite",
                                                           "equal",
                                                           "is_floating_point",
                                                           "_shape_as_tensor",
                                                           "bitwise_not",
                                                           "size",
                                                           "sym_size",
                                                           "numel"};

// Operators that take from all but their first argument nothing but a shape or a dtype.
constexpr std::array<std::string_view, 6> kFirstOnly = {"type_as",    "expand_as", "view_as",
                                                        "reshape_as", "to",        "masked_fill"};

bool may_hold_tensor(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
    case c10::TypeKind::AnyType:
    case c10::TypeKind::ClassType:
    case c10::TypeKind::FutureType: return true;
    case c10::TypeKind::OptionalType:
    case c10::TypeKind::ListType:
    case c10::TypeKind::TupleType:
    case c10::TypeKind::DictType:
    case c10::TypeKind::UnionType:
      for (const c10::TypePtr& inner : type->containedTypes()) {
        if (may_hold_tensor(inner)) return true;
      }
      return type->containedTypes().empty();
    default: return false;
  }
}

// Element `index` of what `container` may be, built by nodes of kind `construct`.
void elements(Value* container, c10::Symbol construct, std::int64_t index, std::vector<Value*>& found) {
  for (Value* origin : origins(container)) {
    Node* node = origin->node();
    if (node->kind() != construct) continue;
    const auto size = static_cast<std::int64_t>(node->inputs().size());
    const std::int64_t at = index < 0 ? index + size : index;
    if (at >= 0 && at < size) found.push_back(node->inputs()[static_cast<std::size_t>(at)]);
  }
}

void loop_sources(Node* loop, std::size_t carried, std::vector<Value*>& found) {
  found.push_back(loop->inputs()[carried + 2]);
  found.push_back(loop->blocks()[0]->outputs()[carried + 1]);
}

// What `value` is a copy of; empty for what an operator makes.
std::vector<Value*> copies_of(Value* value) {
  Node* node = value->node();
  const std::size_t offset = value->offset();
  std::vector<Value*> found;
  if (node->kind() == prim::If) {
    for (Block* block : node->blocks()) found.push_back(block->outputs()[offset]);
  } else if (node->kind() == prim::Loop) {
    loop_sources(node, offset, found);
  } else if (node->kind() == prim::Param) {
    Node* owner = node->owningBlock()->owningNode();
    if (owner != nullptr && owner->kind() == prim::Loop && offset > 0) loop_sources(owner, offset - 1, found);
  } else if (node->kind() == prim::TupleUnpack) {
    elements(node->input(0), prim::TupleConstruct, static_cast<std::int64_t>(offset), found);
  } else if (node->kind() == prim::ListUnpack) {
    elements(node->input(0), prim::ListConstruct, static_cast<std::int64_t>(offset), found);
  } else if (node->kind() == prim::TupleIndex || is_aten(node, "__getitem__")) {
    const auto index = torch::jit::toIValue(node->input(1));
    const auto construct = node->kind() == prim::TupleIndex ? prim::TupleConstruct : prim::ListConstruct;
    if (index.has_value() && index->isInt()) elements(node->input(0), construct, index->toInt(), found);
  } else if (node->kind() == prim::unchecked_cast || node->kind() == prim::unchecked_unwrap_optional ||
             is_aten(node, "_unwrap_optional")) {
    found.push_back(node->input(0));
  }
  return found;
}

void collect_origins(Value* value, std::unordered_set<Value*>& seen, std::vector<Value*>& found) {
  if (!seen.insert(value).second) return;
  const std::vector<Value*> copies = copies_of(value);
  if (copies.empty()) found.push_back(value);
  for (Value* copy : copies) collect_origins(copy, seen, found);
}

void collect_nodes(Block* block, std::vector<Node*>& nodes) {
  for (Node* node : block->nodes()) {
    nodes.push_back(node);
    for (Block* inner : node->blocks()) collect_nodes(inner, nodes);
  }
}

}  // namespace

std::vector<Value*> origins(Value* value) {
  std::unordered_set<Value*> seen;
  std::vector<Value*> found;
  collect_origins(value, seen, found);
  return found;
}

std::vector<Node*> all_nodes(torch::jit::Graph& graph) {
  std::vector<Node*> nodes;
  collect_nodes(graph.block(), nodes);
  return nodes;
}

bool can_both_run(Node* a, Node* b) {
  std::unordered_map<Node*, Block*> above;
  for (Block* block = a->owningBlock(); block != nullptr && block->owningNode() != nullptr;
       block = block->owningNode()->owningBlock()) {
    above[block->owningNode()] = block;
  }
  for (Block* block = b->owningBlock(); block != nullptr && block->owningNode() != nullptr;
       block = block->owningNode()->owningBlock()) {
    const auto shared = above.find(block->owningNode());
    if (shared != above.end()) return shared->second == block || shared->first->kind() != prim::If;
  }
  return true;
}

bool is_aten(const Node* node, std::string_view name) {
  if (!node->kind().is_aten()) return false;
  const std::string_view kind = node->kind().toUnqualString();
  return kind == name || (kind.size() == name.size() + 1 && kind.back() == '_' && kind.starts_with(name));
}

bool is_one_of(const Node* node, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return is_aten(node, name); });
}

DataFlow::DataFlow(torch::jit::Graph& graph, std::unordered_map<const Value*, Origin> sources)
    : carried_(std::move(sources)) {
  do {
    changed_ = false;
    visit(graph.block());
  } while (changed_);
}

Origin DataFlow::of(const Value* value) const {
  const auto found = carried_.find(value);
  return found == carried_.end() ? 0 : found->second;
}

void DataFlow::add(const Value* value, Origin origin) {
  if (origin == 0 || !may_hold_tensor(value->type())) return;
  Origin& carried = carried_[value];
  changed_ = changed_ || (carried | origin) != carried;
  carried |= origin;
}

void DataFlow::visit(Block* block) {
  for (Node* node : block->nodes()) visit(node);
}

void DataFlow::visit(Node* node) {
  if (node->kind() == prim::Loop) {
    visit_loop(node);
    return;
  }
  for (Block* block : node->blocks()) visit(block);
  if (node->kind() == prim::SetAttr) {
    attributes_[node->s(c10::attr::name)] |= of(node->input(1));
  } else if (node->kind() == prim::GetAttr) {
    const auto found = attributes_.find(node->s(c10::attr::name));
    if (found != attributes_.end()) add(node->output(), found->second);
  } else {
    visit_operator(node);
  }
}

void DataFlow::visit_loop(Node* loop) {
  Block* body = loop->blocks()[0];
  for (std::size_t i = 1; i < body->inputs().size(); ++i) {
    add(body->inputs()[i], of(loop->inputs()[i + 1]) | of(body->outputs()[i]));
  }
  visit(body);
  for (std::size_t i = 0; i < loop->outputs().size(); ++i) {
    add(loop->outputs()[i], of(loop->inputs()[i + 2]) | of(body->outputs()[i + 1]));
  }
}

void DataFlow::visit_operator(Node* node) {
  Origin all = 0;
  const bool first_only = is_one_of(node, kFirstOnly);
  for (std::size_t i = 0; i < node->inputs().size() && (i == 0 || !first_only); ++i)
    all |= of(node->inputs()[i]);
  const bool content_free = is_one_of(node, kContentFree);
  for (Value* output : node->outputs()) {
    const std::vector<Value*> copies = copies_of(output);
    Origin origin = content_free ? 0 : all;
    if (!copies.empty()) {
      origin = 0;
      for (const Value* copy : copies) origin |= of(copy);
    }
    add(output, origin);
  }
  if (!content_free) write_through(node, all);
}

// What an operator writes in place is seen by everyone who holds the written value, or what it is a view of.
void DataFlow::write_through(Node* node, Origin origin) {
  const torch::jit::FunctionSchema* schema = node->maybeSchema();
  if (origin == 0 || schema == nullptr) return;
  for (std::size_t i = 0; i < node->inputs().size() && i < schema->arguments().size(); ++i) {
    const auto* alias = schema->arguments()[i].alias_info();
    if (alias == nullptr || !alias->isWrite()) continue;
    Value* written = node->inputs()[i];
    add(written, origin);
    while (!written->node()->inputs().empty() && written->node()->kind().is_aten()) {
      const torch::jit::FunctionSchema* made_by = written->node()->maybeSchema();
      if (made_by == nullptr || made_by->returns().empty() || made_by->returns()[0].alias_info() == nullptr)
        break;
      written = written->node()->input(0);
      add(written, origin);
    }
  }
}

}  // namespace attnviz::model
