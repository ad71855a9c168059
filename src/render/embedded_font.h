/// The font inside the library: DejaVu Sans, in its licence's words "Bitstream Vera" with public domain
/// changes.
#pragma once

#include <cstdint>
#include <span>

namespace attnviz::render {

/// The bytes of DejaVuSans.ttf; they live as long as the program.
std::span<const std::uint8_t> embedded_font() noexcept;

}  // namespace attnviz::render
