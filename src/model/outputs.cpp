#include "model/outputs.h"

#include <algorithm>

namespace attnviz::model {

namespace {

constexpr std::size_t kShownElements = 6;
constexpr double kRowSumTolerance = 1e-2;  // bfloat16 rounds to about 0.4 %.

struct Element {
  std::string key;
  c10::IValue value;
};

// The parts of a container, in order; nothing for anything else.
std::vector<Element> elements_of(const c10::IValue& value) {
  std::vector<Element> elements;
  if (value.isTuple()) {
    const auto tuple = value.toTuple();
    const auto type = tuple->type();
    const auto& schema = type->schema();
    for (std::size_t i = 0; i < tuple->elements().size(); ++i) {
      elements.push_back({schema ? schema->arguments()[i].name() : std::to_string(i), tuple->elements()[i]});
    }
  } else if (value.isList() || value.isTensorList()) {
    const auto list = value.toListRef();
    for (std::size_t i = 0; i < list.size(); ++i) elements.push_back({std::to_string(i), list[i]});
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      const bool text = entry.key().isString();
      elements.push_back({text ? entry.key().toStringRef() : std::to_string(elements.size()), entry.value()});
    }
  }
  return elements;
}

void collect(const c10::IValue& value, const std::string& path, std::vector<OutputTensor>& found) {
  if (value.isTensor() && value.toTensor().defined()) found.push_back({path, value.toTensor()});
  for (const Element& element : elements_of(value)) {
    collect(element.value, path.empty() ? element.key : path + "." + element.key, found);
  }
}

std::string shape_of(const at::Tensor& tensor) {
  std::string text = "Tensor [";
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) {
    text += (axis > 0 ? ", " : "") + std::to_string(tensor.size(axis));
  }
  return text + "]";
}

std::optional<AttentionKind> kind_of(std::int64_t queries, std::int64_t keys, Lengths lengths,
                                     bool has_target) {
  if (!has_target) {
    const bool square = queries == keys && queries >= lengths.source && queries <= lengths.source + 2;
    return square ? std::optional(AttentionKind::kSelf) : std::nullopt;
  }
  return paired_kind(queries, keys, lengths);
}

bool rows_sum_to_one(const at::Tensor& weights) {
  const at::Tensor wide = weights.to(torch::kFloat64);
  return wide.numel() > 0 && wide.min().item<double>() >= 0 &&
         (wide.sum(-1) - 1).abs().max().item<double>() <= kRowSumTolerance;
}

// A tensor as layers of [heads, queries, keys]: [1, H, Q, K], [H, Q, K], [L, 1, H, Q, K], [1, L, H, Q, K].
std::vector<OutputTensor> as_layers(const OutputTensor& output) {
  const at::Tensor& tensor = output.tensor;
  if (tensor.dim() == 3) return {output};
  if (tensor.dim() == 4 && tensor.size(0) == 1) return {{output.path, tensor.squeeze(0)}};
  if (tensor.dim() != 5 || (tensor.size(0) != 1 && tensor.size(1) != 1)) return {};
  std::vector<OutputTensor> layers;
  const at::Tensor stack = tensor.size(1) == 1 ? tensor.squeeze(1) : tensor.squeeze(0);
  for (std::int64_t layer = 0; layer < stack.size(0); ++layer) {
    layers.push_back({output.path + "/" + std::to_string(layer), stack[layer]});
  }
  return layers;
}

}  // namespace

std::vector<OutputTensor> output_tensors(const c10::IValue& output) {
  std::vector<OutputTensor> found;
  collect(output, "", found);
  return found;
}

std::string describe_output(const c10::IValue& output) {
  if (output.isTensor()) return output.toTensor().defined() ? shape_of(output.toTensor()) : "Tensor []";
  const std::vector<Element> elements = elements_of(output);
  if (!output.isTuple() && !output.isList() && !output.isTensorList() && !output.isGenericDict()) {
    return output.isNone() ? "None" : output.tagKind();
  }
  std::string text = output.isTuple() ? "tuple(" : output.isGenericDict() ? "dict(" : "list(";
  for (std::size_t i = 0; i < elements.size() && i < kShownElements; ++i) {
    const bool named = !elements[i].key.empty() && (elements[i].key[0] < '0' || elements[i].key[0] > '9');
    text += (i > 0 ? ", " : "") + (named ? elements[i].key + ": " : "") + describe_output(elements[i].value);
  }
  return text + (elements.size() > kShownElements ? ", …)" : ")");
}

at::Tensor find_logits(const c10::IValue& output, const std::optional<std::string>& path,
                       std::int64_t length) {
  for (const OutputTensor& candidate : output_tensors(output)) {
    const at::Tensor& tensor = candidate.tensor;
    const bool shaped = tensor.dim() == 3 && tensor.size(0) == 1 && tensor.size(1) == length &&
                        tensor.size(2) > 1 && tensor.is_floating_point();
    if (shaped && (!path || candidate.path == *path)) return tensor;
  }
  throw Error(ErrorKind::kInput, "the model returns " + describe_output(output) +
                                     ", in which there are no logits [1, " + std::to_string(length) +
                                     ", vocabulary]" + (path ? " at \"" + *path + "\"" : std::string()) +
                                     "; say where they are with \"logits\" in attnviz.json");
}

std::vector<ReturnedAttention> find_returned_attention(const c10::IValue& output, Lengths lengths,
                                                       bool has_target) {
  std::vector<ReturnedAttention> found;
  for (const OutputTensor& tensor : output_tensors(output)) {
    if (!tensor.tensor.is_floating_point()) continue;
    for (const OutputTensor& layer : as_layers(tensor)) {
      const auto kind = kind_of(layer.tensor.size(1), layer.tensor.size(2), lengths, has_target);
      if (kind && rows_sum_to_one(layer.tensor)) found.push_back({layer.path, *kind, layer.tensor});
    }
  }
  return found;
}

std::vector<ReturnedAttention> returned_attention_at(const c10::IValue& output,
                                                     const std::vector<ReturnedAttention>& found) {
  std::vector<ReturnedAttention> again;
  for (const OutputTensor& tensor : output_tensors(output)) {
    for (const OutputTensor& layer : as_layers(tensor)) {
      const auto same = std::find_if(found.begin(), found.end(), [&](const ReturnedAttention& earlier) {
        return earlier.path == layer.path;
      });
      if (same != found.end()) again.push_back({layer.path, same->kind, layer.tensor});
    }
  }
  return again;
}

}  // namespace attnviz::model
