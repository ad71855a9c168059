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
  Blas blas;                           ///< As far as it is known before libtorch is loaded.
  std::vector<std::string> sentences;  ///< What was chosen and why, for --verbose.
  std::vector<std::string> warnings;
};

/// A change of a variable of the environment: to a value, or nothing to take it away.
struct Change {
  std::string variable;
  std::optional<std::string> value;
};

using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

/// How threads that have nothing to do wait. They sleep, for threads that spin take the cores that others
/// need, unless the user said anything of it. Adds to `sentences` what it says.
std::vector<Change> choose_waiting(const Environment& environment, std::vector<std::string>& sentences);

/// The name of the variable by which a process tells the next one, started from the same file, why it is.
inline constexpr const char* kStartedFor = "ATTNVIZ_STARTED_FOR";

/// What to do about the kernels of a BLAS that is loaded. Where `changes` is not empty, they can only be made
/// by starting the process again. `started_for` is what kStartedFor said; `wrong` checks the products of
/// `blas`, and is asked in a process that was started again for other kernels. Adds to `sentences` what it
/// says.
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
