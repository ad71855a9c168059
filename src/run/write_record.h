#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attnviz/run.h"

namespace attnviz::run {

/// Draws and writes the files of records, one after the other, with `options.workers` threads.
class RecordWriter {
 public:
  explicit RecordWriter(const ExportOptions& options);

  /// Writes tokens/…, the files of the whole run, and the manifest last. Returns the paths in that order.
  /// Throws kOutput, kInterrupted.
  std::vector<std::string> write(RunMaps&& run, OutputDirectory& folder, Listener& listener);

 private:
  std::vector<std::string> write_tokens(RunMaps& run, OutputDirectory& folder, Listener& listener);

  int workers_;
  std::vector<std::unique_ptr<RunWriter>> formats_;
};

}  // namespace attnviz::run
