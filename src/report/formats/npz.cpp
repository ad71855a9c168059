#include <algorithm>
#include <map>

#include "report/formats/format.h"

namespace attnviz::report {
namespace {

constexpr RunFile kArrays{"npz", "attention.npz"};

std::int64_t size_of(const auto& values) { return static_cast<std::int64_t>(values.size()); }

/// The output token of each query; one that puts nothing out stands for its own position.
std::vector<std::int64_t> outputs_of(const std::vector<std::int64_t>& queries,
                                     std::span<const TokenMap> tokens, bool asking) {
  std::map<std::int64_t, std::int64_t> index_of;
  for (const TokenMap& map : tokens) index_of.try_emplace(map.token.query, map.token.index);
  std::vector<std::int64_t> indices;
  for (const std::int64_t query : queries) {
    const auto output = index_of.find(query);
    indices.push_back(!asking || output == index_of.end() ? query : output->second);
  }
  return indices;
}

/// The arrays of attention.npz, named `<attention>.<what>` (contract, "Files"). Takes the values out of
/// `maps`. The queries of `tokens` are the rows of all maps whose queries are of the side `asking`.
std::vector<NpzArray> npz_arrays(AttentionMaps&& maps, std::span<const TokenMap> tokens, Side asking) {
  std::vector<NpzArray> arrays;
  std::vector<AttentionKind> indexed;
  for (AttentionMap& map : maps.maps) {
    const std::string kind = std::string(to_string(map.kind)) + ".";
    const std::int64_t queries = size_of(map.queries);
    if (std::find(indexed.begin(), indexed.end(), map.kind) == indexed.end()) {
      indexed.push_back(map.kind);
      arrays.push_back({kind + "queries", {queries}, map.queries});
      arrays.push_back({kind + "outputs",
                        {queries},
                        outputs_of(map.queries, tokens, axes_of(map.kind).queries == asking)});
    }
    arrays.push_back({kind + std::string(map.reduction->name),
                      {size_of(map.layers), queries, map.keys},
                      std::move(map.by_layer)});
  }
  for (HeadMap& map : maps.heads) {
    arrays.push_back({std::string(to_string(map.kind)) + ".heads",
                      {size_of(map.layers), size_of(map.heads), size_of(map.queries), map.keys},
                      std::move(map.weights)});
  }
  return arrays;
}

class NpzFormat final : public RunWriter {
 public:
  std::vector<std::string> finish(RunMaps& run, OutputDirectory& folder, Listener&) override {
    const auto arrays = npz_arrays(std::move(run.maps), run.tokens, run.asking);
    const auto content = [&](const WriteAt& write) { npz(arrays, write); };
    return {write_run_file(kArrays, content, folder, run.manifest)};
  }
};

}  // namespace

extern const RunFormat npz_format;
const RunFormat npz_format{.files = {&kArrays, 1},
                           .make = [](const WriterOptions& options) -> std::unique_ptr<RunWriter> {
                             return options.npz ? std::make_unique<NpzFormat>() : nullptr;
                           }};

}  // namespace attnviz::report
