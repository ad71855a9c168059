#pragma once

namespace attnviz::model {

/// Bounds the threads of everything that computes for libtorch in this process to `threads` ≥ 1: its own,
/// those of OpenMP for the calling thread, and the pools that OpenBLAS (its pthread variant), MKL and BLIS
/// have of their own.
void bound_threads(int threads);

}  // namespace attnviz::model
