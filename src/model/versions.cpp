#include <ATen/Version.h>
#include <torch/version.h>

#include "attnviz/model.h"

namespace attnviz::model {

ComputeLibraries compute_libraries() {
  const std::string mkl = at::get_mkl_version();
  return {TORCH_VERSION, mkl == "MKL not found" ? "" : mkl.substr(0, mkl.find('\n'))};
}

}  // namespace attnviz::model
