#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <map>
#include <regex>

#include "model/border.h"
#include "model/data_flow.h"
#include "model/operators.h"
#include "model/threads.h"
#include "model/torch_model.h"

namespace attnviz::model {

namespace {

c10::Device device_of(const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kInput, "the device '" + name + "' cannot be used: " + why);
  };
  static const std::regex form(R"(cpu|cuda(:\d{1,3})?)");
  if (!std::regex_match(name, form)) {
    throw Error(ErrorKind::kUsage, "there is no device '" + name + "'; devices are cpu, cuda and cuda:N");
  }
  c10::Device device(name);
  if (!device.is_cuda()) return device;
  if (!torch::cuda::is_available()) refuse("this libtorch (" TORCH_VERSION ") sees no CUDA device");
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (device.has_index() && device.index() >= count)
    refuse("there are " + std::to_string(count) + " CUDA devices");
  return device;
}

std::optional<c10::ScalarType> dtype_of(const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  if (*name == "float32") return torch::kFloat32;
  if (*name == "float16") return torch::kFloat16;
  if (*name == "bfloat16") return torch::kBFloat16;
  throw Error(ErrorKind::kUsage, "the dtype '" + *name + "' is not float32, float16 or bfloat16");
}

// The dtype that most of a model's floating-point numbers have: of its parameters or, in a frozen one, of the
// constants of its methods.
std::optional<c10::ScalarType> dtype_of_weights(const torch::jit::Module& module) {
  std::map<c10::ScalarType, std::int64_t> numbers;
  const auto count = [&](const at::Tensor& weight) {
    if (weight.is_floating_point()) numbers[weight.scalar_type()] += weight.numel();
  };
  for (const at::Tensor& parameter : module.parameters()) count(parameter);
  if (numbers.empty()) {
    for (const torch::jit::Method& method : module.get_methods()) {
      for (torch::jit::Node* node : all_nodes(*method.graph())) {
        if (node->kind() != c10::prim::Constant || node->outputs().empty()) continue;
        const auto value = torch::jit::toIValue(node->output());
        if (value.has_value() && value->isTensor() && value->toTensor().dim() > 1) count(value->toTensor());
      }
    }
  }
  const auto most = std::max_element(numbers.begin(), numbers.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == numbers.end() ? std::nullopt : std::optional(most->first);
}

bool computes(c10::ScalarType dtype) {
  try {
    const at::Tensor x = torch::ones({2, 2}).to(dtype);
    at::softmax(at::layer_norm(at::mm(x, x), {2}), -1);
    at::gelu(at::bmm(x.unsqueeze(0), x.unsqueeze(0)));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// The change of dtype that the options ask for, or that the device needs.
std::optional<DtypeCast> choose_dtype(const torch::jit::Module& module, const LoadOptions& options,
                                      const c10::Device& device, Listener& listener) {
  const std::optional<c10::ScalarType> asked = dtype_of(options.dtype);
  const c10::ScalarType saved = dtype_of_weights(module).value_or(torch::kFloat32);
  const c10::ScalarType wanted = asked.value_or(saved);
  if (!device.is_cpu() || wanted == torch::kFloat32 || wanted == torch::kFloat64 || computes(wanted)) {
    return wanted == saved ? std::nullopt : std::optional(DtypeCast{saved, wanted});
  }
  const std::string name = wanted == torch::kFloat16 ? "float16" : "bfloat16";
  if (asked) {
    throw Error(ErrorKind::kInput, "libtorch " TORCH_VERSION " does not compute " + name +
                                       " on the CPU; use --dtype float32 or a GPU");
  }
  listener.detail("libtorch " TORCH_VERSION " does not compute " + name + " on the CPU: float32 is used");
  return DtypeCast{saved, torch::kFloat32};
}

}  // namespace

std::unique_ptr<Model> Model::load(const LoadOptions& options, Listener& listener) {
  const c10::Device device = device_of(options.device);
  const std::shared_ptr<const ModelSource> source = ModelSource::open(options.model);
  ModelDescription description = source->describe(options.config);
  register_operators();
  const QuietTorch quiet;
  if (options.threads > 0) bound_threads(options.threads);
  return at_border(
      [&]() -> std::unique_ptr<Model> {
        torch::jit::Module module = source->load(device);
        const std::optional<DtypeCast> cast = choose_dtype(module, options, device, listener);
        if (cast) module.to(cast->to);
        return std::make_unique<TorchModel>(source, std::move(module), std::move(description), device, cast);
      },
      [&](const std::string& said) {
        const std::string known = source->explain(said);
        return !known.empty() ? known
                              : "the model '" + source->path() +
                                    "' cannot be loaded by libtorch " TORCH_VERSION ": " + summary_of(said);
      });
}

}  // namespace attnviz::model
