#pragma once

#include <string>

namespace attnviz::cli {

/// Libraries of linear algebra that can be told apart.
enum class BlasKind { kOpenBlas, kMkl, kBlis, kReference, kUnknown };

/// The products that libtorch calls, with the interface of Fortran: matrices by columns, all arguments by
/// address. Null where the library has none.
struct BlasProducts {
  using Sgemm = void (*)(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                         const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                         const float* beta, float* c, const int* ldc);
  using Dgemm = void (*)(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                         const double* alpha, const double* a, const int* lda, const double* b,
                         const int* ldb, const double* beta, double* c, const int* ldc);
  using Sgemv = void (*)(const char* trans, const int* m, const int* n, const float* alpha, const float* a,
                         const int* lda, const float* x, const int* incx, const float* beta, float* y,
                         const int* incy);
  Sgemm sgemm = nullptr;
  Dgemm dgemm = nullptr;
  Sgemv sgemv = nullptr;
};

/// What a process computes products with.
struct Blas {
  BlasKind kind = BlasKind::kUnknown;
  std::string description;  ///< "OpenBLAS 0.3.21 (OpenMP)"; what is known, for people.
  std::string kernel;       ///< OpenBLAS' name of the kernels it runs, "Haswell"; empty for others.
  BlasProducts products;
};

/// Looks for the BLAS among the symbols of `handle`, as dlopen gave it, or RTLD_DEFAULT.
Blas recognise_blas(void* handle);

}  // namespace attnviz::cli
