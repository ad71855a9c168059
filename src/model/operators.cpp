#include "model/operators.h"

#include <torch/script.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "model/attention_ops.h"

namespace attnviz::model {

namespace {

using torch::jit::Operator;
using torch::jit::Stack;

// An operator of newer versions of torch.
struct Compatible {
  const char* name;  // With its overload, "aten::all.dims".
  const char* schema;
  std::function<void(Stack&)> run;
};

template <std::size_t N>
std::array<c10::IValue, N> take(Stack& stack) {
  std::array<c10::IValue, N> values;
  std::move(stack.end() - N, stack.end(), values.begin());
  torch::jit::drop(stack, N);
  return values;
}

at::Tensor tensor_or_undefined(const c10::IValue& value) {
  return value.isTensor() ? value.toTensor() : at::Tensor();
}

void run_sdpa(Stack& stack) {
  const auto values = take<8>(stack);
  SdpaArguments arguments{
      values[0].toTensor(), values[1].toTensor(), values[2].toTensor(), tensor_or_undefined(values[3]),
      values[5].toBool(),   std::nullopt,         values[7].toBool()};
  if (values[6].isDouble()) arguments.scale = values[6].toDouble();
  stack.emplace_back(sdpa(arguments, nullptr, 0));
}

void run_rms_norm(Stack& stack) {
  const auto values = take<4>(stack);
  const at::Tensor input = values[0].toTensor();
  const auto working = input.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 1; i <= values[1].toIntVector().size(); ++i)
    axes.push_back(-static_cast<std::int64_t>(i));
  const double eps = values[3].isDouble()                     ? values[3].toDouble()
                     : input.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                              : std::numeric_limits<float>::epsilon();
  const at::Tensor wide = input.to(working);
  at::Tensor normal = (wide * (wide.square().mean(axes, true) + eps).rsqrt()).to(input.scalar_type());
  if (values[2].isTensor()) normal = normal * values[2].toTensor();
  stack.emplace_back(normal);
}

void run_safe_softmax(Stack& stack) {
  const auto values = take<3>(stack);
  at::Tensor scores = values[0].toTensor();
  if (values[2].isInt()) scores = scores.to(static_cast<c10::ScalarType>(values[2].toInt()));
  const std::int64_t axis = values[1].toInt();
  const at::Tensor hidden = scores.eq(-std::numeric_limits<double>::infinity()).all(axis, true);
  stack.emplace_back(at::softmax(scores, axis).masked_fill(hidden, 0));
}

// all() and any() over several axes.
void run_over_axes(Stack& stack, bool all) {
  const auto values = take<3>(stack);
  at::Tensor result = values[0].toTensor().to(torch::kBool);
  std::vector<std::int64_t> axes;
  if (values[1].isIntList()) axes = values[1].toIntVector();
  for (std::int64_t axis = 0; !values[1].isIntList() && axis < result.dim(); ++axis) axes.push_back(axis);
  for (std::int64_t& axis : axes) axis = axis < 0 ? axis + result.dim() : axis;
  std::sort(axes.rbegin(), axes.rend());
  for (const std::int64_t axis : axes) {
    result = all ? result.all(axis, values[2].toBool()) : result.any(axis, values[2].toBool());
  }
  stack.emplace_back(result);
}

std::vector<Compatible> compatibility_table() {
  return {
      {"aten::scaled_dot_product_attention",
       "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
       "float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
       run_sdpa},
      {"aten::rms_norm",
       "aten::rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
       run_rms_norm},
      {"aten::_safe_softmax", "aten::_safe_softmax(Tensor self, int dim, int? dtype=None) -> Tensor",
       run_safe_softmax},
      {"aten::all.dims", "aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
       [](Stack& stack) { run_over_axes(stack, true); }},
      {"aten::any.dims", "aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
       [](Stack& stack) { run_over_axes(stack, false); }},
      {"aten::_is_all_true", "aten::_is_all_true(Tensor self) -> Tensor",
       [](Stack& stack) { stack.emplace_back(take<1>(stack)[0].toTensor().all()); }},
      {"aten::_is_any_true", "aten::_is_any_true(Tensor self) -> Tensor",
       [](Stack& stack) { stack.emplace_back(take<1>(stack)[0].toTensor().any()); }},
  };
}

bool exists(const std::string& name) {
  const auto dot = name.find('.');
  const std::string overload = dot == std::string::npos ? "" : name.substr(dot + 1);
  const auto operators = torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name.substr(0, dot)));
  return std::any_of(operators.begin(), operators.end(),
                     [&](const auto& one) { return one->schema().overload_name() == overload; });
}

// Our own operators have effects beyond their outputs; nothing may remove or reorder them.
Operator capturing(const char* schema, void (*run)(Stack&)) {
  return Operator(schema, run, c10::AliasAnalysisKind::CONSERVATIVE);
}

struct Registration {
  std::vector<std::string> added;

  Registration() {
    torch::jit::registerOperator(capturing(kCaptureWeights, run_capture_weights));
    torch::jit::registerOperator(capturing(kCaptureSdpa, run_capture_sdpa));
    torch::jit::registerOperator(capturing(kCaptureNative, run_capture_native));
    torch::jit::registerOperator(capturing(kCaptureEncoderLayer, run_capture_encoder_layer));
    torch::jit::registerOperator(capturing(kNestedFromMask, run_nested_from_mask));
    for (const Compatible& entry : compatibility_table()) {
      if (exists(entry.name)) continue;
      added.emplace_back(entry.name);
      torch::jit::registerOperator(Operator(entry.schema, entry.run, c10::AliasAnalysisKind::FROM_SCHEMA));
    }
  }
};

const Registration& registration() {
  static const Registration once;
  return once;
}

}  // namespace

void register_operators() { registration(); }

std::vector<std::string> compatibility_operators() {
  std::vector<std::string> names;
  for (const Compatible& entry : compatibility_table()) names.emplace_back(entry.name);
  return names;
}

const std::vector<std::string>& registered_operators() { return registration().added; }

}  // namespace attnviz::model
