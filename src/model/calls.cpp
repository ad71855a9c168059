#include "model/calls.h"

#include <algorithm>

namespace attnviz {

namespace {

using Roles = std::map<std::string, std::string>;

bool takes(const Signature& signature, std::string_view kind) {
  return std::find(signature.kinds.begin(), signature.kinds.end(), kind) != signature.kinds.end();
}

const c10::FunctionSchema& schema_of(const torch::jit::Module& module, Method method) {
  return module.get_method(name_of(method)).function().getSchema();
}

// The signature of a method, or the error that says why there is none.
struct Attempt {
  std::optional<Signature> signature;
  std::optional<Error> trouble;
};

Attempt attempt(const torch::jit::Module& module, Method method, const Roles& roles) {
  if (!module.find_method(name_of(method))) return {};
  try {
    return {assign_roles(schema_of(module, method), method, roles), std::nullopt};
  } catch (const Error& error) {
    return {std::nullopt, error};
  }
}

bool are_halves(const Attempt& encode, const Attempt& decode) {
  return encode.signature && decode.signature && takes(*encode.signature, "ids") &&
         !takes(*encode.signature, "target ids") && takes(*decode.signature, "target ids") &&
         takes(*decode.signature, "memory");
}

void check_argument_names(const torch::jit::Module& module, const Roles& roles) {
  std::vector<const c10::FunctionSchema*> schemas;
  for (const Method method : {Method::kForward, Method::kEncode, Method::kDecode}) {
    if (module.find_method(name_of(method))) schemas.push_back(&schema_of(module, method));
  }
  if (!schemas.empty()) refuse_unknown_arguments(schemas, roles);
}

void lower(std::optional<std::int64_t>& limit, const std::optional<std::int64_t>& other) {
  if (other) limit = std::min(limit.value_or(*other), *other);
}

void lower(Limits& limits, const Limits& other) {
  lower(limits.vocabulary, other.vocabulary);
  lower(limits.target_vocabulary, other.target_vocabulary);
  lower(limits.positions, other.positions);
  lower(limits.table_rows, other.table_rows);
}

}  // namespace

Calls::Calls(const torch::jit::Module& module, const ModelDescription& description, const c10::Device& device,
             const std::optional<Widening>& widening)
    : device_(device) {
  refuse_file_operators(module);
  check_argument_names(module, description.roles);
  const auto call = [&](const Attempt& found, Method method) {
    return Call{*found.signature, Program(module, method, widening, device)};
  };
  const Attempt forward = attempt(module, Method::kForward, description.roles);
  const Attempt encode = attempt(module, Method::kEncode, description.roles);
  const Attempt decode = attempt(module, Method::kDecode, description.roles);
  const bool one_stack = forward.signature && !forward.signature->has_target;
  const bool said_so = description.config.task.value_or(Task::kSeq2Seq) != Task::kSeq2Seq;
  if (are_halves(encode, decode) && !(one_stack && said_so)) {
    encode_ = call(encode, Method::kEncode);
    decode_ = call(decode, Method::kDecode);
  }
  if (forward.signature && !(one_stack && encode_)) forward_ = call(forward, Method::kForward);
  if (!forward_ && !encode_) {
    if (forward.trouble) throw *forward.trouble;
    throw Error(ErrorKind::kInput,
                "the model has no method forward that attnviz could call, nor encode(source) and "
                "decode(target, memory); export it with one of them",
                encode.trouble   ? encode.trouble->what()
                : decode.trouble ? decode.trouble->what()
                                 : "");
  }
  instrument(module);
}

void Calls::instrument(const torch::jit::Module& module) {
  const auto take = [&](Call& call) {
    call.program.instrument(call.signature, has_target(), sites_);
    lower(limits_, find_limits(call.program.graph(), module, call.signature));
  };
  if (forward_) {
    take(*forward_);
  } else {
    take(*encode_);
    take(*decode_);
  }
}

bool Calls::has_target() const { return !forward_ || forward_->signature.has_target; }

std::vector<ModelInput> Calls::inputs() const {
  if (forward_) return forward_->signature.inputs;
  std::vector<ModelInput> inputs = encode_->signature.inputs;
  for (const ModelInput& input : decode_->signature.inputs) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&](const ModelInput& other) { return other.name == input.name; });
    if (!known) inputs.push_back(input);
  }
  return inputs;
}

c10::IValue Calls::encode(const ModelInputs& inputs, MaskType mask) const {
  return encode_->program.run(make_arguments(encode_->signature, inputs, mask, device_));
}

c10::IValue Calls::decode(const c10::IValue& memory, const ModelInputs& inputs, MaskType mask) const {
  return decode_->program.run(make_arguments(decode_->signature, inputs, mask, device_, memory));
}

c10::IValue Calls::run(const ModelInputs& inputs, MaskType mask) const {
  if (!forward_) return decode(encode(inputs, mask), inputs, mask);
  return forward_->program.run(make_arguments(forward_->signature, inputs, mask, device_));
}

c10::IValue Calls::run_recorded(const ModelInputs& inputs, MaskType mask,
                                const c10::intrusive_ptr<Recording>& recording) const {
  if (forward_) {
    return forward_->program.run_recorded(make_arguments(forward_->signature, inputs, mask, device_),
                                          recording);
  }
  const c10::IValue memory =
      encode_->program.run_recorded(make_arguments(encode_->signature, inputs, mask, device_), recording);
  return decode_->program.run_recorded(make_arguments(decode_->signature, inputs, mask, device_, memory),
                                       recording);
}

void Calls::record(const ModelInputs& inputs, MaskType mask,
                   const c10::intrusive_ptr<Recording>& recording) const {
  if (forward_) {
    forward_->program.record(make_arguments(forward_->signature, inputs, mask, device_), recording);
    return;
  }
  const c10::IValue memory =
      encode_->program.run_recorded(make_arguments(encode_->signature, inputs, mask, device_), recording);
  decode_->program.record(make_arguments(decode_->signature, inputs, mask, device_, memory), recording);
}

std::vector<std::int64_t> Calls::frequent_integers(std::int64_t most) const {
  return (forward_ ? forward_ : encode_)->program.frequent_integers(most);
}

}  // namespace attnviz
