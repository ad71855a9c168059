#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/start/blas.h"
#include "cli/start/kernels.h"

namespace attnviz::cli {

/// What the command was started with, and why. Handed to the command once its libraries are loaded.
struct Start {
  std::vector<std::string> sentences;  ///< What was chosen and why, for --verbose.
  std::vector<std::string> warnings;
};

/// A change of a variable of the environment: to a value, or nothing to take it away.
struct Change {
  std::string variable;
  std::optional<std::string> value;
};

using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

/// How threads that have nothing to do wait: asleep, for threads that spin take the cores that others need.
/// Nothing changes where the user set one of the variables that decide it. Adds to `sentences` what holds.
std::vector<Change> choose_waiting(const Environment& environment, std::vector<std::string>& sentences);

/// The name of the variable by which a process tells the next one, started from the same file, why it is.
inline constexpr const char* kStartedFor = "ATTNVIZ_STARTED_FOR";

/// What to do about the kernels of a BLAS that is loaded: changes that only take effect in a process that is
/// started again, or none. `started_for` is what kStartedFor said; `wrong` is wrong_product() of `blas`, and
/// is asked in a process that was started again for other kernels. Adds to `sentences` what holds.
std::vector<Change> choose_kernel(const Blas& blas, const Processor& processor,
                                  const Environment& environment,
                                  const std::optional<std::string>& started_for,
                                  const std::function<std::string()>& wrong,
                                  std::vector<std::string>& sentences);

/// Makes the environment what it has to be before libtorch is loaded. Both the way of waiting and OpenBLAS'
/// kernels are decided by variables that these libraries read while they are loaded. Where OpenBLAS has to be
/// another than it was loaded as, starts the process again and does not return; where that cannot be done,
/// goes on as it is.
Start prepare(char** argv);

}  // namespace attnviz::cli
