// The tensors and values that a method is called with.
#include <limits>

#include "model/outputs.h"
#include "model/roles.h"

namespace attnviz {

namespace {

at::Tensor row_of(const std::vector<std::int64_t>& ids) {
  return torch::tensor(ids, torch::kInt64).unsqueeze(0);
}

c10::ScalarType scalar_of(MaskType mask) {
  switch (mask) {
    case MaskType::kInt64: return torch::kInt64;
    case MaskType::kBool: return torch::kBool;
    case MaskType::kFloat: return torch::kFloat32;
  }
  return torch::kInt64;
}

at::Tensor make_tensor(std::string_view kind, const ModelInputs& inputs, MaskType mask) {
  const bool target = kind.starts_with("target");
  const std::vector<std::int64_t>& ids = target ? inputs.target_ids : inputs.ids;
  const auto length = static_cast<std::int64_t>(ids.size());
  if (kind.ends_with("ids")) return row_of(ids);
  if (kind == "types")
    return inputs.type_ids.empty() ? torch::zeros({1, length}, torch::kInt64) : row_of(inputs.type_ids);
  if (kind.ends_with("positions")) return torch::arange(length, torch::kInt64).unsqueeze(0);
  if (kind.ends_with("ones")) return torch::ones({1, length}, scalar_of(mask));
  if (kind.ends_with("nothing hidden")) return torch::zeros({1, length}, torch::kBool);
  return torch::full({length, length}, -std::numeric_limits<float>::infinity(), torch::kFloat32).triu(1);
}

// What encode returned, as decode takes it: as it is, or, where a tensor is wanted and there are several, the
// first of states [batch, positions, width].
c10::IValue memory_for(const std::string& type, const c10::IValue& memory) {
  if (memory.isTensor() || (type != "Tensor" && type != "Optional[Tensor]")) return memory;
  for (const OutputTensor& one : output_tensors(memory)) {
    if (one.tensor.dim() == 3 && one.tensor.is_floating_point()) return one.tensor;
  }
  return memory;
}

}  // namespace

std::vector<c10::IValue> make_arguments(const Signature& signature, const ModelInputs& inputs, MaskType mask,
                                        const c10::Device& device, const c10::IValue& memory) {
  std::vector<c10::IValue> arguments;
  for (std::size_t i = 0; i < signature.kinds.size(); ++i) {
    const c10::IValue& constant = signature.constants[i];
    if (signature.kinds[i] == "memory") {
      arguments.push_back(memory_for(signature.inputs[i].type, memory));
    } else if (signature.kinds[i] != "constant") {
      arguments.emplace_back(make_tensor(signature.kinds[i], inputs, mask).to(device));
    } else {
      arguments.push_back(constant.isTensor() ? c10::IValue(constant.toTensor().to(device)) : constant);
    }
  }
  return arguments;
}

}  // namespace attnviz
