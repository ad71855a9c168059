#pragma once

#include <string>

#include "cli/start/blas.h"

namespace attnviz::cli {

/// Computes tall, wide, small and odd products and products with a vector, with either factor transposed, and
/// compares them with plain loops. What was wrong first, for people: "sgemm of 64 × 3 × 257"; empty when all
/// are right. Takes a few milliseconds.
std::string wrong_product(const BlasProducts& products);

}  // namespace attnviz::cli
