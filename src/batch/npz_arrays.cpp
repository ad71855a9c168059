#include "batch/npz_arrays.h"

#include <algorithm>

namespace attnviz {
namespace {

std::int64_t size_of(const auto& values) { return static_cast<std::int64_t>(values.size()); }

/// The output token of each query; a query of the encoder that produced none stands for its own position.
std::vector<std::int64_t> outputs_of(const std::vector<std::int64_t>& queries,
                                     std::span<const OutputToken> outputs, bool beside_others) {
  std::vector<std::int64_t> indices;
  for (const std::int64_t query : queries) {
    const auto output =
        std::find_if(outputs.begin(), outputs.end(), [&](const OutputToken& o) { return o.query == query; });
    indices.push_back(beside_others || output == outputs.end() ? query : output->index);
  }
  return indices;
}

}  // namespace

std::vector<NpzArray> npz_arrays(AttentionMaps&& maps, std::span<const OutputToken> outputs) {
  std::vector<NpzArray> arrays;
  std::vector<AttentionKind> indexed;
  const bool other_kinds = std::any_of(maps.maps.begin(), maps.maps.end(), [](const AttentionMap& map) {
    return map.kind != AttentionKind::kEncoder;
  });
  for (AttentionMap& map : maps.maps) {
    const std::string kind = std::string(to_string(map.kind)) + ".";
    const std::int64_t queries = size_of(map.queries);
    if (std::find(indexed.begin(), indexed.end(), map.kind) == indexed.end()) {
      indexed.push_back(map.kind);
      const bool beside_others = map.kind == AttentionKind::kEncoder && other_kinds;
      arrays.push_back({kind + "queries", {queries}, map.queries});
      arrays.push_back({kind + "outputs", {queries}, outputs_of(map.queries, outputs, beside_others)});
    }
    arrays.push_back(
        {kind + map.reduction, {size_of(map.layers), queries, map.keys}, std::move(map.by_layer)});
  }
  for (HeadMap& map : maps.heads) {
    arrays.push_back({std::string(to_string(map.kind)) + ".heads",
                      {size_of(map.layers), size_of(map.heads), size_of(map.queries), map.keys},
                      std::move(map.weights)});
  }
  return arrays;
}

}  // namespace attnviz
