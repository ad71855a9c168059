#include "attnviz/batch.h"
#include "batch/run_record.h"
#include "batch/write_record.h"

namespace attnviz {

ExportResult export_maps(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                         const ExportOptions& options,
                         const std::vector<std::pair<std::string, OptionValue>>& options_for_manifest,
                         OutputDirectory& folder, Listener& listener) {
  RecordMaps run = run_record(model, tokenizers, record, options, listener);
  run.manifest.options = options_for_manifest;
  const Encoding& writer = run.manifest.target ? *run.manifest.target : *run.manifest.source;
  ExportResult result{.paths = {}, .generated = writer.generated};
  result.paths = RecordWriter(options).write(std::move(run), folder, listener);
  return result;
}

}  // namespace attnviz
