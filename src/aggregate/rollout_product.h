/// Maps of flow for rollout: matrices that are multiplied from the left, layer by layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace attnviz::aggregate {

/// A matrix [rows, columns] in strips of rows, float32; each strip ends where the rest of its rows is 0, so
/// that a causal map takes half the memory and a sixth of a product.
class Strips {
 public:
  bool empty() const { return strips_.empty(); }
  std::int64_t rows() const {
    return strips_.empty() ? 0 : strips_.back().first + strips_.back().values.size(0);
  }
  std::int64_t columns() const { return columns_; }
  std::int64_t bytes() const;

  /// The next rows: the first `values.size(1)` of `columns` columns.
  void append(const at::Tensor& values, std::int64_t columns);
  /// Rows (ascending) as [rows.size(), columns()].
  at::Tensor select(const std::vector<std::int64_t>& rows) const;
  /// left · this, where the columns that `left` lacks are 0; columns that are 0 throughout may be left out.
  at::Tensor multiplied_by(const at::Tensor& left) const;
  /// left · this.
  Strips multiplied_by(const Strips& left) const;
  Strips times(double factor) const;

 private:
  struct Strip {
    std::int64_t first;
    at::Tensor values;
  };
  std::int64_t columns_ = 0;
  std::vector<Strip> strips_;
};

/// The product of layers A_l · … · A_0. The upper layers may be held as they are: the few rows that are
/// wanted of a product cost far less than the whole of it.
class RolloutProduct {
 public:
  /// Whether it begins as the identity or as 0.
  enum class Start { kIdentity, kZero };
  explicit RolloutProduct(Start start) : identity_(start == Start::kIdentity) {}

  /// The next rows of a layer: the first `values.size(1)` of `columns` columns.
  void append(const at::Tensor& values, std::int64_t columns) { next_.append(values, columns); }
  /// The layer is complete and held.
  void end_layer();
  /// Multiplies the lowest of the held layers into the product below it. Returns false when none is held.
  bool merge();
  std::size_t held() const { return held_.size(); }
  std::int64_t bytes() const;

  /// Rows of the product up to the last merged layer, as [rows.size(), columns].
  at::Tensor merged_rows(const std::vector<std::int64_t>& rows) const { return product_.select(rows); }
  std::int64_t rows() const { return product_.rows(); }
  std::int64_t columns() const { return product_.columns(); }
  /// Rows of the product up to each held layer, lowest first.
  std::vector<at::Tensor> held_rows(const std::vector<std::int64_t>& rows) const;

  bool is_zero() const { return !identity_ && product_.empty(); }
  /// What follows is for flows that hold no layer. The product (of `queries` rows) becomes factor · product.
  void scale(double factor, std::int64_t queries, const at::TensorOptions& options);
  /// The next rows of factor · product + rows, which is the product from end_blend() on.
  void blend(double factor, const at::Tensor& rows);
  void end_blend();
  /// rows · product, [rows, columns].
  at::Tensor applied_to(const at::Tensor& rows) const;

 private:
  Strips product_;            ///< Empty for the identity and for 0.
  std::vector<Strips> held_;  ///< Lowest first.
  Strips next_;
  bool identity_;
};

}  // namespace attnviz::aggregate
