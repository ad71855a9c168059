#pragma once

#include <string>

#include "cli/console.h"
#include "cli/start/start.h"

namespace attnviz::cli {

/// The version of attnviz on a line, then those of libtorch, and of the BLAS with the kernels it runs.
std::string version_text();

/// Details: what computes, and how `start` chose its environment. Warns of what makes a run slow.
void say_what_computes(const Start& start, Console& console);

}  // namespace attnviz::cli
