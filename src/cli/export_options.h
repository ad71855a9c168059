#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attnviz/aggregate.h"
#include "cli/console.h"
#include "cli/parse.h"

namespace attnviz::cli {

/// The command line as it was typed; strings become types in check().
struct ExportArguments {
  std::string model;
  std::optional<std::string> text, text_file, ids, batch, pair, target, target_ids;
  std::vector<std::string> segments;
  std::optional<std::int64_t> generate;
  std::optional<std::string> tokens, layers, heads, attention;
  std::string reduce = names_of(default_reductions());
  double rollout_residual = 0.5;
  std::string special = "keep", sink = "keep";
  bool words = false, npz = false;
  std::string colormap = "viridis", scale = "sqrt", vmax = "run", theme = "light";
  bool annotate = false, no_png = false, per_head = false, no_system_fonts = false;
  std::vector<std::string> fonts;
  std::string out;
  bool force = false, resume = false;
  std::optional<std::string> tokenizer, config, dtype, timings;
  std::string device = "cpu", progress = "auto";
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
};

/// Adds the options of the main job to `app`, with their help.
void add_export_options(CLI::App& app, ExportArguments& arguments, ConsoleOptions& console);

}  // namespace attnviz::cli
