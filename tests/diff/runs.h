/// Runs for the tests of what reads and compares them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "attnviz/diff.h"
#include "reductions.h"
#include "scratch_folder.h"

namespace attnviz::test {

using Scratch = attnviz::testing::ScratchFolder;

inline void put(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

/// One row for each layer; the overall row is the last of them, as in a rollout.
inline ReducedAttention reduced(const std::string& name, const std::vector<std::vector<float>>& rows) {
  ReducedAttention out{reduction(name), {static_cast<std::int64_t>(rows.size()), 0, {}}, rows.back()};
  out.layers.columns = static_cast<std::int64_t>(rows.front().size());
  for (const auto& row : rows) out.layers.values.insert(out.layers.values.end(), row.begin(), row.end());
  return out;
}

/// A run of one stack: `texts` are its tokens, and each has the maps of `reductions` over the first tokens.
inline SavedRun make_run(const std::vector<std::string>& texts,
                         const std::vector<std::pair<std::size_t, std::vector<ReducedAttention>>>& outputs) {
  SavedRun run{.folder = "maps", .version = "0.1.0", .model = "model.pt", .sha256 = std::string(64, 'a')};
  run.positions = texts;
  for (const auto& [index, reductions] : outputs) {
    SavedView view{.reductions = reductions};
    for (std::int64_t i = 0; i < reductions.front().layers.columns; ++i)
      view.sources.push_back({i, texts[static_cast<std::size_t>(i)], false});
    for (int layer = 0; layer < reductions.front().layers.rows; ++layer) view.layers.push_back(layer);
    run.maps.push_back({{.index = static_cast<std::int64_t>(index), .text = texts[index]}, {view}});
  }
  return run;
}

}  // namespace attnviz::test
