#include "aggregate/rollout_product.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace attnviz::aggregate {
namespace {

constexpr std::int64_t kShortStrip = 64;  ///< Strips with fewer rows make slow products, and are joined.

at::Tensor padded(const at::Tensor& values, std::int64_t columns) {
  const std::int64_t missing = columns - values.size(1);
  return missing == 0 ? values : at::constant_pad_nd(values, {0, missing});
}

}  // namespace

std::int64_t Strips::bytes() const {
  std::int64_t total = 0;
  for (const Strip& strip : strips_) total += strip.values.numel() * std::int64_t{sizeof(float)};
  return total;
}

void Strips::append(const at::Tensor& values, std::int64_t columns) {
  columns_ = columns;
  if (strips_.empty() || strips_.back().values.size(0) >= kShortStrip) {
    strips_.push_back({rows(), values});
    return;
  }
  at::Tensor& last = strips_.back().values;
  const std::int64_t width = std::max(last.size(1), values.size(1));
  last = at::cat({padded(last, width), padded(values, width)});
}

at::Tensor Strips::select(const std::vector<std::int64_t>& rows) const {
  std::vector<at::Tensor> parts;
  auto row = rows.begin();
  for (const Strip& strip : strips_) {
    std::vector<std::int64_t> inside;
    for (; row != rows.end() && *row < strip.first + strip.values.size(0); ++row)
      inside.push_back(*row - strip.first);
    if (inside.empty()) continue;
    const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(inside), at::kLong);
    parts.push_back(padded(strip.values.index_select(0, index.to(strip.values.device())), columns_));
  }
  return parts.empty() ? at::empty({0, columns_}) : at::cat(parts);
}

at::Tensor Strips::multiplied_by(const at::Tensor& left) const {
  std::int64_t width = 0;
  for (const Strip& strip : strips_) {
    if (strip.first < left.size(1)) width = std::max(width, strip.values.size(1));
  }
  at::Tensor product = at::zeros({left.size(0), width}, left.options());
  for (const Strip& strip : strips_) {
    const std::int64_t rows = std::min(strip.values.size(0), left.size(1) - strip.first);
    if (rows <= 0) break;
    product.narrow(1, 0, strip.values.size(1))
        .addmm_(left.narrow(1, strip.first, rows), strip.values.narrow(0, 0, rows));
  }
  return product;
}

Strips Strips::multiplied_by(const Strips& left) const {
  Strips product;
  for (const Strip& strip : left.strips_) product.append(multiplied_by(strip.values), columns_);
  return product;
}

Strips Strips::times(double factor) const {
  Strips scaled = *this;
  for (Strip& strip : scaled.strips_) strip.values = strip.values.mul(factor);
  return scaled;
}

void RolloutProduct::end_layer() {
  held_.push_back(std::exchange(next_, {}));
  if (product_.empty()) merge();
}

bool RolloutProduct::merge() {
  if (held_.empty()) return false;
  if (identity_) {
    product_ = std::move(held_.front());
  } else if (!product_.empty()) {
    product_ = product_.multiplied_by(held_.front());
  }
  identity_ = false;
  held_.erase(held_.begin());
  return true;
}

std::int64_t RolloutProduct::bytes() const {
  std::int64_t total = product_.bytes();
  for (const Strips& layer : held_) total += layer.bytes();
  return total;
}

std::vector<at::Tensor> RolloutProduct::held_rows(const std::vector<std::int64_t>& rows) const {
  if (held_.empty()) return {};
  // From the top layer down, so that every layer is read once for all products that it is part of.
  at::Tensor products;
  for (auto layer = held_.rbegin(); layer != held_.rend(); ++layer) {
    const at::Tensor own = layer->select(rows);
    products =
        products.defined() ? at::cat({padded(layer->multiplied_by(products), layer->columns()), own}) : own;
  }
  products = padded(product_.multiplied_by(products), product_.columns());
  const auto count = static_cast<std::int64_t>(rows.size());
  std::vector<at::Tensor> lowest_first;
  for (auto above = static_cast<std::int64_t>(held_.size()); above-- > 0;) {
    lowest_first.push_back(products.narrow(0, above * count, count));
  }
  return lowest_first;
}

void RolloutProduct::scale(double factor, std::int64_t queries, const at::TensorOptions& options) {
  if (identity_) product_.append(at::eye(queries, options), queries);
  identity_ = false;
  product_ = product_.times(factor);
}

void RolloutProduct::blend(double factor, const at::Tensor& rows) {
  std::vector<std::int64_t> own(static_cast<std::size_t>(rows.size(0)));
  std::iota(own.begin(), own.end(), next_.rows());
  next_.append(product_.empty() ? rows : product_.select(own).mul_(factor).add_(rows), rows.size(1));
}

void RolloutProduct::end_blend() { product_ = std::exchange(next_, {}); }

at::Tensor RolloutProduct::applied_to(const at::Tensor& rows) const {
  return product_.empty() ? rows : padded(product_.multiplied_by(rows), product_.columns());
}

}  // namespace attnviz::aggregate
