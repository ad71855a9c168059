// Stands in for libblas.so.3 in tests: an OpenBLAS that does not know the processor, and whose other kernels
// compute a wrong product where ATTNVIZ_PLANT is "wrong". Everything else is the OpenBLAS of this machine.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

namespace {

/// The function `name` of the OpenBLAS that is there.
void* real(const char* name) {
  static void* const library = ::dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_GLOBAL);
  return library == nullptr ? nullptr : ::dlsym(library, name);
}

const char* chosen() {
  const char* const kernel = std::getenv("OPENBLAS_CORETYPE");
  return kernel == nullptr ? "Prescott" : kernel;
}

bool is_wrong() {
  const char* const plant = std::getenv("ATTNVIZ_PLANT");
  return plant != nullptr && std::strcmp(plant, "wrong") == 0 && std::strcmp(chosen(), "Prescott") != 0;
}

}  // namespace

extern "C" {

const char* openblas_get_corename() { return chosen(); }

const char* openblas_get_config() {
  return "OpenBLAS 0.3.21 DYNAMIC_ARCH USE_OPENMP Prescott MAX_THREADS=64";
}

void sgemm_(const char* ta, const char* tb, const int* m, const int* n, const int* k, const float* alpha,
            const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c,
            const int* ldc) {
  using Product =
      void (*)(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
               const int*, const float*, const int*, const float*, float*, const int*);
  reinterpret_cast<Product>(real("sgemm_"))(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  if (is_wrong() && *n > 64) c[0] += 1;
}
}
