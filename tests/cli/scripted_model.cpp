#include "cli/scripted_model.h"

#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/script.h>

#include <fstream>

namespace attnviz::testing {

void save_scripted(const std::string& source, const std::string& path) {
  torch::jit::Module module("M");
  module.define(source);
  module.save(path);
}

void save_state_dict(const std::string& path) {
  c10::Dict<std::string, at::Tensor> weights;
  weights.insert("layer.weight", at::ones({2, 2}));
  const std::vector<char> bytes = torch::jit::pickle_save(weights);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

bool has_cuda() { return at::hasCUDA(); }

}  // namespace attnviz::testing
