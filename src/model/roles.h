/// Which argument of a model's methods takes what, and the values that are passed.
#pragma once

#include <torch/script.h>

#include <map>
#include <string>
#include <vector>

#include "attnviz/model.h"

namespace attnviz {

/// Dtypes that exporters give attention masks.
enum class MaskType { kInt64, kBool, kFloat };

/// The methods that a model is run by: forward, or encode, whose output decode takes.
enum class Method { kForward, kEncode, kDecode };
const char* name_of(Method method) noexcept;  ///< "forward", "encode", "decode".

/// How a method is called. Arguments are those after `self`.
struct Signature {
  std::vector<ModelInput> inputs;
  /// What is made for each argument: "ids", "ones", "target ids", "memory", ….
  std::vector<std::string> kinds;
  std::vector<c10::IValue> constants;  ///< What is passed where the role is "none" or a literal.
  bool has_target = false;             ///< Some argument takes target ids.
};

/// Decides the role of every argument of `method`: `given` (attnviz.json) first, then the names that
/// exporters use. The first tensor that nobody names takes what is missing: ids, or target ids and then the
/// encoder's output ("memory") in decode. Throws kInput naming the argument for which nothing says anything.
Signature assign_roles(const c10::FunctionSchema& schema, Method method,
                       const std::map<std::string, std::string>& given);

/// Throws kInput, naming what forward takes, when `given` (attnviz.json) has an argument that is in none of
/// `schemas`, the first of which is forward's.
void refuse_unknown_arguments(const std::vector<const c10::FunctionSchema*>& schemas,
                              const std::map<std::string, std::string>& given);

/// The arguments of a method for `inputs`: ids [1, T] int64, and beside them masks of ones [1, T], types [1,
/// T], positions [1, T] = 0 … T−1, likewise for the target; `memory` is what encode returned, for decode.
std::vector<c10::IValue> make_arguments(const Signature& signature, const ModelInputs& inputs, MaskType mask,
                                        const c10::Device& device, const c10::IValue& memory = {});

}  // namespace attnviz
