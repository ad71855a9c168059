#pragma once

#include <span>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/report.h"

namespace attnviz {

/// The arrays of attention.npz, named `<attention>.<what>` (contract, "Files"). Takes the values out of
/// `maps`. `outputs`: their queries are the rows of all maps but the encoder's beside others.
std::vector<NpzArray> npz_arrays(AttentionMaps&& maps, std::span<const OutputToken> outputs);

}  // namespace attnviz
