#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {

/// The grouping of `kind`, or null.
const Grouping* find_grouping(const std::vector<Grouping>& groupings, AttentionKind kind);

/// Merges the rows and columns of `map`, which holds token rows. Rows of distributions are divided by what is
/// left of them after dropping.
void regroup(AttentionMap& map, const Grouping& grouping);
void regroup(HeadMap& map, const Grouping& grouping);

/// Says in `map`, whose columns are merged already, which of them `grouping` dropped.
void mark_dropped(AttentionMap& map, const Grouping& grouping);

/// Merges every head's rows and columns as blocks of one layer come by, for reductions that do not commute
/// with merging.
class WordRows {
 public:
  explicit WordRows(const Grouping& grouping);

  /// Rows that are whole after this block: [heads, rows, columns] on the host, float32.
  at::Tensor add(const AttentionBlock& block);
  /// The last query position of each row, ascending.
  const std::vector<std::int64_t>& queries() const { return last_queries_; }

 private:
  Grouping grouping_;
  std::vector<std::int64_t> last_queries_;
  std::vector<std::int64_t> sizes_;  ///< Tokens of each row.
  at::Tensor open_;  ///< [heads, columns], the sum over the tokens so far of a row that a block cut.
};

}  // namespace attnviz::aggregate
