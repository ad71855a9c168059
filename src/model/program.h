/// forward as graphs that are ours: copied, inlined, and run by the plain interpreter.
#pragma once

#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/recording.h"
#include "model/roles.h"
#include "model/sources.h"

namespace attnviz {

/// A change of the dtype that a model computes in.
struct Widening {
  c10::ScalarType from;
  c10::ScalarType to;
};

/// A model's forward, bare and instrumented. The plain interpreter runs the operators in the order of the
/// graph without rewriting it, so both give the same bits.
class Program {
 public:
  /// `widening`: what the constants of the graph are changed by, as the parameters were. Throws kInput when
  /// forward's graph reads or writes files by name.
  Program(const torch::jit::Module& module, const Signature& signature,
          const std::optional<Widening>& widening);

  /// What forward returns for `arguments`.
  c10::IValue run(const std::vector<c10::IValue>& arguments) const;

  /// Likewise, with the attention of the sites handed to `recording`.
  c10::IValue run_recorded(const std::vector<c10::IValue>& arguments,
                           c10::intrusive_ptr<Recording> recording) const;

  /// Only what the attention of the sites needs: nothing is returned.
  void record(const std::vector<c10::IValue>& arguments, c10::intrusive_ptr<Recording> recording) const;

  const std::vector<Site>& sites() const { return sites_; }
  /// Corrects what the flow of data says of a site, where a run says otherwise.
  void set_kind(std::size_t site, AttentionKind kind) { sites_[site].kind = kind; }

  /// Integers that the graph holds as constants between 2 and `most`, most frequent first: where a traced
  /// model fixes its length, that length is among them.
  std::vector<std::int64_t> frequent_integers(std::int64_t most) const;

  torch::jit::Graph& graph() const { return *bare_graph_; }

 private:
  torch::jit::Stack execute(const torch::jit::Code& code, const std::vector<c10::IValue>& arguments,
                            const c10::intrusive_ptr<Recording>& recording) const;

  c10::IValue self_;
  std::shared_ptr<torch::jit::Graph> bare_graph_;
  std::vector<Site> sites_;
  torch::jit::Code bare_;
  torch::jit::Code recorded_;
  torch::jit::Code attention_only_;
};

/// What the inputs of a graph of forward carry: ids and literal tensors the source, target ids the target.
std::unordered_map<const torch::jit::Value*, Origin> sources_of_inputs(const torch::jit::Graph& graph,
                                                                       const Signature& signature);

}  // namespace attnviz
