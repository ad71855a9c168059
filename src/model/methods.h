/// How a model is called, from the inputs of a run to what it returns.
#pragma once

#include <torch/script.h>

#include <optional>
#include <vector>

#include "model/limits.h"
#include "model/program.h"
#include "model/roles.h"

namespace attnviz::model {

/// A method of the model, and what is passed to it.
struct Call {
  Signature signature;
  Program program;
};

/// The methods of a model. Its attention is taken from forward; where forward takes no target, but there are
/// methods encode(source …) and decode(target …, encoded …), from these, one after the other. An
/// encoder–decoder that has all three is captured through forward and may generate by the other two.
class Methods {
 public:
  /// Throws kInput when there is neither a forward nor an encode and decode that attnviz knows how to call.
  Methods(const torch::jit::Module& module, const ModelDescription& description, const c10::Device& device,
          const std::optional<DtypeCast>& cast);

  bool has_target() const;                 ///< An encoder–decoder.
  std::vector<ModelInput> inputs() const;  ///< Arguments of the methods that attention is taken from.
  const Limits& limits() const { return limits_; }

  const std::vector<Site>& sites() const { return sites_; }
  /// Corrects what the flow of data says of a site, where a run says otherwise.
  void set_kind(std::size_t site, AttentionKind kind) { sites_[site].kind = kind; }

  /// What forward (or decode) returns: bare, with the attention of the sites handed to `session`, or that
  /// attention alone.
  c10::IValue run(const ModelInputs& inputs, MaskType mask) const;
  c10::IValue run_captured(const ModelInputs& inputs, MaskType mask,
                           const c10::intrusive_ptr<CaptureSession>& session) const;
  void capture(const ModelInputs& inputs, MaskType mask,
               const c10::intrusive_ptr<CaptureSession>& session) const;

  /// Whether there are encode() and decode(), and whether forward() is called at all.
  bool has_halves() const { return encode_.has_value(); }
  bool has_forward() const { return forward_.has_value(); }

  /// What the method encode returns for the source, and decode for it and the target; has_halves() only.
  c10::IValue encode(const ModelInputs& inputs, MaskType mask) const;
  c10::IValue decode(const c10::IValue& memory, const ModelInputs& inputs, MaskType mask) const;

  /// Program::frequent_integers() of the method that takes the source.
  std::vector<std::int64_t> frequent_integers(std::int64_t most) const;

 private:
  void instrument(const torch::jit::Module& module);

  c10::Device device_;
  std::optional<Call> forward_;
  std::optional<Call> encode_;  // Both or none.
  std::optional<Call> decode_;
  std::vector<Site> sites_;
  Limits limits_;
};

}  // namespace attnviz::model
