#include "model/methods.h"

#include <algorithm>

namespace attnviz::model {

namespace {

bool takes(const Signature& signature, Passed passed) {
  return std::find(signature.passed.begin(), signature.passed.end(), passed) != signature.passed.end();
}

const c10::FunctionSchema& schema_of(const torch::jit::Module& module, Method method) {
  return module.get_method(name_of(method)).function().getSchema();
}

// The signature of a method, or the error that says why there is none.
struct Attempt {
  std::optional<Signature> signature;
  std::optional<Error> trouble;
};

Attempt attempt(const torch::jit::Module& module, Method method, const GivenRoles& roles) {
  if (!module.find_method(name_of(method))) return {};
  try {
    return {assign_roles(schema_of(module, method), method, roles), std::nullopt};
  } catch (const Error& error) {
    return {std::nullopt, error};
  }
}

bool are_halves(const Attempt& encode, const Attempt& decode) {
  constexpr Passed kSourceIds{Passed::What::kIds, Side::kSource};
  constexpr Passed kTargetIds{Passed::What::kIds, Side::kTarget};
  return encode.signature && decode.signature && takes(*encode.signature, kSourceIds) &&
         !takes(*encode.signature, kTargetIds) && takes(*decode.signature, kTargetIds) &&
         takes(*decode.signature, {Passed::What::kMemory, Side::kSource});
}

void check_argument_names(const torch::jit::Module& module, const GivenRoles& roles) {
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

Methods::Methods(const torch::jit::Module& module, const ModelDescription& description,
                 const c10::Device& device, const std::optional<DtypeCast>& cast)
    : device_(device) {
  check_argument_names(module, description.roles);
  const auto call = [&](const Attempt& found, Method method) {
    Call made{*found.signature, Program(module, method, cast, device)};
    place_positions(made.program.graph(), made.signature);
    return made;
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

void Methods::instrument(const torch::jit::Module& module) {
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

bool Methods::has_target() const { return !forward_ || forward_->signature.has_target; }

std::vector<ModelInput> Methods::inputs() const {
  if (forward_) return forward_->signature.inputs;
  std::vector<ModelInput> inputs = encode_->signature.inputs;
  for (const ModelInput& input : decode_->signature.inputs) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&](const ModelInput& other) { return other.name == input.name; });
    if (!known) inputs.push_back(input);
  }
  return inputs;
}

c10::IValue Methods::encode(const ModelInputs& inputs, MaskType mask) const {
  return encode_->program.run(make_arguments(encode_->signature, inputs, mask, device_));
}

c10::IValue Methods::decode(const c10::IValue& memory, const ModelInputs& inputs, MaskType mask) const {
  return decode_->program.run(make_arguments(decode_->signature, inputs, mask, device_, memory));
}

c10::IValue Methods::run(const ModelInputs& inputs, MaskType mask) const {
  if (!forward_) return decode(encode(inputs, mask), inputs, mask);
  return forward_->program.run(make_arguments(forward_->signature, inputs, mask, device_));
}

c10::IValue Methods::run_captured(const ModelInputs& inputs, MaskType mask,
                                  const c10::intrusive_ptr<CaptureSession>& session) const {
  if (forward_) {
    return forward_->program.run_captured(make_arguments(forward_->signature, inputs, mask, device_),
                                          session);
  }
  const c10::IValue memory =
      encode_->program.run_captured(make_arguments(encode_->signature, inputs, mask, device_), session);
  return decode_->program.run_captured(make_arguments(decode_->signature, inputs, mask, device_, memory),
                                       session);
}

void Methods::capture(const ModelInputs& inputs, MaskType mask,
                      const c10::intrusive_ptr<CaptureSession>& session) const {
  if (forward_) {
    forward_->program.capture(make_arguments(forward_->signature, inputs, mask, device_), session);
    return;
  }
  const c10::IValue memory =
      encode_->program.run_captured(make_arguments(encode_->signature, inputs, mask, device_), session);
  decode_->program.capture(make_arguments(decode_->signature, inputs, mask, device_, memory), session);
}

std::vector<std::int64_t> Methods::frequent_integers(std::int64_t most) const {
  return (forward_ ? forward_ : encode_)->program.frequent_integers(most);
}

}  // namespace attnviz::model
