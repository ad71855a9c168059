#include "cli/version.h"

#include <dlfcn.h>

#include "attnviz/model.h"
#include "attnviz/report.h"
#include "cli/start/blas.h"

namespace attnviz::cli {
namespace {

/// The BLAS of this process: one of its libraries, or one that is a part of libtorch and of which it tells.
Blas blas_of(const ComputeLibraries& libraries) {
  Blas blas = recognise_blas(RTLD_DEFAULT);
  if (libraries.mkl.empty()) return blas;
  blas.kind = BlasKind::kMkl;
  blas.description = libraries.mkl;
  blas.kernel.clear();
  return blas;
}

std::string describe(const Blas& blas) {
  if (blas.kind == BlasKind::kUnknown) return "a BLAS that attnviz does not know";
  return blas.description + (blas.kernel.empty() ? "" : ", kernels: " + blas.kernel);
}

}  // namespace

std::string version_text() {
  const ComputeLibraries libraries = compute_libraries();
  return std::string(version()) + "\nlibtorch " + libraries.torch + "\n" + describe(blas_of(libraries));
}

void say_what_computes(const Start& start, Console& console) {
  const ComputeLibraries libraries = compute_libraries();
  const Blas blas = blas_of(libraries);
  console.detail("libtorch " + libraries.torch + ", " + describe(blas));
  for (const std::string& sentence : start.sentences) console.detail(sentence);
  for (const std::string& sentence : start.warnings) console.warning(sentence);
  if (blas.kind == BlasKind::kReference) {
    console.warning(
        "libtorch computes with the reference BLAS, 20 to 30 times slower than it needs to be; install "
        "OpenBLAS "
        "(on Debian: apt-get install libopenblas0-openmp)");
  }
}

}  // namespace attnviz::cli
