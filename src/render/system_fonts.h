/// Which fonts of this machine are asked for what the embedded one lacks, and in which order.
#pragma once

#include <hb.h>

#include <string>
#include <vector>

namespace attnviz::render {

/// Paths of the regular upright fonts below the system's font folders, in one order on every machine that has
/// the same files: by name, then by path. Colour-only emoji fonts are left out.
std::vector<std::string> list_system_fonts();

/// `fonts` in the order in which to ask them for a character of `script`: Noto Sans of the script, Noto CJK
/// for Han, kana, hangul and bopomofo, Noto symbols and mathematics, others by name, Unifont last.
std::vector<std::string> fallback_order(const std::vector<std::string>& fonts, hb_script_t script);

}  // namespace attnviz::render
