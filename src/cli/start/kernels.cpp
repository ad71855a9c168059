#include "cli/start/kernels.h"

#include <algorithm>
#include <array>

namespace attnviz::cli {
namespace {

/// How wide the vectors of a set of kernels are: 0 for SSE, 1 for AVX, 2 for AVX2, 3 for AVX-512. Nothing for
/// those that OpenBLAS gives to a processor it knows and that may be the best there (Bulldozer to Excavator),
/// and for names that came after this was written.
std::optional<int> rank_of(std::string_view kernel) {
  struct Rank {
    std::string_view kernel;
    int rank;
  };
  static constexpr std::array kRanks = {
      Rank{"Prescott", 0},    Rank{"Core2", 0},         Rank{"Penryn", 0},    Rank{"Dunnington", 0},
      Rank{"Nehalem", 0},     Rank{"Atom", 0},          Rank{"Generic", 0},   Rank{"Athlon", 0},
      Rank{"Opteron", 0},     Rank{"Bobcat", 0},        Rank{"Barcelona", 0}, Rank{"Nano", 0},
      Rank{"Sandybridge", 1}, Rank{"Haswell", 2},       Rank{"Zen", 2},       Rank{"SkylakeX", 3},
      Rank{"Cooperlake", 3},  Rank{"SapphireRapids", 3}};
  // The library itself does not always write a name in the same way.
  const auto same = [kernel](const Rank& one) {
    return std::equal(kernel.begin(), kernel.end(), one.kernel.begin(), one.kernel.end(),
                      [](char a, char b) { return (a | 32) == (b | 32); });
  };
  const auto* const found = std::find_if(kRanks.begin(), kRanks.end(), same);
  return found == kRanks.end() ? std::nullopt : std::optional(found->rank);
}

}  // namespace

Processor this_processor() {
  Processor processor;
#if defined(__x86_64__)
  __builtin_cpu_init();
  processor.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  processor.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl");
#endif
  return processor;
}

std::optional<std::string> better_kernel(std::string_view chosen, const Processor& processor) {
  const std::optional<int> rank = rank_of(chosen);
  if (!rank) return std::nullopt;
  if (processor.avx2 && processor.avx512 && *rank < 3) return "SkylakeX";
  if (processor.avx2 && *rank < 2) return "Haswell";
  return std::nullopt;
}

}  // namespace attnviz::cli
