#include <torch/script.h>

#include <algorithm>

#include "attnviz/core.h"
#include "source/file_access.h"

namespace attnviz::source {

namespace {

// Calls `visit` with every node of a block and of the blocks in it.
template <class Visit>
void for_each_node(const torch::jit::Block* block, const Visit& visit) {
  for (const torch::jit::Node* node : block->nodes()) {
    visit(node);
    for (const torch::jit::Block* inner : node->blocks()) for_each_node(inner, visit);
  }
}

}  // namespace

void refuse_file_operators(const torch::jit::Module& module, const std::string& path) {
  for (torch::jit::Function* function : module._ivalue()->compilation_unit()->get_functions()) {
    const auto* graph_function = torch::jit::tryToGraphFunction(*function);
    if (graph_function == nullptr) continue;
    for_each_node(graph_function->graph()->block(), [&](const torch::jit::Node* node) {
      const bool refused =
          node->kind().is_aten() && std::find(kFileOperators.begin(), kFileOperators.end(),
                                              node->kind().toUnqualString()) != kFileOperators.end();
      if (!refused) return;
      throw Error(ErrorKind::kInput, "the model '" + path + "' uses " + node->kind().toQualString() + " in " +
                                         function->name() +
                                         ", which reads or writes files; attnviz does not run such models");
    });
  }
}

}  // namespace attnviz::source
