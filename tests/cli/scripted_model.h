/// Small models for the command to be run on. The one file behind this header is all that sees torch here.
#pragma once

#include <cstddef>
#include <string>

namespace attnviz::testing {

/// Saves a TorchScript module whose methods are `source`.
void save_scripted(const std::string& source, const std::string& path);

/// The same with the expression that each method returns in `depth` parentheses, deeper than the stack.
void save_nested(const std::string& source, std::size_t depth, const std::string& path);

/// Saves a dictionary of tensors as torch.save(model.state_dict()) does.
void save_state_dict(const std::string& path);

bool has_cuda();

}  // namespace attnviz::testing
