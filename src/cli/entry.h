#pragma once

#include "cli/start/start.h"

/// The whole command, in a library of its own that the program loads once the environment is as it has to be.
/// Returns the exit code.
extern "C" __attribute__((visibility("default"))) int attnviz_command(int argc, char** argv,
                                                                      const attnviz::cli::Start& start);
