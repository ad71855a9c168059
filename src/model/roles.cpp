#include "model/roles.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "model/config.h"

namespace attnviz {

namespace {

using nlohmann::json;

// What is passed for an argument: its role for people, and the tensor that is made for it.
struct NamedRole {
  std::string_view argument;
  std::string_view role;
  std::string_view tensor;
};

// The names that exporters use. A mask of PyTorch's own layers says what to hide: nothing.
constexpr NamedRole kNames[] = {
    {"input_ids", "ids", "ids"},
    {"ids", "ids", "ids"},
    {"idx", "ids", "ids"},
    {"x", "ids", "ids"},
    {"tokens", "ids", "ids"},
    {"token_ids", "ids", "ids"},
    {"input_tokens", "ids", "ids"},
    {"input", "ids", "ids"},
    {"inputs", "ids", "ids"},
    {"src", "ids", "ids"},
    {"src_ids", "ids", "ids"},
    {"src_tokens", "ids", "ids"},
    {"source", "ids", "ids"},
    {"source_ids", "ids", "ids"},
    {"encoder_input_ids", "ids", "ids"},
    {"attention_mask", "mask", "ones"},
    {"input_mask", "mask", "ones"},
    {"encoder_attention_mask", "mask", "ones"},
    {"src_key_padding_mask", "mask", "nothing hidden"},
    {"memory_key_padding_mask", "mask", "nothing hidden"},
    {"key_padding_mask", "mask", "nothing hidden"},
    {"padding_mask", "mask", "nothing hidden"},
    {"token_type_ids", "types", "types"},
    {"segment_ids", "types", "types"},
    {"type_ids", "types", "types"},
    {"position_ids", "positions", "positions"},
    {"positions", "positions", "positions"},
    {"pos", "positions", "positions"},
    {"decoder_input_ids", "target_ids", "target ids"},
    {"decoder_ids", "target_ids", "target ids"},
    {"target_ids", "target_ids", "target ids"},
    {"target", "target_ids", "target ids"},
    {"tgt", "target_ids", "target ids"},
    {"tgt_ids", "target_ids", "target ids"},
    {"tgt_tokens", "target_ids", "target ids"},
    {"trg", "target_ids", "target ids"},
    {"prev_output_tokens", "target_ids", "target ids"},
    {"decoder_attention_mask", "target_mask", "target ones"},
    {"target_mask", "target_mask", "target ones"},
    {"tgt_mask", "target_mask", "target future hidden"},
    {"tgt_key_padding_mask", "target_mask", "target nothing hidden"},
};

std::string_view tensor_of_role(std::string_view role) {
  if (role == "mask") return "ones";
  if (role == "target_ids") return "target ids";
  if (role == "target_mask") return "target ones";
  return role;
}

bool is_optional(const c10::Argument& argument) {
  return argument.type()->kind() == c10::TypeKind::OptionalType;
}

c10::TypePtr without_optional(const c10::TypePtr& type) {
  if (auto optional = type->cast<c10::OptionalType>()) return optional->getElementType();
  return type;
}

bool takes_tensor(const c10::Argument& argument) {
  return without_optional(argument.type())->kind() == c10::TypeKind::TensorType;
}

[[noreturn]] void refuse_argument(const c10::Argument& argument, const std::string& trouble) {
  throw Error(ErrorKind::kInput, "forward's argument '" + argument.name() + "' (" +
                                     argument.type()->repr_str() + ") " + trouble +
                                     "; say what to pass for it under \"inputs\" in attnviz.json");
}

void flatten(const json& literal, const c10::Argument& argument, std::vector<double>& values, bool& whole) {
  if (literal.is_array()) {
    for (const json& element : literal) flatten(element, argument, values, whole);
  } else if (literal.is_number() || literal.is_boolean()) {
    values.push_back(literal.is_boolean() ? static_cast<double>(literal.get<bool>()) : literal.get<double>());
    whole = whole && !literal.is_number_float();
  } else {
    refuse_argument(argument, "is given a literal that is no tensor");
  }
}

// Nested lists of numbers as a tensor; its shape is that of the first element of each level.
at::Tensor tensor_of(const json& literal, const c10::Argument& argument) {
  std::vector<std::int64_t> shape;
  for (const json* level = &literal; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  std::vector<double> values;
  bool whole = true;
  flatten(literal, argument, values, whole);
  const at::Tensor tensor = torch::tensor(values, torch::kFloat64);
  if (tensor.numel() != c10::multiply_integers(shape))
    refuse_argument(argument, "is given a list that is not even");
  return tensor.view(shape).to(whole ? torch::kInt64 : torch::kFloat32);
}

c10::IValue value_of(const json& literal, const c10::Argument& argument) {
  if (literal.is_null()) return {};
  const c10::TypePtr type = without_optional(argument.type());
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return tensor_of(literal, argument);
    case c10::TypeKind::BoolType:
      if (literal.is_boolean()) return literal.get<bool>();
      break;
    case c10::TypeKind::IntType:
      if (literal.is_number_integer()) return literal.get<std::int64_t>();
      break;
    case c10::TypeKind::FloatType:
      if (literal.is_number()) return literal.get<double>();
      break;
    case c10::TypeKind::StringType:
      if (literal.is_string()) return literal.get<std::string>();
      break;
    default: break;
  }
  refuse_argument(argument, "cannot take the literal " + literal.dump());
}

const NamedRole* find_name(const std::string& name) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](const NamedRole& entry) { return entry.argument == name; });
  return found == std::end(kNames) ? nullptr : found;
}

bool known_as(const c10::FunctionSchema& schema, std::string_view role) {
  return std::any_of(schema.arguments().begin() + 1, schema.arguments().end(),
                     [&](const c10::Argument& argument) {
                       const NamedRole* entry = find_name(argument.name());
                       return entry != nullptr && entry->role == role;
                     });
}

void push(Signature& signature, const c10::Argument& argument, std::string role, std::string_view tensor,
          c10::IValue constant = {}) {
  signature.has_target = signature.has_target || tensor == "target ids";
  signature.inputs.push_back({argument.name(), argument.type()->repr_str(), std::move(role)});
  signature.kinds.emplace_back(tensor);
  signature.constants.push_back(std::move(constant));
}

void push_given(Signature& signature, const c10::Argument& argument, const std::string& role) {
  if (role == "none") {
    if (argument.default_value().has_value()) {
      push(signature, argument, role, "constant", *argument.default_value());
    } else if (is_optional(argument)) {
      push(signature, argument, role, "constant");
    } else {
      refuse_argument(argument, "cannot be left out");
    }
  } else if (is_role(role)) {
    const NamedRole* entry = find_name(argument.name());
    const bool same = entry != nullptr && entry->role == role;
    push(signature, argument, role, same ? entry->tensor : tensor_of_role(role));
  } else {
    push(signature, argument, role, "constant", value_of(json::parse(role), argument));
  }
}

bool takes_no_text(std::string_view name) {
  constexpr std::string_view kOthers[] = {"pixel_values", "images",        "image",   "input_features",
                                          "input_values", "inputs_embeds", "waveform"};
  return std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers);
}

// An optional mask of PyTorch's own layers hides nothing when it is left out, and leaving it out is faster.
bool better_left_out(const c10::Argument& argument, const NamedRole& entry) {
  return is_optional(argument) && entry.tensor.find("hidden") != std::string_view::npos &&
         entry.tensor.find("future") == std::string_view::npos;
}

void push_by_name(Signature& signature, const c10::Argument& argument, bool first_ids) {
  const NamedRole* entry = find_name(argument.name());
  if (takes_tensor(argument) && entry != nullptr && !better_left_out(argument, *entry)) {
    push(signature, argument, std::string(entry->role), entry->tensor);
  } else if (takes_no_text(argument.name())) {
    refuse_argument(argument, "takes images, sound or vectors where attnviz passes token ids");
  } else if (takes_tensor(argument) && first_ids && !argument.default_value().has_value()) {
    push(signature, argument, "ids", "ids");
  } else if (argument.default_value().has_value()) {
    push(signature, argument, "none", "constant", *argument.default_value());
  } else if (is_optional(argument)) {
    push(signature, argument, "none", "constant");
  } else {
    refuse_argument(argument, "is not one that attnviz knows");
  }
}

void refuse_unknown_arguments(const c10::FunctionSchema& schema,
                              const std::map<std::string, std::string>& given) {
  for (const auto& [name, role] : given) {
    if (schema.argumentIndexWithName(name)) continue;
    std::string names;
    for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
      names += (i > 1 ? ", " : "") + schema.arguments()[i].name();
    }
    throw Error(ErrorKind::kInput,
                "attnviz.json gives a role to '" + name + "', but forward takes (" + names + ")");
  }
}

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
  if (kind == "positions") return torch::arange(length, torch::kInt64).unsqueeze(0);
  if (kind.ends_with("ones")) return torch::ones({1, length}, scalar_of(mask));
  if (kind.ends_with("nothing hidden")) return torch::zeros({1, length}, torch::kBool);
  return torch::full({length, length}, -std::numeric_limits<float>::infinity(), torch::kFloat32).triu(1);
}

}  // namespace

Signature assign_roles(const c10::FunctionSchema& schema, const std::map<std::string, std::string>& given) {
  refuse_unknown_arguments(schema, given);
  Signature signature;
  bool ids_taken = known_as(schema, "ids");
  for (const auto& [name, role] : given) ids_taken = ids_taken || role == "ids";
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    if (const auto role = given.find(argument.name()); role != given.end()) {
      push_given(signature, argument, role->second);
    } else {
      push_by_name(signature, argument, !ids_taken);
    }
    ids_taken = ids_taken || signature.inputs.back().role == "ids";
  }
  return signature;
}

std::vector<c10::IValue> make_arguments(const Signature& signature, const ModelInputs& inputs, MaskType mask,
                                        const c10::Device& device) {
  std::vector<c10::IValue> arguments;
  for (std::size_t i = 0; i < signature.kinds.size(); ++i) {
    const c10::IValue& constant = signature.constants[i];
    if (signature.kinds[i] != "constant") {
      arguments.emplace_back(make_tensor(signature.kinds[i], inputs, mask).to(device));
    } else {
      arguments.push_back(constant.isTensor() ? c10::IValue(constant.toTensor().to(device)) : constant);
    }
  }
  return arguments;
}

}  // namespace attnviz
