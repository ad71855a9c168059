#include <chrono>

#include "attnviz/run.h"
#include "run/run_record.h"
#include "run/write_record.h"

namespace attnviz::run {

ExportResult export_maps(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                         const ExportOptions& options, const ManifestOptions& options_for_manifest,
                         OutputDirectory& folder, Listener& listener) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto start = now();
  RunMaps run = run_record(model, tokenizers, record, options, listener);
  const auto captured = now();
  run.manifest.options = options_for_manifest;
  const Sequence& writer = run.manifest.target ? *run.manifest.target : *run.manifest.source;
  ExportResult result{.generated = writer.generated};
  result.paths = RecordWriter(options).write(std::move(run), folder, listener);
  result.seconds.run = std::chrono::duration<double>(captured - start).count();
  result.seconds.write = std::chrono::duration<double>(now() - captured).count();
  return result;
}

}  // namespace attnviz::run
