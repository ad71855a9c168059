#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <regex>

#include "model/border.h"
#include "model/operators.h"
#include "model/shown.h"
#include "model/sources.h"
#include "model/threads.h"
#include "model/torch_model.h"

namespace attnviz {

namespace {

constexpr std::array<std::string_view, 3> kConfigNames = {"attnviz.json", "config.json",
                                                          "tokenizer_config.json"};

// Why torch could not load a file that looks like TorchScript.
std::string explain_load(const ModelFile& file, const std::string& said) {
  const std::string start = "the model '" + file.path + "' ";
  const std::string here = "libtorch " TORCH_VERSION;
  const std::string ways_out =
      "; export it again with eager attention (attn_implementation=\"eager\"), or build attnviz with a newer "
      "libtorch";
  std::smatch match;
  static const std::regex unknown(R"(Unknown builtin op: ([\w:.]+[\w]))");
  if (std::regex_search(said, match, unknown)) {
    return start + "uses the operator " + match[1].str() + ", which " + here + " does not have" + ways_out;
  }
  static const std::regex custom(R"(Unknown type name '(__torch__\.torch\.classes\.[\w.]+)')");
  if (std::regex_search(said, match, custom)) {
    return start + "uses the class " + match[1].str() + " of a library that is not part of " + here +
           ways_out;
  }
  static const std::regex arguments(R"(following variants are available:\s*\n\s*([\w:.]+)\()");
  if (std::regex_search(said, match, arguments)) {
    return start + "calls the operator " + match[1].str() + " in a way that " + here + " does not know" +
           ways_out;
  }
  static const std::regex missing(R"(failed locating file ([^:]+): file not found)");
  if (std::regex_search(said, match, missing)) {
    return start + "lacks the record " + shown(match[1].str()) +
           " that its data refer to; save it again in Python";
  }
  static const std::regex version(
      R"(file with version (\d+), but the maximum supported version for reading is (\d+))");
  if (std::regex_search(said, match, version)) {
    return start + "has file format " + match[1].str() + ", " + here + " reads up to " + match[2].str() +
           ways_out;
  }
  if (said.find("INTERNAL ASSERT FAILED") != std::string::npos) {
    return start + "is damaged: its records do not hold what " + here +
           " expects of a TorchScript archive; export it again";
  }
  return start + "cannot be loaded by " + here + ": " + summary_of(said);
}

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

// The dtype that most of a model's floating-point numbers have: its parameters, or the constants of a frozen
// one.
std::optional<c10::ScalarType> dtype_of_weights(const torch::jit::Module& module) {
  for (const at::Tensor& parameter : module.parameters()) {
    if (parameter.is_floating_point()) return parameter.scalar_type();
  }
  for (const torch::jit::Method& method : module.get_methods()) {
    for (torch::jit::Node* node : all_nodes(*method.graph())) {
      if (node->kind() != c10::prim::Constant || node->outputs().empty()) continue;
      const auto value = torch::jit::toIValue(node->output());
      if (!value.has_value() || !value->isTensor()) continue;
      const at::Tensor weight = value->toTensor();
      if (weight.is_floating_point() && weight.dim() > 1) return weight.scalar_type();
    }
  }
  return std::nullopt;
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

ModelDescription read_description(const ModelFile& file, const std::optional<std::string>& config) {
  const std::span names(kConfigNames);
  std::vector<CompanionFile> files = read_companions(file, config ? names.subspan(1) : names);
  if (config) {
    auto bytes = read_file(*config);
    if (!bytes) throw Error(ErrorKind::kInput, "the configuration '" + *config + "' cannot be read");
    files.push_back({"attnviz.json", *config, std::move(*bytes)});
  }
  return describe_model(files);
}

// The change of dtype that the options ask for, or that the device needs.
std::optional<Widening> choose_dtype(const torch::jit::Module& module, const LoadOptions& options,
                                     const c10::Device& device, Listener& listener) {
  const std::optional<c10::ScalarType> asked = dtype_of(options.dtype);
  const c10::ScalarType saved = dtype_of_weights(module).value_or(torch::kFloat32);
  const c10::ScalarType wanted = asked.value_or(saved);
  if (!device.is_cpu() || wanted == torch::kFloat32 || wanted == torch::kFloat64 || computes(wanted)) {
    return wanted == saved ? std::nullopt : std::optional(Widening{saved, wanted});
  }
  const std::string name = wanted == torch::kFloat16 ? "float16" : "bfloat16";
  if (asked) {
    throw Error(ErrorKind::kInput, "libtorch " TORCH_VERSION " does not compute " + name +
                                       " on the CPU; use --dtype float32 or a GPU");
  }
  listener.detail("libtorch " TORCH_VERSION " does not compute " + name + " on the CPU: float32 is used");
  return Widening{saved, torch::kFloat32};
}

}  // namespace

std::unique_ptr<Model> Model::load(const LoadOptions& options, Listener& listener) {
  const ModelFile file = find_model_file(options.model);
  const c10::Device device = device_of(options.device);
  check_archive(file);
  ModelDescription description = read_description(file, options.config);
  register_operators();
  const QuietTorch quiet;
  if (options.threads > 0) bound_threads(options.threads);
  return at_border(
      [&]() -> std::unique_ptr<Model> {
        torch::jit::Module module = torch::jit::load(file.path, device);
        module.eval();
        const std::optional<Widening> widening = choose_dtype(module, options, device, listener);
        if (widening) module.to(widening->to);
        return std::make_unique<TorchModel>(file, std::move(module), std::move(description), device,
                                            widening);
      },
      [&](const std::string& said) { return explain_load(file, said); });
}

}  // namespace attnviz
