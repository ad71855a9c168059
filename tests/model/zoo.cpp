#include "model/zoo.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/operators.h"
#include "model/outputs.h"

namespace attnviz::model::zoo {

void KeepingSink::on_block(const AttentionBlock& block) {
  EXPECT_EQ(block.weights.scalar_type(), torch::kFloat32);
  ASSERT_EQ(block.weights.dim(), 3);
  const at::Tensor weights = at::constant_pad_nd(block.weights, {0, block.hidden_keys}).clone();
  auto& kept = layers[block.kind];
  auto& of = numbers[block.kind];
  std::int64_t& next = next_row_[block.kind];
  first_rows.push_back(block.first_query);
  if (of.empty() || of.back() != block.layer) {
    EXPECT_TRUE(of.empty() || (of.back() < block.layer && next == 0))
        << "a layer began before the last one ended";
    kept.push_back(weights);
    of.push_back(block.layer);
  } else {
    EXPECT_EQ(block.first_query, next) << "rows with gaps";
    kept.back() = at::cat({kept.back(), weights}, 1);
  }
  next = block.first_query + block.weights.size(1);
  if (next == block.queries) next = 0;
}

at::Tensor fixed_numbers(const std::vector<std::int64_t>& shape, std::int64_t seed, double scale) {
  const std::int64_t count = c10::multiply_integers(shape);
  const at::Tensor steps = torch::arange(count, torch::kFloat64) + static_cast<double>(seed) * 1000;
  const at::Tensor noise = (steps * 12.9898).sin() * 43758.5453;
  return ((noise - noise.floor()) * 2 - 1).mul(scale).view(shape).to(torch::kFloat32);
}

Specimen build(const std::string& source, const std::map<std::string, at::Tensor>& parameters,
               const std::string& config) {
  register_operators();
  torch::jit::Module module("__torch__.Specimen");
  for (const auto& [name, tensor] : parameters) module.register_parameter(name, tensor, false);
  module.register_attribute("training", c10::BoolType::get(), false);
  module.define(source + "\n");
  module.eval();
  auto folder = std::make_shared<TemporaryFolder>();
  module.save(folder->path("model.pt"));
  if (!config.empty()) folder->write("attnviz.json", config);
  KeepingListener listener;
  LoadOptions options;
  options.model = folder->path();
  return {Model::load(options, listener), folder, torch::jit::load(folder->path("model.pt"))};
}

Specimen load(const std::string& name) {
  KeepingListener listener;
  LoadOptions options;
  options.model = data_path(name);
  auto model = Model::load(options, listener);
  torch::jit::Module module = torch::jit::load(data_path(name));
  module.eval();
  return {std::move(model), nullptr, module};
}

ModelInputs some_inputs(std::int64_t length, std::int64_t target, std::int64_t vocabulary) {
  ModelInputs inputs;
  for (std::int64_t i = 0; i < length; ++i) inputs.ids.push_back((i * 7 + 3) % vocabulary);
  for (std::int64_t i = 0; i < target; ++i) inputs.target_ids.push_back((i * 5 + 2) % vocabulary);
  return inputs;
}

double difference(const c10::IValue& a, const c10::IValue& b) {
  const std::vector<OutputTensor> left = output_tensors(a);
  const std::vector<OutputTensor> right = output_tensors(b);
  if (left.size() != right.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].tensor.sizes() != right[i].tensor.sizes()) return INFINITY;
    if (left[i].tensor.numel() == 0) continue;
    const at::Tensor gap = (left[i].tensor.to(torch::kFloat64) - right[i].tensor.to(torch::kFloat64)).abs();
    largest = std::max(largest, gap.max().item<double>());
  }
  return largest;
}

double magnitude(const c10::IValue& output) {
  double largest = 0;
  for (const OutputTensor& one : output_tensors(output)) {
    if (one.tensor.numel() > 0) largest = std::max(largest, one.tensor.abs().max().item<double>());
  }
  return largest;
}

}  // namespace attnviz::model::zoo
