#include "tokenizer/precompiled_map.h"

#include <array>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

bool has_leaf(std::uint32_t unit) noexcept { return (unit >> 8 & 1) != 0; }
std::uint32_t label(std::uint32_t unit) noexcept { return unit & (1U << 31 | 0xFF); }
std::uint32_t leaf_value(std::uint32_t unit) noexcept { return unit & ~(1U << 31); }
std::uint32_t child_offset(std::uint32_t unit) noexcept { return (unit >> 10) << ((unit & 1U << 9) >> 6); }

}  // namespace

PrecompiledMap::PrecompiledMap(std::string_view blob, const std::string& where) {
  if (blob.empty()) return;
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(blob[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  const std::size_t trie_bytes = blob.size() >= 4 ? word(0) : 0;
  if (blob.size() < 4 || trie_bytes % 4 != 0 || trie_bytes == 0 || trie_bytes > blob.size() - 4) {
    throw Error(ErrorKind::kInput, where + ": the precompiled character map of " +
                                       std::to_string(blob.size()) + " bytes is cut off or damaged");
  }
  units_.resize(trie_bytes / 4);
  for (std::size_t i = 0; i < units_.size(); ++i) units_[i] = word(4 + 4 * i);
  replacements_ = blob.substr(4 + trie_bytes);
  if (find_invalid_utf8(replacements_)) {
    throw Error(ErrorKind::kInput, where + ": the precompiled character map holds text that is not UTF-8");
  }
}

template <bool kShortest>
std::optional<PrecompiledMap::Found> PrecompiledMap::search(std::string_view text) const noexcept {
  std::optional<Found> best;
  if (units_.empty()) return best;
  std::size_t node = child_offset(units_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= units_.size() || label(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= child_offset(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size()) break;
    const std::size_t begin = leaf_value(units_[node]);
    if (begin >= replacements_.size() || (begin > 0 && utf8::is_continuation(replacements_[begin]))) break;
    const std::string_view rest = std::string_view(replacements_).substr(begin);
    best = Found{i + 1, rest.substr(0, rest.find('\0'))};
    if (kShortest) break;
  }
  return best;
}

std::optional<PrecompiledMap::Found> PrecompiledMap::longest_prefix(std::string_view text) const noexcept {
  return search<false>(text);
}

std::optional<PrecompiledMap::Found> PrecompiledMap::shortest_prefix(std::string_view text) const noexcept {
  return search<true>(text);
}

std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
      values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
    }
    return values;
  }();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char digit : text) {
    const auto value = kValues[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    group = (group << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(static_cast<unsigned char>(group >> bits & 0xFF)));
    }
  }
  return bytes;
}

}  // namespace attnviz::tokenizer
