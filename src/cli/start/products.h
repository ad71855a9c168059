#pragma once

#include <string>

#include "cli/start/blas.h"

namespace attnviz::cli {

/// Computes tall, wide, small and odd products and products with a vector, with either factor transposed, and
/// compares them with plain loops. What was wrong first, for people: "sgemm of 257 x 64 by 3 (NT)"; empty
/// when all are right. Takes a few milliseconds.
std::string wrong_product(const BlasProducts& products);

}  // namespace attnviz::cli
