#include "cli/start/blas.h"

#include <dlfcn.h>

#include <sstream>
#include <string_view>

namespace attnviz::cli {
namespace {

/// The function `name` of `handle`, or null.
template <class Function>
Function find(void* handle, const char* name) {
  return reinterpret_cast<Function>(::dlsym(handle, name));
}

using Text = const char* (*)();

/// "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH … USE_OPENMP Haswell MAX_THREADS=64" in a few words.
std::string describe_openblas(std::string_view config) {
  std::istringstream words{std::string(config)};
  std::string name, version;
  words >> name >> version;
  const bool openmp = config.find("USE_OPENMP") != std::string_view::npos;
  const bool alone = config.find("SINGLE_THREADED") != std::string_view::npos;
  return "OpenBLAS " + version + (alone ? " (one thread)" : openmp ? " (OpenMP)" : " (pthread)");
}

/// The library that a product of `handle` comes from, with those that it needs itself. Another BLAS may be in
/// the process as well: Debian chooses the one that LAPACK computes with apart.
void* library_of_products(void* handle, std::string& file) {
  void* const product = ::dlsym(handle, "sgemm_");
  Dl_info where{};
  if (product == nullptr || ::dladdr(product, &where) == 0 || where.dli_fname == nullptr) return handle;
  file = where.dli_fname;
  void* const library = ::dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  return library == nullptr ? handle : library;
}

/// The reference BLAS of Netlib has no function that says what it is; Debian's lies in a folder of its own.
bool is_reference(const std::string& file) {
  return file.find("/blas/libblas.so") != std::string::npos || file.find("librefblas") != std::string::npos;
}

}  // namespace

Blas recognise_blas(void* handle) {
  Blas blas;
  std::string file;
  handle = library_of_products(handle, file);
  blas.products = {find<BlasProducts::Sgemm>(handle, "sgemm_"), find<BlasProducts::Dgemm>(handle, "dgemm_"),
                   find<BlasProducts::Sgemv>(handle, "sgemv_")};
  if (const auto core = find<Text>(handle, "openblas_get_corename")) {
    blas.kind = BlasKind::kOpenBlas;
    blas.kernel = core();
    const auto config = find<Text>(handle, "openblas_get_config");
    blas.description = describe_openblas(config != nullptr ? config() : "OpenBLAS");
  } else if (::dlsym(handle, "MKL_Get_Version_String") != nullptr) {
    blas.kind = BlasKind::kMkl;
    blas.description = "Intel MKL";
  } else if (const auto version = find<Text>(handle, "bli_info_get_version_str")) {
    blas.kind = BlasKind::kBlis;
    blas.description = std::string("BLIS ") + version();
  } else if (file.find("/blis") != std::string::npos) {  // Debian's shows the functions of a BLAS alone
    blas.kind = BlasKind::kBlis;
    blas.description = "BLIS";
  } else if (is_reference(file)) {
    blas.kind = BlasKind::kReference;
    blas.description = "the reference BLAS";
  }
  return blas;
}

}  // namespace attnviz::cli
