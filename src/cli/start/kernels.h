#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attnviz::cli {

/// What the processor, and the system that saves its registers, can do.
struct Processor {
  bool avx2 = false;    ///< With FMA.
  bool avx512 = false;  ///< F, DQ, CD, BW and VL.
};

/// Of this machine. Nothing is set where it is no x86-64.
Processor this_processor();

/// The kernels of OpenBLAS that are better than `chosen`, which it chose by itself: "Haswell" or "SkylakeX".
/// Nothing where its choice is as good, or is none that a processor unknown to it gets.
std::optional<std::string> better_kernel(std::string_view chosen, const Processor& processor);

}  // namespace attnviz::cli
