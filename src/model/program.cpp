#include "model/program.h"

#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inline_fork_wait.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <map>

#include "model/border.h"
#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Graph;
using torch::jit::Node;

namespace {

void leave_out_prints(Graph& graph) {
  for (Node* node : all_nodes(graph)) {
    if (node->kind() == c10::prim::Print) node->destroy();
  }
}

std::shared_ptr<Graph> graph_of(const torch::jit::Module& module, Method method) {
  auto graph = torch::jit::toGraphFunction(module.get_method(name_of(method)).function()).graph()->copy();
  torch::jit::Inline(*graph);
  torch::jit::InlineForkWait(graph);
  leave_out_prints(*graph);
  return graph;
}

// Frozen modules hold their weights as constants, traced ones the dtypes of their casts.
void cast_constants(Graph& graph, const DtypeCast& cast) {
  for (Node* node : all_nodes(graph)) {
    if (node->kind() == c10::prim::Constant && node->hasAttribute(c10::attr::value) &&
        node->kindOf(c10::attr::value) == torch::jit::AttributeKind::t &&
        node->t(c10::attr::value).scalar_type() == cast.from) {
      node->t_(c10::attr::value, node->t(c10::attr::value).to(cast.to));
    }
    const torch::jit::FunctionSchema* schema = node->kind().is_aten() ? node->maybeSchema() : nullptr;
    for (std::size_t i = 0; schema != nullptr && i < node->inputs().size(); ++i) {
      if (schema->arguments()[i].name() != "dtype") continue;
      const auto dtype = torch::jit::toIValue(node->input(i));
      if (!dtype.has_value() || !dtype->isInt() || dtype->toInt() != static_cast<std::int64_t>(cast.from))
        continue;
      const torch::jit::WithInsertPoint here(node);
      node->replaceInput(i, graph.insertConstant(static_cast<std::int64_t>(cast.to)));
    }
  }
}

bool takes_tensor(const Node* node) {
  return std::any_of(node->inputs().begin(), node->inputs().end(), [](const torch::jit::Value* input) {
    return input->type()->isSubtypeOf(*c10::TensorType::get());
  });
}

std::shared_ptr<Graph> without_outputs(const std::shared_ptr<Graph>& graph) {
  std::shared_ptr<Graph> copy = graph->copy();
  while (!copy->outputs().empty()) copy->eraseOutput(copy->outputs().size() - 1);
  torch::jit::EliminateDeadCode(copy);
  return copy;
}

}  // namespace

std::unordered_map<const torch::jit::Value*, Origin> sources_of_inputs(const Graph& graph,
                                                                       const Signature& signature) {
  using What = Passed::What;
  std::unordered_map<const torch::jit::Value*, Origin> sources;
  for (std::size_t i = 0; i < signature.passed.size(); ++i) {
    const auto [what, side] = signature.passed[i];
    const bool literal = what == What::kConstant && signature.constants[i].isTensor();
    if (what != What::kIds && what != What::kMemory && !literal) continue;
    sources[graph.inputs()[i + 1]] = side == Side::kTarget ? kFromTarget : kFromSource;
  }
  return sources;
}

void place_positions(Graph& graph, Signature& signature) {
  std::unordered_map<const torch::jit::Value*, Origin> carried = sources_of_inputs(graph, signature);
  std::map<Origin, std::size_t> arguments;  // By the bit that an argument of positions gets for itself.
  for (std::size_t i = 0; i < signature.passed.size(); ++i) {
    if (signature.passed[i].what != Passed::What::kPositions) continue;
    const Origin bit = kFromTarget << (arguments.size() + 1);
    if (bit == 0) break;
    arguments[bit] = i;
    carried[graph.inputs()[i + 1]] = bit;
  }
  if (arguments.empty()) return;
  const DataFlow flow(graph, std::move(carried));
  for (const Node* node : all_nodes(graph)) {
    if (!node->kind().is_aten()) continue;
    Origin positions = 0;
    Origin others = 0;
    for (const torch::jit::Value* input : node->inputs()) {
      const Origin origin = flow.of(input);
      (arguments.contains(origin) ? positions : others) |= origin;
    }
    const auto argument = arguments.find(positions);
    if (argument == arguments.end() || (others != kFromSource && others != kFromTarget)) continue;
    signature.passed[argument->second].side = others == kFromTarget ? Side::kTarget : Side::kSource;
    arguments.erase(argument);
  }
}

void make_tensors_on(const c10::Device& device, Graph& graph) {
  for (Node* node : all_nodes(graph)) {
    const torch::jit::FunctionSchema* schema = node->kind().is_aten() ? node->maybeSchema() : nullptr;
    for (std::size_t i = 0; schema != nullptr && i < node->inputs().size(); ++i) {
      if (schema->arguments()[i].name() != "device") continue;
      const auto told = torch::jit::toIValue(node->input(i));
      if (!told.has_value()) continue;
      const bool on_cpu = told->isDevice() && told->toDevice().is_cpu();
      if (!on_cpu && !(told->isNone() && !takes_tensor(node))) continue;
      const torch::jit::WithInsertPoint here(node);
      node->replaceInput(i, graph.insertConstant(device));
    }
  }
}

Program::Program(const torch::jit::Module& module, Method method, const std::optional<DtypeCast>& cast,
                 const c10::Device& device)
    : self_(module._ivalue()), bare_graph_(graph_of(module, method)) {
  if (cast) cast_constants(*bare_graph_, *cast);
  if (!device.is_cpu()) make_tensors_on(device, *bare_graph_);
  bare_ = torch::jit::Code(bare_graph_, name_of(method));
}

void Program::instrument(const Signature& signature, bool paired, std::vector<Site>& sites) {
  const std::shared_ptr<Graph> graph = bare_graph_->copy();
  model::instrument(*graph, sources_of_inputs(*graph, signature), paired, sites);
  captured_ = torch::jit::Code(graph, "captured");
  attention_only_ = torch::jit::Code(without_outputs(graph), "attention only");
}

torch::jit::Stack Program::execute(const torch::jit::Code& code, const std::vector<c10::IValue>& arguments,
                                   const c10::intrusive_ptr<CaptureSession>& session) const {
  const torch::NoGradGuard no_gradients;
  const QuietTorch quiet;
  torch::jit::Stack stack = {self_};
  stack.insert(stack.end(), arguments.begin(), arguments.end());
  if (session) stack.push_back(c10::IValue::make_capsule(session));
  try {
    torch::jit::InterpreterState(code).run(stack);
  } catch (...) {
    if (session && session->failure()) std::rethrow_exception(session->failure());
    throw;
  }
  return stack;
}

c10::IValue Program::run(const std::vector<c10::IValue>& arguments) const {
  return execute(bare_, arguments, {}).back();
}

c10::IValue Program::run_captured(const std::vector<c10::IValue>& arguments,
                                  c10::intrusive_ptr<CaptureSession> session) const {
  return execute(captured_, arguments, session).back();
}

void Program::capture(const std::vector<c10::IValue>& arguments,
                      c10::intrusive_ptr<CaptureSession> session) const {
  execute(attention_only_, arguments, session);
}

std::vector<std::int64_t> Program::frequent_integers(std::int64_t most) const {
  std::map<std::int64_t, std::size_t> uses;
  for (const Node* node : all_nodes(*bare_graph_)) {
    if (node->kind() != c10::prim::Constant || node->outputs().empty()) continue;
    const auto value = torch::jit::toIValue(node->output());
    if (value.has_value() && value->isInt() && value->toInt() >= 2 && value->toInt() <= most) {
      uses[value->toInt()] += node->output()->uses().size();
    }
  }
  std::vector<std::int64_t> integers;
  for (const auto& entry : uses) integers.push_back(entry.first);
  std::stable_sort(integers.begin(), integers.end(), [&](auto a, auto b) { return uses[a] > uses[b]; });
  return integers;
}

}  // namespace attnviz::model
