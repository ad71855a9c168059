/// Operators that attnviz adds to TorchScript: those that newer exports need, and those that capture.
#pragma once

#include <string>
#include <vector>

namespace attnviz::model {

/// Registers, once for the process, the capturing operators (`attnviz::…`) and those of the compatibility
/// table that this libtorch lacks. Models must be loaded after it.
void register_operators();

/// Names of the compatibility table, "aten::rms_norm", for tests and messages.
std::vector<std::string> compatibility_operators();

/// Those of the table that this libtorch lacked and that were registered here.
const std::vector<std::string>& registered_operators();

}  // namespace attnviz::model
