#pragma once

#include "attnviz/core.h"
#include "attnviz/report.h"

namespace attnviz::report {

/// {"index", "id", "text", "begin", "end", "special", "segment"} of one position. Bytes are those of the
/// input: a token of the template or of generated text has null for both. "segment" is there when segments
/// are named.
void write_token(JsonWriter& json, const Sequence& sequence, std::int64_t position);

}  // namespace attnviz::report
