/// How many ids and positions a model takes, as far as its graph says.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <optional>

#include "model/roles.h"

namespace attnviz::model {

struct Limits {
  std::optional<std::int64_t> vocabulary;         ///< Rows of the embedding of ids.
  std::optional<std::int64_t> target_vocabulary;  ///< Likewise of target ids.
  std::optional<std::int64_t> positions;          ///< Rows of an embedding of positions 0, 1, 2, ….
  /// Rows of tables of which a piece as long as the text is cut; beyond them a model usually fails.
  std::optional<std::int64_t> table_rows;
};

/// Reads the limits from an inlined graph of a method of `module`.
Limits find_limits(torch::jit::Graph& graph, const torch::jit::Module& module, const Signature& signature);

}  // namespace attnviz::model
