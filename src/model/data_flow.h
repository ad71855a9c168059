/// Where the values of a TorchScript graph come from.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attnviz::model {

/// The values that `value` is one of, looked through control flow, tuples, lists and casts of type: what an
/// operator, a constant, an attribute or the caller put there.
std::vector<torch::jit::Value*> origins(torch::jit::Value* value);

/// All nodes of a graph in the order of the file, those of nested blocks after the node that holds them.
std::vector<torch::jit::Node*> all_nodes(torch::jit::Graph& graph);

/// Whether one run can reach both nodes: not so in the two branches of one prim::If.
bool can_both_run(torch::jit::Node* a, torch::jit::Node* b);

/// Whether `node` is the aten operator `name`, or its in-place form.
bool is_aten(const torch::jit::Node* node, std::string_view name);

/// Whether it is one of these.
bool is_one_of(const torch::jit::Node* node, std::span<const std::string_view> names);

/// Whose content reaches a value: a set of bits.
using Origin = unsigned;
constexpr Origin kFromSource = 1;
constexpr Origin kFromTarget = 2;

/// Which of the model's inputs reach each value by their content. Shapes, masks that compare, and what is
/// made of parameters alone carry nothing.
class DataFlow {
 public:
  /// `sources`: what the inputs of `graph` carry.
  DataFlow(torch::jit::Graph& graph, std::unordered_map<const torch::jit::Value*, Origin> sources);
  Origin of(const torch::jit::Value* value) const;
  /// Tells that `copy`, a value added since, carries what `value` does.
  void copy(const torch::jit::Value* value, const torch::jit::Value* copy) { carried_[copy] = of(value); }

 private:
  void visit(torch::jit::Block* block);
  void visit(torch::jit::Node* node);
  void visit_loop(torch::jit::Node* loop);
  void visit_operator(torch::jit::Node* node);
  void write_through(torch::jit::Node* node, Origin origin);
  void add(const torch::jit::Value* value, Origin origin);

  std::unordered_map<const torch::jit::Value*, Origin> carried_;
  std::map<std::string, Origin> attributes_;
  bool changed_ = false;
};

}  // namespace attnviz::model
