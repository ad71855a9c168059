#include <algorithm>

#include "attnviz/report.h"

namespace attnviz::report {
namespace {

SegmentTable start_table(const AttentionView& view) {
  SegmentTable table{.kind = view.kind};
  for (const SegmentMass& segment : view.segments) {
    if (!segment.name.empty()) table.names.push_back(segment.name);
  }
  table.names.emplace_back();
  table.masses = {0, static_cast<std::int64_t>(table.names.size()), {}};
  return table;
}

void add_masses(SegmentTable& table, std::int64_t index, const std::vector<SegmentMass>& segments) {
  table.outputs.push_back(index);
  ++table.masses.rows;
  for (const std::string& name : table.names) {
    const auto of_name = std::find_if(segments.begin(), segments.end(),
                                      [&](const SegmentMass& segment) { return segment.name == name; });
    table.masses.values.push_back(of_name == segments.end() ? 0.0F : static_cast<float>(of_name->mass));
  }
}

}  // namespace

std::vector<SegmentTable> segment_tables(std::span<const TokenMap> tokens) {
  std::vector<SegmentTable> tables;
  for (const TokenMap& map : tokens) {
    for (const AttentionView& view : map.views) {
      if (view.segments.empty()) continue;
      auto table =
          std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.kind == view.kind; });
      if (table == tables.end()) table = tables.insert(tables.end(), start_table(view));
      add_masses(*table, map.token.index, view.segments);
    }
  }
  return tables;
}

}  // namespace attnviz::report
