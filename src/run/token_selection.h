#pragma once

#include "attnviz/run.h"

namespace attnviz::run {

/// No sequence is that long; larger numbers would only fill memory.
constexpr std::int64_t kLargestPosition = 1'000'000;

}  // namespace attnviz::run
