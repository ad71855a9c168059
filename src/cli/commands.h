#pragma once

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace attnviz::cli {

/// Adds the main job, `attnviz MODEL …`, which is done as soon as `app` has parsed; likewise the others.
void add_export(CLI::App& app, ConsoleOptions& console);

/// Adds `attnviz inspect MODEL`.
void add_inspect(CLI::App& app, ConsoleOptions& console);

/// Adds `attnviz tokenize TOKENIZER`.
void add_tokenize(CLI::App& app);

/// Adds `attnviz diff MAPS_A MAPS_B`.
void add_diff(CLI::App& app, ConsoleOptions& console);

}  // namespace attnviz::cli
