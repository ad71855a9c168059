#include "run/grouping_plan.h"

#include <algorithm>
#include <numeric>

namespace attnviz::run {
namespace {

/// Which output word each query belongs to. Queries of the side that does not put out are its own words.
std::vector<std::int64_t> rows_of(const RunPlan& plan, const RunSequences& sequences, AttentionKind kind,
                                  const std::vector<OutputToken>& outputs,
                                  const std::vector<std::int64_t>& column_of) {
  const Side queries = axes_of(kind).queries;
  if (queries != plan.asking) return column_of;
  std::vector<std::int64_t> rows(sequences.tokens.of(queries)->units.size(), -1);
  for (std::size_t word = 0; word < outputs.size(); ++word) {
    const std::int64_t first = outputs[word].index - (plan.shifted ? 1 : 0);
    for (std::int64_t token = 0; token < outputs[word].tokens; ++token)
      rows[static_cast<std::size_t>(first + token)] = static_cast<std::int64_t>(word);
  }
  return rows;
}

void drop_special(const Sequence& keys, Grouping& grouping) {
  for (std::size_t key = 0; key < keys.units.size(); ++key) {
    if (!is_control(keys, keys.units[key])) continue;
    grouping.column_of[key] = -1;
    if (grouping.removed.empty()) grouping.removed.emplace_back("special tokens");
  }
}

void drop_sinks(const Sequence& keys, std::vector<std::int64_t> sinks, Listener& listener,
                Grouping& grouping) {
  if (!sinks.empty()) grouping.removed.emplace_back("sinks");
  for (const std::int64_t key : sinks) {
    grouping.column_of[static_cast<std::size_t>(key)] = -1;
    listener.detail("token " + std::to_string(key) + " '" + keys.units[static_cast<std::size_t>(key)].label +
                    "' is a sink of the " + std::string(to_string(grouping.kind)) + " attention and dropped");
  }
  grouping.sinks = std::move(sinks);
}

Grouping grouping_of(const RunPlan& plan, const RunSequences& sequences, AttentionKind kind,
                     const std::vector<OutputToken>& outputs, std::vector<std::int64_t> sinks,
                     Listener& listener) {
  const Side side = axes_of(kind).keys;
  const Sequence &keys = *sequences.tokens.of(side), &shown = *sequences.shown.of(side);
  Grouping grouping{.kind = kind, .columns = static_cast<std::int64_t>(shown.units.size())};
  grouping.column_of.resize(keys.units.size());
  std::iota(grouping.column_of.begin(), grouping.column_of.end(), std::int64_t{0});
  for (std::size_t word = 0; word < shown.merged.size(); ++word) {
    for (std::int64_t key = shown.merged[word].begin; key < shown.merged[word].end; ++key)
      grouping.column_of[static_cast<std::size_t>(key)] = static_cast<std::int64_t>(word);
  }
  if (plan.words) grouping.row_of = rows_of(plan, sequences, kind, outputs, grouping.column_of);
  if (plan.drop_special) drop_special(keys, grouping);
  drop_sinks(keys, std::move(sinks), listener, grouping);
  return grouping;
}

/// Whether all that `output` sees in the attention of `grouping` was dropped.
bool is_blind(const RunPlan& plan, const OutputToken& output, const Grouping& grouping, bool causal) {
  const Axes axes = axes_of(grouping.kind);
  if (axes.queries != plan.asking) return false;
  const bool masked = causal && axes.within_one();
  const auto end = masked ? grouping.column_of.begin() + output.query + 1 : grouping.column_of.end();
  return std::all_of(grouping.column_of.begin(), end, [](std::int64_t column) { return column < 0; });
}

}  // namespace

std::vector<Grouping> plan_groupings(const RunPlan& plan, const RunSequences& sequences,
                                     const std::vector<OutputToken>& outputs, const SinkFinder& finder,
                                     Listener& listener) {
  std::vector<Grouping> groupings;
  if (!plan.words && !plan.drop_special && !plan.find_sinks) return groupings;
  for (const AttentionKind kind : plan.kinds)
    groupings.push_back(grouping_of(plan, sequences, kind, outputs, finder.sinks(kind), listener));
  return groupings;
}

std::vector<std::int64_t> leave_out_blind(const RunPlan& plan, const RunSequences& sequences, bool causal,
                                          std::vector<OutputToken>& outputs,
                                          std::vector<Grouping>& groupings) {
  std::vector<std::int64_t> left_out;
  const auto blind = [&](const OutputToken& output) {
    return std::any_of(groupings.begin(), groupings.end(),
                       [&](const Grouping& grouping) { return is_blind(plan, output, grouping, causal); });
  };
  for (const OutputToken& output : outputs) {
    if (blind(output)) left_out.push_back(output.index);
  }
  if (left_out.empty()) return left_out;
  std::erase_if(outputs, blind);
  for (Grouping& grouping : groupings) {
    if (!grouping.row_of.empty() && axes_of(grouping.kind).queries == plan.asking)
      grouping.row_of = rows_of(plan, sequences, grouping.kind, outputs, grouping.column_of);
  }
  return left_out;
}

}  // namespace attnviz::run
