/// Which argument of forward takes what, and the values that are passed.
#pragma once

#include <torch/script.h>

#include <map>
#include <string>
#include <vector>

#include "attnviz/model.h"

namespace attnviz {

/// Dtypes that exporters give attention masks.
enum class MaskType { kInt64, kBool, kFloat };

/// How forward is called. Arguments are those after `self`.
struct Signature {
  std::vector<ModelInput> inputs;
  std::vector<std::string> kinds;  ///< Of each argument's tensor: "ids", "ones", "none masked", "causal", ….
  std::vector<c10::IValue> constants;  ///< What is passed where the role is "none" or a literal.
  bool has_target = false;             ///< Some argument takes target ids.
};

/// Decides the role of every argument: `given` (attnviz.json) first, then the names that exporters use.
/// Throws kInput naming the argument for which neither says anything, and the argument of `given` that does
/// not exist.
Signature assign_roles(const c10::FunctionSchema& schema, const std::map<std::string, std::string>& given);

/// The arguments of forward for `inputs`: ids [1, T] int64, and beside them masks of ones [1, T], types [1,
/// T], positions [1, T] = 0 … T−1, likewise for the target.
std::vector<c10::IValue> make_arguments(const Signature& signature, const ModelInputs& inputs, MaskType mask,
                                        const c10::Device& device);

}  // namespace attnviz
