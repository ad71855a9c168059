// The tensors and values that a method is called with.
#include <limits>

#include "model/outputs.h"
#include "model/roles.h"

namespace attnviz::model {

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

at::Tensor make_tensor(const Passed& passed, const ModelInputs& inputs, MaskType mask) {
  using What = Passed::What;
  const bool target = passed.side == Side::kTarget;
  const std::vector<std::int64_t>& ids = target ? inputs.target_ids : inputs.ids;
  const auto length = static_cast<std::int64_t>(ids.size());
  switch (passed.what) {
    case What::kIds: return row_of(ids);
    case What::kTypes:
      return inputs.type_ids.empty() ? torch::zeros({1, length}, torch::kInt64) : row_of(inputs.type_ids);
    case What::kPositions: return torch::arange(length, torch::kInt64).unsqueeze(0);
    case What::kOnes: return torch::ones({1, length}, scalar_of(mask));
    case What::kNothingHidden: return torch::zeros({1, length}, torch::kBool);
    case What::kFutureHidden:
      return torch::full({length, length}, -std::numeric_limits<float>::infinity(), torch::kFloat32).triu(1);
    case What::kConstant:
    case What::kMemory: break;
  }
  return {};
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
  for (std::size_t i = 0; i < signature.passed.size(); ++i) {
    const c10::IValue& constant = signature.constants[i];
    switch (signature.passed[i].what) {
      case Passed::What::kMemory: arguments.push_back(memory_for(signature.inputs[i].type, memory)); break;
      case Passed::What::kConstant:
        arguments.push_back(constant.isTensor() ? c10::IValue(constant.toTensor().to(device)) : constant);
        break;
      default: arguments.emplace_back(make_tensor(signature.passed[i], inputs, mask).to(device));
    }
  }
  return arguments;
}

}  // namespace attnviz::model
