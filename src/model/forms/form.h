/// The catalogue of forms in which attention is written in a graph.
#pragma once

#include <torch/script.h>

#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "model/capture_session.h"
#include "model/data_flow.h"

namespace attnviz::model {

/// A graph that is being instrumented: what forms look at, and what they add.
class Instrumentation {
 public:
  /// `graph` is a copy of a method's, inlined; it gets one more input, the capsule of a CaptureSession.
  /// `sources`: what its inputs carry. `paired`: it belongs to an encoder–decoder. New sites are appended to
  /// `sites`.
  Instrumentation(torch::jit::Graph& graph,
                  const std::unordered_map<const torch::jit::Value*, Origin>& sources, bool paired,
                  std::vector<Site>& sites);

  /// Whether the model's text reaches `value`; what is made of parameters alone is no query and no key.
  bool depends_on_text(const torch::jit::Value* value) const { return flow_.of(value) != 0; }

  /// Adds a site whose queries and keys are made from `a` and `b` (in either order); its kind is set here.
  std::size_t add_site(const torch::jit::Value* a, const torch::jit::Value* b, Site site);

  /// A new operator in front of `node` with the capsule, the index of the site that it is of, if any, and
  /// `inputs`.
  torch::jit::Node* insert_before(torch::jit::Node* node, const char* name, std::optional<std::size_t> site,
                                  std::span<torch::jit::Value* const> inputs, std::size_t outputs);

  /// Likewise, in place of `node`, the first of whose outputs it takes over.
  void replace(torch::jit::Node* node, const char* name, std::optional<std::size_t> site,
               std::span<torch::jit::Value* const> inputs, std::size_t outputs);

  /// A constant in front of `node`.
  torch::jit::Value* constant_before(torch::jit::Node* node, const c10::IValue& value);

  /// The softmaxes that sites were made of, and those sites' nodes: one softmax is one layer.
  std::vector<std::pair<torch::jit::Node*, torch::jit::Node*>>& taken() { return taken_; }

 private:
  torch::jit::Graph& graph_;
  DataFlow flow_;
  bool paired_;
  torch::jit::Value* session_;
  std::vector<Site>& sites_;
  std::vector<std::pair<torch::jit::Node*, torch::jit::Node*>> taken_;
};

/// One form: instruments `node` when it is attention, or padding, of this form. Returns whether it did;
/// `node` is gone then where the form replaces it.
using Form = bool (*)(torch::jit::Node* node, Instrumentation& instrumentation);

bool instrument_softmax(torch::jit::Node* node, Instrumentation& instrumentation);
bool instrument_sdpa(torch::jit::Node* node, Instrumentation& instrumentation);
bool instrument_native_attention(torch::jit::Node* node, Instrumentation& instrumentation);
bool instrument_encoder_layer(torch::jit::Node* node, Instrumentation& instrumentation);
bool instrument_nested_tensor(torch::jit::Node* node, Instrumentation& instrumentation);

/// Instruments every attention of the graph and appends its sites to `sites`; none when there is no attention
/// in it.
void instrument(torch::jit::Graph& graph, const std::unordered_map<const torch::jit::Value*, Origin>& sources,
                bool paired, std::vector<Site>& sites);

/// The module path that `node` belongs to, "layers.0.attn", told by the parameters that `values` are made
/// with.
std::string scope_of(torch::jit::Node* node, std::span<torch::jit::Value* const> values);

}  // namespace attnviz::model
