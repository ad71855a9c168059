/// What a model returns: said for people, and the parts that are looked for in it.
#pragma once

#include <torch/script.h>

#include <optional>
#include <string>
#include <vector>

#include "model/capture_session.h"

namespace attnviz::model {

/// A tensor somewhere in an output. `path`: the indices and keys on the way to it, joined by dots.
struct OutputTensor {
  std::string path;
  at::Tensor tensor;
};

/// All tensors of an output, depth first.
std::vector<OutputTensor> output_tensors(const c10::IValue& output);

/// "Tensor [1, 8, 1000]", "tuple(Tensor [1, 8, 64], list(…))"; long lists are cut short.
std::string describe_output(const c10::IValue& output);

/// Logits [1, `length`, vocabulary]: the tensor at `path` where it is given, else the first that has that
/// shape. Throws kInput, saying what the output is, when there is none.
at::Tensor find_logits(const c10::IValue& output, const std::optional<std::string>& path,
                       std::int64_t length);

/// Attention that a model returns.
struct ReturnedAttention {
  std::string path;  ///< With the index of the layer in a stacked tensor, where it is one.
  AttentionKind kind = AttentionKind::kSelf;
  at::Tensor weights;  ///< [heads, queries, keys]
};

/// The tensors of an output that are attention by their shape and because their rows sum to 1.
std::vector<ReturnedAttention> find_returned_attention(const c10::IValue& output, Lengths lengths,
                                                       bool has_target);

/// The attention at paths that were found in an earlier run, kinds as they were told then.
std::vector<ReturnedAttention> returned_attention_at(const c10::IValue& output,
                                                     const std::vector<ReturnedAttention>& found);

}  // namespace attnviz::model
