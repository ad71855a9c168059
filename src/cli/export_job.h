#pragma once

#include <chrono>
#include <memory>

#include "attnviz/run.h"
#include "cli/console.h"
#include "cli/export_options.h"

namespace attnviz::cli {

/// The main job, checked.
struct ExportJob {
  LoadOptions load;
  InputRecord record;  ///< Of a batch only what its records have in common.
  ExportOptions options;
  ManifestOptions options_for_manifest;
};

/// Turns strings into types, and reads the files that are named. Throws kUsage, kInput.
ExportJob check(const ExportArguments& arguments, ConsoleOptions& console);

/// A model with its tokenizers.
struct LoadedModel {
  LoadedModel(const ExportArguments& arguments, const ExportJob& job, Console& console);
  Tokenizers tokenizers() const { return {tokenizer.get(), target_tokenizer.get()}; }

  std::unique_ptr<Model> model;
  std::unique_ptr<Tokenizer> tokenizer, target_tokenizer;  ///< May be null.
};

/// Counts the seconds of a job from its construction on, and writes them where `--timings` says.
class Timings {
 public:
  /// Throws kUsage for a file in the folder of the maps.
  explicit Timings(const ExportArguments& arguments);
  void loaded() { load_ = elapsed(); }
  /// Throws kOutput.
  void write(const PhaseSeconds& seconds, std::int64_t records) const;

 private:
  double elapsed() const;

  std::optional<std::string> file_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double load_ = 0;
};

/// Runs the records of `--batch`. Throws CLI::RuntimeError(1) where some of them failed, which it has said.
void run_batch(const ExportArguments& arguments, const ExportJob& job, Console& console);

}  // namespace attnviz::cli
