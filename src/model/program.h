/// A method as graphs that are ours: copied, inlined, and run by the plain interpreter.
#pragma once

#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/capture_session.h"
#include "model/data_flow.h"
#include "model/roles.h"

namespace attnviz::model {

/// A change of the dtype that a model computes in.
struct DtypeCast {
  c10::ScalarType from;
  c10::ScalarType to;
};

/// A method of a model, bare and instrumented. The plain interpreter runs the operators in the order of the
/// graph without rewriting it, so both give the same bits. What the method prints is left out.
class Program {
 public:
  /// `cast`: what the constants of the graph are changed by, as the parameters were. Tensors that the
  /// method makes on the CPU, as a trace has it that was made there, it makes on `device`.
  Program(const torch::jit::Module& module, Method method, const std::optional<DtypeCast>& cast,
          const c10::Device& device);

  /// Makes the instrumented graphs. `paired`: the method belongs to an encoder–decoder. The sites that are
  /// found are appended to `sites`.
  void instrument(const Signature& signature, bool paired, std::vector<Site>& sites);

  /// What the method returns for `arguments`.
  c10::IValue run(const std::vector<c10::IValue>& arguments) const;

  /// Likewise, with the attention of the sites handed to `session`; after instrument().
  c10::IValue run_captured(const std::vector<c10::IValue>& arguments,
                           c10::intrusive_ptr<CaptureSession> session) const;

  /// Only what the attention of the sites needs: nothing is returned; after instrument().
  void capture(const std::vector<c10::IValue>& arguments, c10::intrusive_ptr<CaptureSession> session) const;

  /// Integers that the graph holds as constants between 2 and `most`, most frequent first: where a traced
  /// model fixes its length, that length is among them.
  std::vector<std::int64_t> frequent_integers(std::int64_t most) const;

  torch::jit::Graph& graph() const { return *bare_graph_; }

 private:
  torch::jit::Stack execute(const torch::jit::Code& code, const std::vector<c10::IValue>& arguments,
                            const c10::intrusive_ptr<CaptureSession>& session) const;

  c10::IValue self_;
  std::shared_ptr<torch::jit::Graph> bare_graph_;
  torch::jit::Code bare_;
  torch::jit::Code captured_;
  torch::jit::Code attention_only_;
};

/// What the inputs of a method's graph carry: ids, literal tensors and what encode returned the source,
/// target ids the target.
std::unordered_map<const torch::jit::Value*, Origin> sources_of_inputs(const torch::jit::Graph& graph,
                                                                       const Signature& signature);

/// Corrects the side of every argument of positions to that of the states which its positions first meet in
/// the graph; what meets none, or both sides at once, keeps its side.
void place_positions(torch::jit::Graph& graph, Signature& signature);

/// Writes `device` where a graph says "cpu", and where an operator that makes a tensor from no other is not
/// told where.
void make_tensors_on(const c10::Device& device, torch::jit::Graph& graph);

}  // namespace attnviz::model
