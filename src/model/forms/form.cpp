#include "model/forms/form.h"

#include <array>

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

namespace {

constexpr std::array kForms = {&instrument_softmax, &instrument_sdpa, &instrument_native_attention,
                               &instrument_encoder_layer, &instrument_nested_tensor};

}  // namespace

Instrumentation::Instrumentation(torch::jit::Graph& graph,
                                 const std::unordered_map<const Value*, Origin>& sources, bool paired,
                                 std::vector<Site>& sites)
    : graph_(graph),
      flow_(graph, sources),
      paired_(paired),
      session_(graph.addInput("attnviz_session")),
      sites_(sites) {
  session_->setType(c10::AnyType::get());
}

std::size_t Instrumentation::add_site(const Value* a, const Value* b, Site site) {
  const bool a_target = (flow_.of(a) & kFromTarget) != 0;
  const bool b_target = (flow_.of(b) & kFromTarget) != 0;
  if (paired_) {
    site.kind = a_target && b_target   ? AttentionKind::kDecoder
                : a_target || b_target ? AttentionKind::kCross
                                       : AttentionKind::kEncoder;
  }
  sites_.push_back(std::move(site));
  return sites_.size() - 1;
}

Value* Instrumentation::constant_before(Node* node, const c10::IValue& value) {
  const torch::jit::WithInsertPoint here(node);
  return graph_.insertConstant(value);
}

Node* Instrumentation::insert_before(Node* node, const char* name, std::optional<std::size_t> site,
                                     std::span<Value* const> inputs, std::size_t outputs) {
  std::vector<Value*> all = {session_};
  if (site) all.push_back(constant_before(node, static_cast<std::int64_t>(*site)));
  all.insert(all.end(), inputs.begin(), inputs.end());
  Node* created = graph_.create(c10::Symbol::fromQualString(name), all, outputs);
  created->copyMetadata(node);
  return created->insertBefore(node);
}

void Instrumentation::replace(Node* node, const char* name, std::optional<std::size_t> site,
                              std::span<Value* const> inputs, std::size_t outputs) {
  Node* created = insert_before(node, name, site, inputs, outputs);
  for (std::size_t i = 0; i < outputs; ++i) {
    created->outputs()[i]->setType(node->outputs()[i]->type());
    flow_.copy(node->outputs()[i], created->outputs()[i]);
    node->outputs()[i]->replaceAllUsesWith(created->outputs()[i]);
  }
  node->destroy();
}

void instrument(torch::jit::Graph& graph, const std::unordered_map<const Value*, Origin>& sources,
                bool paired, std::vector<Site>& sites) {
  Instrumentation instrumentation(graph, sources, paired, sites);
  for (Node* node : all_nodes(graph)) {
    for (const Form form : kForms) {
      if (form(node, instrumentation)) break;
    }
  }
}

}  // namespace attnviz::model
