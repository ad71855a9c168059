#pragma once

#include "attnviz/report.h"

namespace attnviz::report {

/// An object with a member for each option.
void write_options(JsonWriter& json, const ManifestOptions& options);

}  // namespace attnviz::report
