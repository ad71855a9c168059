#pragma once

#include "attnviz/batch.h"

namespace attnviz {

/// What the files of a record are made of: what is left when the model has run.
struct RecordMaps {
  AttentionMaps maps;
  std::vector<OutputToken> outputs;
  AttendedTexts texts;  ///< As the maps show them.
  std::vector<AttentionKind> kinds;
  bool causal = false;
  Manifest manifest;  ///< Whole but for the files.
};

/// Encodes `record`, lets the model write where that is asked for, and runs it once with its attention
/// captured (twice with `drop_sinks`). Throws as export_maps does.
RecordMaps run_record(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                      const ExportOptions& options, Listener& listener);

}  // namespace attnviz
