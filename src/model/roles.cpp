#include "model/roles.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "model/config.h"
#include "model/shown.h"

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

// Names that decode has for what encode returned.
constexpr std::string_view kMemories[] = {
    "memory",         "memories",        "enc_out",         "enc_output",     "enc_outputs",
    "encoder_out",    "encoder_output",  "encoder_outputs", "encoder_states", "encoder_hidden_states",
    "encoder_memory", "encoder_context", "encoded",         "context"};

// Names that mean the target's in decode, which has its source encoded.
constexpr NamedRole kNamesInDecode[] = {
    {"y", "target_ids", "target ids"},
    {"input_ids", "target_ids", "target ids"},
    {"ids", "target_ids", "target ids"},
    {"idx", "target_ids", "target ids"},
    {"x", "target_ids", "target ids"},
    {"tokens", "target_ids", "target ids"},
    {"token_ids", "target_ids", "target ids"},
    {"input_tokens", "target_ids", "target ids"},
    {"input", "target_ids", "target ids"},
    {"inputs", "target_ids", "target ids"},
    {"attention_mask", "target_mask", "target ones"},
    {"position_ids", "positions", "target positions"},
    {"positions", "positions", "target positions"},
    {"pos", "positions", "target positions"},
};

std::string_view tensor_of_role(std::string_view role) {
  if (role == "mask") return "ones";
  if (role == "target_ids") return "target ids";
  if (role == "target_mask") return "target ones";
  return role;
}

// An argument of a method.
struct Slot {
  Method method;
  const c10::Argument& argument;
};

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

[[noreturn]] void refuse_argument(const Slot& slot, const std::string& trouble) {
  throw Error(ErrorKind::kInput, std::string(name_of(slot.method)) + "'s argument '" + slot.argument.name() +
                                     "' (" + slot.argument.type()->repr_str() + ") " + trouble +
                                     "; say what to pass for it under \"inputs\" in attnviz.json");
}

void flatten(const json& literal, const Slot& slot, std::vector<double>& values, bool& whole) {
  if (literal.is_array()) {
    for (const json& element : literal) flatten(element, slot, values, whole);
  } else if (literal.is_number() || literal.is_boolean()) {
    values.push_back(literal.is_boolean() ? static_cast<double>(literal.get<bool>()) : literal.get<double>());
    whole = whole && !literal.is_number_float();
  } else {
    refuse_argument(slot, "is given a literal that is no tensor");
  }
}

// Nested lists of numbers as a tensor; its shape is that of the first element of each level.
at::Tensor tensor_of(const json& literal, const Slot& slot) {
  std::vector<std::int64_t> shape;
  for (const json* level = &literal; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  std::vector<double> values;
  bool whole = true;
  flatten(literal, slot, values, whole);
  const at::Tensor tensor = torch::tensor(values, torch::kFloat64);
  if (tensor.numel() != c10::multiply_integers(shape))
    refuse_argument(slot, "is given a list that is not even");
  return tensor.view(shape).to(whole ? torch::kInt64 : torch::kFloat32);
}

c10::IValue value_of(const json& literal, const Slot& slot) {
  if (literal.is_null()) return {};
  const c10::TypePtr type = without_optional(slot.argument.type());
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return tensor_of(literal, slot);
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
  refuse_argument(slot, "cannot take the literal " + literal.dump());
}

const NamedRole* find_in(std::span<const NamedRole> names, std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const NamedRole& entry) { return entry.argument == name; });
  return found == names.end() ? nullptr : &*found;
}

const NamedRole* find_name(const std::string& name, Method method) {
  const NamedRole* own = method == Method::kDecode ? find_in(kNamesInDecode, name) : nullptr;
  return own != nullptr ? own : find_in(kNames, name);
}

bool names_memory(const std::string& name, Method method) {
  return method == Method::kDecode &&
         std::find(std::begin(kMemories), std::end(kMemories), name) != std::end(kMemories);
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

// Fills a Signature, argument by argument.
class Assignment {
 public:
  Assignment(const c10::FunctionSchema& schema, Method method,
             const std::map<std::string, std::string>& given)
      : schema_(schema),
        method_(method),
        given_(given),
        ids_(method == Method::kDecode ? "target_ids" : "ids"),
        ids_taken_(is_taken(ids_)),
        memory_taken_(method != Method::kDecode || names_some_memory()) {}

  Signature run() {
    for (std::size_t i = 1; i < schema_.arguments().size(); ++i) {
      const c10::Argument& argument = schema_.arguments()[i];
      if (const auto role = given_.find(argument.name()); role != given_.end()) {
        push_given(argument, role->second);
      } else if (names_memory(argument.name(), method_)) {
        push(argument, "memory", "memory");
      } else {
        push_by_name(argument);
      }
    }
    return std::move(signature_);
  }

 private:
  // Whether some argument has `role`, by what is given or by its name.
  bool is_taken(std::string_view role) const {
    return std::any_of(schema_.arguments().begin() + 1, schema_.arguments().end(),
                       [&](const c10::Argument& argument) {
                         const auto given = given_.find(argument.name());
                         if (given != given_.end()) return given->second == role;
                         const NamedRole* entry = find_name(argument.name(), method_);
                         return entry != nullptr && entry->role == role;
                       });
  }

  bool names_some_memory() const {
    return std::any_of(schema_.arguments().begin() + 1, schema_.arguments().end(),
                       [&](const c10::Argument& argument) {
                         return !given_.contains(argument.name()) && names_memory(argument.name(), method_);
                       });
  }

  void push(const c10::Argument& argument, std::string role, std::string_view tensor,
            c10::IValue constant = {}) {
    signature_.has_target = signature_.has_target || tensor == "target ids";
    signature_.inputs.push_back({argument.name(), argument.type()->repr_str(), std::move(role)});
    signature_.kinds.emplace_back(tensor);
    signature_.constants.push_back(std::move(constant));
  }

  void push_given(const c10::Argument& argument, const std::string& role) {
    if (role == "none") {
      if (argument.default_value().has_value()) {
        push(argument, role, "constant", *argument.default_value());
      } else if (is_optional(argument)) {
        push(argument, role, "constant");
      } else {
        refuse_argument({method_, argument}, "cannot be left out");
      }
    } else if (is_role(role)) {
      const NamedRole* entry = find_name(argument.name(), method_);
      const bool same = entry != nullptr && entry->role == role;
      push(argument, role, same ? entry->tensor : tensor_of_role(role));
    } else {
      push(argument, role, "constant", value_of(json::parse(role), {method_, argument}));
    }
  }

  void push_by_name(const c10::Argument& argument) {
    const NamedRole* entry = find_name(argument.name(), method_);
    const bool needed = takes_tensor(argument) && !argument.default_value().has_value();
    if (takes_tensor(argument) && entry != nullptr && !better_left_out(argument, *entry)) {
      push(argument, std::string(entry->role), entry->tensor);
    } else if (takes_no_text(argument.name())) {
      refuse_argument({method_, argument}, "takes images, sound or vectors where attnviz passes token ids");
    } else if (needed && !ids_taken_) {
      push(argument, ids_, tensor_of_role(ids_));
      ids_taken_ = true;
    } else if (needed && !memory_taken_) {
      push(argument, "memory", "memory");
      memory_taken_ = true;
    } else if (argument.default_value().has_value()) {
      push(argument, "none", "constant", *argument.default_value());
    } else if (is_optional(argument)) {
      push(argument, "none", "constant");
    } else {
      refuse_argument({method_, argument}, "is not one that attnviz knows");
    }
  }

  const c10::FunctionSchema& schema_;
  Method method_;
  const std::map<std::string, std::string>& given_;
  std::string ids_;  // The role of what has no name.
  bool ids_taken_;
  bool memory_taken_;
  Signature signature_;
};

}  // namespace

const char* name_of(Method method) noexcept {
  switch (method) {
    case Method::kForward: return "forward";
    case Method::kEncode: return "encode";
    case Method::kDecode: return "decode";
  }
  return "forward";
}

Signature assign_roles(const c10::FunctionSchema& schema, Method method,
                       const std::map<std::string, std::string>& given) {
  return Assignment(schema, method, given).run();
}

void refuse_unknown_arguments(const std::vector<const c10::FunctionSchema*>& schemas,
                              const std::map<std::string, std::string>& given) {
  for (const auto& [name, role] : given) {
    if (std::any_of(schemas.begin(), schemas.end(), [&argument = name](const c10::FunctionSchema* schema) {
          return schema->argumentIndexWithName(argument).has_value();
        })) {
      continue;
    }
    std::string names;
    const auto& arguments = schemas.front()->arguments();
    for (std::size_t i = 1; i < arguments.size(); ++i) names += (i > 1 ? ", " : "") + arguments[i].name();
    throw Error(ErrorKind::kInput, "attnviz.json gives a role to '" + shown(name) + "', but " +
                                       schemas.front()->name() + " takes (" + names + ")");
  }
}

}  // namespace attnviz
