#pragma once

#include "attnviz/report.h"
#include "report/json_writer.h"

namespace attnviz {

/// An object with a member for each option.
void write_options(JsonWriter& json, const ManifestOptions& options);

}  // namespace attnviz
