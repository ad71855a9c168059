/// Which argument of a model's methods takes what, and the values that are passed.
#pragma once

#include <torch/script.h>

#include <map>
#include <string>
#include <vector>

#include "attnviz/model.h"

namespace attnviz::model {

/// Dtypes that exporters give attention masks.
enum class MaskType { kInt64, kBool, kFloat };

/// The methods that a model is run by: forward, or encode, whose output decode takes.
enum class Method { kForward, kEncode, kDecode };
const char* name_of(Method method) noexcept;  ///< "forward", "encode", "decode".

/// What is made for an argument, and for which side of the model.
struct Passed {
  enum class What {
    kConstant,       ///< A literal, a default, None.
    kIds,            ///< [1, T] int64
    kTypes,          ///< [1, T] int64
    kPositions,      ///< [1, T] = 0 … T−1
    kOnes,           ///< [1, T], of the type of the masks
    kNothingHidden,  ///< [1, T] false, as the padding masks of PyTorch's own layers
    kFutureHidden,   ///< [T, T], −∞ above the diagonal
    kMemory,         ///< What encode returned.
  };
  What what = What::kConstant;
  Side side = Side::kSource;
  friend bool operator==(const Passed&, const Passed&) = default;
};

/// How a method is called. Arguments are those after `self`.
struct Signature {
  std::vector<ModelInput> inputs;
  std::vector<Passed> passed;          ///< One for each argument.
  std::vector<c10::IValue> constants;  ///< What is passed where it is kConstant.
  bool has_target = false;             ///< Some argument takes target ids.
};

/// Roles by the names of arguments, as attnviz.json gives them.
using GivenRoles = std::map<std::string, Role>;

/// Decides the role of every argument of `method`: `given` (attnviz.json) first, then the names that
/// exporters use. The first tensor that nobody names takes what is missing: ids, or target ids and then the
/// encoder's output ("memory") in decode. Throws kInput naming the argument for which nothing says anything.
Signature assign_roles(const c10::FunctionSchema& schema, Method method, const GivenRoles& given);

/// Throws kInput, naming what forward takes, when `given` (attnviz.json) has an argument that is in none of
/// `schemas`, the first of which is forward's.
void refuse_unknown_arguments(const std::vector<const c10::FunctionSchema*>& schemas,
                              const GivenRoles& given);

/// The arguments of a method for `inputs`: ids [1, T] int64, and beside them masks of ones [1, T], types [1,
/// T], positions [1, T] = 0 … T−1, likewise for the target; `memory` is what encode returned, for decode.
std::vector<c10::IValue> make_arguments(const Signature& signature, const ModelInputs& inputs, MaskType mask,
                                        const c10::Device& device, const c10::IValue& memory = {});

}  // namespace attnviz::model
