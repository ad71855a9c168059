#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attnviz/batch.h"
#include "batch/run_record.h"

namespace attnviz {

/// Draws and writes the files of records, one after the other, with `options.workers` threads. Keeps its
/// painters, with the fonts that they have read, from one record to the next.
class RecordWriter {
 public:
  explicit RecordWriter(const ExportOptions& options) : options_(options) {}

  /// Writes tokens/…, the pictures of the whole run, attention.npz, and the manifest last. Returns the paths
  /// in that order. Throws kOutput, kInterrupted.
  std::vector<std::string> write(RecordMaps&& run, OutputDirectory& folder, Listener& listener);

 private:
  void prepare_painters(const RecordMaps& run);
  std::vector<std::string> write_tokens(RecordMaps& run, OutputDirectory& folder, Listener& listener);
  std::vector<std::string> write_pictures(RecordMaps& run, OutputDirectory& folder);
  std::optional<std::string> missing_characters() const;

  ExportOptions options_;
  std::vector<Painter> painters_;  ///< One for each worker.
};

}  // namespace attnviz
