#include "cli/start/products.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace attnviz::cli {
namespace {

struct Shape {
  int rows, columns, inner;
};

// Smaller and larger than the blocks of every kernel (4 to 64), multiples of them and not, one row, one
// column.
constexpr std::array kShapes = {Shape{1, 1, 1},    Shape{3, 5, 7},    Shape{16, 16, 16},
                                Shape{257, 3, 64}, Shape{3, 257, 64}, Shape{65, 49, 97},
                                Shape{1, 130, 70}, Shape{130, 1, 70}, Shape{9, 10, 513}};

/// Numbers in [-1, 1) that are the same everywhere.
class Numbers {
 public:
  double next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state_ >> 40U) / (1 << 23) - 1;
  }

 private:
  std::uint64_t state_ = 1;
};

/// A matrix by columns whose columns lie further apart than they are long.
template <class Number>
struct Matrix {
  Matrix(int row_count, int column_count, Numbers& numbers)
      : stride(row_count + 3),
        values(static_cast<std::size_t>(stride) * static_cast<std::size_t>(column_count)) {
    for (Number& value : values) value = static_cast<Number>(numbers.next());
  }
  Number at(int row, int column) const {
    return values[static_cast<std::size_t>(column) * static_cast<std::size_t>(stride) +
                  static_cast<std::size_t>(row)];
  }

  int stride;
  std::vector<Number> values;
};

/// Whether `got` is `alpha` · Σ + `beta` · `before`, whose terms have the size `size`, up to roundings of
/// `inner` terms.
template <class Number>
bool is_near(Number got, double wanted, double size, int inner) {
  const double rounding = std::numeric_limits<Number>::epsilon() * (inner + 4) * (size + 1);
  return std::abs(static_cast<double>(got) - wanted) <= rounding;  // false for what is not a number
}

template <class Number, class Gemm>
bool is_right(Gemm gemm, const Shape& shape, char trans_a, char trans_b, Numbers& numbers) {
  const bool turned_a = trans_a == 'T', turned_b = trans_b == 'T';
  const auto [rows, columns, inner] = shape;
  const Matrix<Number> a(turned_a ? inner : rows, turned_a ? rows : inner, numbers);
  const Matrix<Number> b(turned_b ? columns : inner, turned_b ? inner : columns, numbers);
  const Matrix<Number> before(rows, columns, numbers);
  Matrix<Number> c = before;
  const auto alpha = static_cast<Number>(0.75), beta = static_cast<Number>(0.5);
  gemm(&trans_a, &trans_b, &rows, &columns, &inner, &alpha, a.values.data(), &a.stride, b.values.data(),
       &b.stride, &beta, c.values.data(), &c.stride);
  for (int row = 0; row < c.stride; ++row) {
    for (int column = 0; column < columns; ++column) {
      double sum = 0, size = 0;
      for (int i = 0; row < rows && i < inner; ++i) {
        const double term = static_cast<double>(turned_a ? a.at(i, row) : a.at(row, i)) *
                            static_cast<double>(turned_b ? b.at(column, i) : b.at(i, column));
        sum += term;
        size += std::abs(term);
      }
      const double old = static_cast<double>(before.at(row, column));
      const double wanted =
          row < rows ? 0.75 * sum + 0.5 * old : old;  // nothing between the columns is touched
      if (!is_near(c.at(row, column), wanted, size, inner)) return false;
    }
  }
  return true;
}

bool is_right(BlasProducts::Sgemv gemv, const Shape& shape, char trans, Numbers& numbers) {
  const auto [rows, unused, columns] = shape;
  const bool turned = trans == 'T';
  const int length = turned ? columns : rows, inner = turned ? rows : columns, step = 1;
  const Matrix<float> a(rows, columns, numbers), x(inner, 1, numbers), before(length, 1, numbers);
  Matrix<float> y = before;
  const float alpha = 0.75F, beta = 0.5F;
  gemv(&trans, &rows, &columns, &alpha, a.values.data(), &a.stride, x.values.data(), &step, &beta,
       y.values.data(), &step);
  for (int i = 0; i < length; ++i) {
    double sum = 0, size = 0;
    for (int j = 0; j < inner; ++j) {
      const double term =
          static_cast<double>(turned ? a.at(j, i) : a.at(i, j)) * static_cast<double>(x.at(j, 0));
      sum += term;
      size += std::abs(term);
    }
    if (!is_near(y.at(i, 0), 0.75 * sum + 0.5 * static_cast<double>(before.at(i, 0)), size, inner))
      return false;
  }
  return true;
}

std::string name_of(const char* product, const Shape& shape, const std::string& transposed) {
  return std::string(product) + " of " + std::to_string(shape.rows) + " x " + std::to_string(shape.inner) +
         " by " + std::to_string(shape.columns) + " (" + transposed + ")";
}

}  // namespace

std::string wrong_product(const BlasProducts& products) {
  Numbers numbers;
  for (const Shape& shape : kShapes) {
    for (const char a : {'N', 'T'}) {
      for (const char b : {'N', 'T'}) {
        if (products.sgemm != nullptr && !is_right<float>(products.sgemm, shape, a, b, numbers))
          return name_of("sgemm", shape, {a, b});
        if (products.dgemm != nullptr && !is_right<double>(products.dgemm, shape, a, b, numbers))
          return name_of("dgemm", shape, {a, b});
      }
      if (products.sgemv != nullptr && !is_right(products.sgemv, shape, a, numbers))
        return name_of("sgemv", shape, {a});
    }
  }
  return {};
}

}  // namespace attnviz::cli
