#pragma once

#include "attnviz/run.h"

namespace attnviz::run {

/// Encodes `record`, lets the model write where that is asked for, and runs it once with its attention
/// captured (twice with `drop_sinks`). Throws as export_maps does.
RunMaps run_record(Model& model, const Tokenizers& tokenizers, const InputRecord& record,
                   const ExportOptions& options, Listener& listener);

}  // namespace attnviz::run
