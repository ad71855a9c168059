/// What TorchScript code does to files: told by its text before any of it is compiled, and by what it was
/// compiled to before any of it is run.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace torch::jit {
struct Module;
}

namespace attnviz::source {

/// Operators that read or write files, as of libtorch 1.13 and 2.6; all are called with a name.
constexpr std::array<std::string_view, 2> kFileOperators = {"from_file", "save"};

/// The first call in `code` (a record `code/….py` of an archive) of something named like one of
/// kFileOperators, by whatever way TorchScript has: `torch.save(x, "f")`, `ops.aten.save(…)`, `x.save("f")`,
/// `getattr(torch, "save")(…)`. A name that getattr is given in disguise counts as well. Nothing otherwise.
std::optional<std::string> find_file_call(std::string_view code);

/// Throws kInput, naming the model by its `path`, where a method of `module` was compiled to one of
/// kFileOperators, in whatever way its text spelled it.
void refuse_file_operators(const torch::jit::Module& module, const std::string& path);

}  // namespace attnviz::source
