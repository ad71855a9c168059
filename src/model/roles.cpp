#include "model/roles.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/utf8.h"

namespace attnviz::model {

namespace {

using Kind = Role::Kind;
using What = Passed::What;

// What an argument of that name is for, and what is made for it.
struct NamedRole {
  std::string_view argument;
  Kind role;
  What what;
};

// The names that exporters use. A mask of PyTorch's own layers says what to hide: nothing.
constexpr NamedRole kNames[] = {
    {"input_ids", Kind::kIds, What::kIds},
    {"ids", Kind::kIds, What::kIds},
    {"idx", Kind::kIds, What::kIds},
    {"x", Kind::kIds, What::kIds},
    {"tokens", Kind::kIds, What::kIds},
    {"token_ids", Kind::kIds, What::kIds},
    {"input_tokens", Kind::kIds, What::kIds},
    {"input", Kind::kIds, What::kIds},
    {"inputs", Kind::kIds, What::kIds},
    {"src", Kind::kIds, What::kIds},
    {"src_ids", Kind::kIds, What::kIds},
    {"src_tokens", Kind::kIds, What::kIds},
    {"source", Kind::kIds, What::kIds},
    {"source_ids", Kind::kIds, What::kIds},
    {"encoder_input_ids", Kind::kIds, What::kIds},
    {"attention_mask", Kind::kMask, What::kOnes},
    {"input_mask", Kind::kMask, What::kOnes},
    {"encoder_attention_mask", Kind::kMask, What::kOnes},
    {"src_key_padding_mask", Kind::kMask, What::kNothingHidden},
    {"memory_key_padding_mask", Kind::kMask, What::kNothingHidden},
    {"key_padding_mask", Kind::kMask, What::kNothingHidden},
    {"padding_mask", Kind::kMask, What::kNothingHidden},
    {"token_type_ids", Kind::kTypes, What::kTypes},
    {"segment_ids", Kind::kTypes, What::kTypes},
    {"type_ids", Kind::kTypes, What::kTypes},
    {"position_ids", Kind::kPositions, What::kPositions},
    {"positions", Kind::kPositions, What::kPositions},
    {"pos", Kind::kPositions, What::kPositions},
    {"decoder_input_ids", Kind::kTargetIds, What::kIds},
    {"decoder_ids", Kind::kTargetIds, What::kIds},
    {"target_ids", Kind::kTargetIds, What::kIds},
    {"target", Kind::kTargetIds, What::kIds},
    {"tgt", Kind::kTargetIds, What::kIds},
    {"tgt_ids", Kind::kTargetIds, What::kIds},
    {"tgt_tokens", Kind::kTargetIds, What::kIds},
    {"trg", Kind::kTargetIds, What::kIds},
    {"prev_output_tokens", Kind::kTargetIds, What::kIds},
    {"decoder_attention_mask", Kind::kTargetMask, What::kOnes},
    {"target_mask", Kind::kTargetMask, What::kOnes},
    {"tgt_mask", Kind::kTargetMask, What::kFutureHidden},
    {"tgt_key_padding_mask", Kind::kTargetMask, What::kNothingHidden},
};

// Names that decode has for what encode returned.
constexpr std::string_view kMemories[] = {
    "memory",         "memories",        "enc_out",         "enc_output",     "enc_outputs",
    "encoder_out",    "encoder_output",  "encoder_outputs", "encoder_states", "encoder_hidden_states",
    "encoder_memory", "encoder_context", "encoded",         "context"};

// Names that mean the target's in decode, which has its source encoded.
constexpr NamedRole kNamesInDecode[] = {
    {"y", Kind::kTargetIds, What::kIds},
    {"input_ids", Kind::kTargetIds, What::kIds},
    {"ids", Kind::kTargetIds, What::kIds},
    {"idx", Kind::kTargetIds, What::kIds},
    {"x", Kind::kTargetIds, What::kIds},
    {"tokens", Kind::kTargetIds, What::kIds},
    {"token_ids", Kind::kTargetIds, What::kIds},
    {"input_tokens", Kind::kTargetIds, What::kIds},
    {"input", Kind::kTargetIds, What::kIds},
    {"inputs", Kind::kTargetIds, What::kIds},
    {"attention_mask", Kind::kTargetMask, What::kOnes},
};

// What is made for a role where no name says otherwise.
What usual(Kind role) {
  switch (role) {
    case Kind::kIds:
    case Kind::kTargetIds: return What::kIds;
    case Kind::kMask:
    case Kind::kTargetMask: return What::kOnes;
    case Kind::kTypes: return What::kTypes;
    case Kind::kPositions: return What::kPositions;
    case Kind::kMemory: return What::kMemory;
    case Kind::kNone:
    case Kind::kLiteral: break;
  }
  return What::kConstant;
}

// Positions are decode's own there; in forward the graph says whose they are (place_positions).
Side side_of(Kind role, Method method) {
  const bool target = role == Kind::kTargetIds || role == Kind::kTargetMask ||
                      (role == Kind::kPositions && method == Method::kDecode);
  return target ? Side::kTarget : Side::kSource;
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

at::Tensor tensor_of(const NumberList& list) {
  return torch::tensor(list.values, torch::kFloat64)
      .view(list.shape)
      .to(list.whole ? torch::kInt64 : torch::kFloat32);
}

// What a literal is for an argument of each type; nothing where the argument does not take it.
std::optional<c10::IValue> value_of(const Literal& literal, c10::TypeKind type) {
  const bool* truth = std::get_if<bool>(&literal);
  const std::int64_t* integer = std::get_if<std::int64_t>(&literal);
  const double* number = std::get_if<double>(&literal);
  if (std::holds_alternative<std::monostate>(literal)) return c10::IValue();
  if (type == c10::TypeKind::TensorType) {
    if (const auto* list = std::get_if<NumberList>(&literal)) return tensor_of(*list);
    if (truth != nullptr) return tensor_of({{}, {static_cast<double>(*truth)}, true});
    return tensor_of(integer != nullptr ? NumberList{{}, {static_cast<double>(*integer)}, true}
                                        : NumberList{{}, {*number}, false});
  }
  if (type == c10::TypeKind::BoolType && truth != nullptr) return *truth;
  if (type == c10::TypeKind::IntType && integer != nullptr) return *integer;
  if (type == c10::TypeKind::FloatType && integer != nullptr) return static_cast<double>(*integer);
  if (type == c10::TypeKind::FloatType && number != nullptr) return *number;
  return std::nullopt;
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
  return is_optional(argument) && entry.what == What::kNothingHidden;
}

// Fills a Signature, argument by argument.
class Assignment {
 public:
  Assignment(const c10::FunctionSchema& schema, Method method, const GivenRoles& given)
      : schema_(schema),
        method_(method),
        given_(given),
        ids_(method == Method::kDecode ? Kind::kTargetIds : Kind::kIds),
        ids_taken_(is_taken(ids_)),
        memory_taken_(method != Method::kDecode || names_some_memory()) {}

  Signature run() {
    for (std::size_t i = 1; i < schema_.arguments().size(); ++i) {
      const c10::Argument& argument = schema_.arguments()[i];
      if (const auto role = given_.find(argument.name()); role != given_.end()) {
        push_given(argument, role->second);
      } else if (names_memory(argument.name(), method_)) {
        push(argument, {.kind = Kind::kMemory}, What::kMemory);
      } else {
        push_by_name(argument);
      }
    }
    return std::move(signature_);
  }

 private:
  // Whether some argument has `role`, by what is given or by its name.
  bool is_taken(Kind role) const {
    return std::any_of(schema_.arguments().begin() + 1, schema_.arguments().end(),
                       [&](const c10::Argument& argument) {
                         const auto given = given_.find(argument.name());
                         if (given != given_.end()) return given->second.kind == role;
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

  void push(const c10::Argument& argument, const Role& role, What what, c10::IValue constant = {}) {
    signature_.has_target = signature_.has_target || role.kind == Kind::kTargetIds;
    signature_.inputs.push_back({argument.name(), argument.type()->repr_str(), role});
    signature_.passed.push_back({what, side_of(role.kind, method_)});
    signature_.constants.push_back(std::move(constant));
  }

  void leave_out(const c10::Argument& argument, const std::string& trouble) {
    const Role none;
    if (argument.default_value().has_value()) {
      push(argument, none, What::kConstant, *argument.default_value());
    } else if (is_optional(argument)) {
      push(argument, none, What::kConstant);
    } else {
      refuse_argument({method_, argument}, trouble);
    }
  }

  void push_given(const c10::Argument& argument, const Role& role) {
    if (role.kind == Kind::kNone) {
      leave_out(argument, "cannot be left out");
    } else if (role.kind == Kind::kLiteral) {
      auto value = value_of(role.literal, without_optional(argument.type())->kind());
      if (!value) refuse_argument({method_, argument}, "cannot take the literal " + role.written);
      push(argument, role, What::kConstant, *std::move(value));
    } else {
      const NamedRole* entry = find_name(argument.name(), method_);
      const bool same = entry != nullptr && entry->role == role.kind;
      push(argument, role, same ? entry->what : usual(role.kind));
    }
  }

  void push_by_name(const c10::Argument& argument) {
    const NamedRole* entry = find_name(argument.name(), method_);
    const bool needed = takes_tensor(argument) && !argument.default_value().has_value();
    if (takes_tensor(argument) && entry != nullptr && !better_left_out(argument, *entry)) {
      push(argument, {.kind = entry->role}, entry->what);
    } else if (takes_no_text(argument.name())) {
      refuse_argument({method_, argument}, "takes images, sound or vectors where attnviz passes token ids");
    } else if (needed && !ids_taken_) {
      push(argument, {.kind = ids_}, What::kIds);
      ids_taken_ = true;
    } else if (needed && !memory_taken_) {
      push(argument, {.kind = Kind::kMemory}, What::kMemory);
      memory_taken_ = true;
    } else {
      leave_out(argument, "is not one that attnviz knows");
    }
  }

  const c10::FunctionSchema& schema_;
  Method method_;
  const GivenRoles& given_;
  Kind ids_;  // The role of what has no name.
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

Signature assign_roles(const c10::FunctionSchema& schema, Method method, const GivenRoles& given) {
  return Assignment(schema, method, given).run();
}

void refuse_unknown_arguments(const std::vector<const c10::FunctionSchema*>& schemas,
                              const GivenRoles& given) {
  for (const auto& [name, role] : given) {
    if (std::any_of(schemas.begin(), schemas.end(), [&argument = name](const c10::FunctionSchema* schema) {
          return schema->argumentIndexWithName(argument).has_value();
        })) {
      continue;
    }
    std::string names;
    const auto& arguments = schemas.front()->arguments();
    for (std::size_t i = 1; i < arguments.size(); ++i) names += (i > 1 ? ", " : "") + arguments[i].name();
    throw Error(ErrorKind::kInput, "attnviz.json gives a role to '" + utf8::shown(name) + "', but " +
                                       schemas.front()->name() + " takes (" + names + ")");
  }
}

}  // namespace attnviz::model
