#include "cli/scripted_model.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/script.h>

#include <algorithm>
#include <fstream>

namespace attnviz::testing {

void save_scripted(const std::string& source, const std::string& path) {
  torch::jit::Module module("M");
  module.define(source);
  module.save(path);
}

void save_nested(const std::string& source, std::size_t depth, const std::string& path) {
  const std::string plain = path + ".plain";
  save_scripted(source, plain);
  caffe2::serialize::PyTorchStreamReader in(plain);
  caffe2::serialize::PyTorchStreamWriter out(path);
  for (const std::string& name : in.getAllRecords()) {
    if (name == "version" || name.starts_with(".")) continue;  // the writer's own
    const auto [data, size] = in.getRecord(name);
    std::string bytes(static_cast<const char*>(data.get()), size);
    const std::string begin = "return ";
    if (const auto at = bytes.find(begin); name.ends_with(".py") && at != std::string::npos) {
      const auto end = std::min(bytes.find('\n', at), bytes.size());
      bytes.insert(end, std::string(depth, ')'));
      bytes.insert(at + begin.size(), std::string(depth, '('));
    }
    out.writeRecord(name, bytes.data(), bytes.size());
  }
  out.writeEndOfFile();
}

void save_state_dict(const std::string& path) {
  c10::Dict<std::string, at::Tensor> weights;
  weights.insert("layer.weight", at::ones({2, 2}));
  const std::vector<char> bytes = torch::jit::pickle_save(weights);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

bool has_cuda() { return at::hasCUDA(); }

}  // namespace attnviz::testing
