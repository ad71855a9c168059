#include "render/unicode.h"

#include <unicode/brkiter.h>
#include <unicode/ubidi.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::render {
namespace {

void check(UErrorCode status) {
  if (U_SUCCESS(status)) return;
  throw Error(ErrorKind::kOutput,
              std::string("ICU cannot set text: ") + u_errorName(status) + "; its data files may be missing");
}

using Breaks = std::unique_ptr<icu::BreakIterator>;

/// Calls `visit` with the byte offset of each break of `text` but 0. `rules` are copied, not used: finding
/// them anew would take ten times as long.
template <typename Visit>
void for_each_break(const Breaks& rules, std::string_view text, const Visit& visit) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, decltype(&utext_close)> bytes(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status), &utext_close);
  check(status);
  const Breaks breaks(rules->clone());
  breaks->setText(bytes.get(), status);
  check(status);
  for (std::int32_t at = breaks->next(); at != icu::BreakIterator::DONE; at = breaks->next())
    visit(static_cast<std::uint32_t>(at));
}

Breaks grapheme_rules() {
  UErrorCode status = U_ZERO_ERROR;
  Breaks rules(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  check(status);
  return rules;
}

Breaks line_rules() {
  UErrorCode status = U_ZERO_ERROR;
  Breaks rules(icu::BreakIterator::createLineInstance(icu::Locale::getRoot(), status));
  check(status);
  return rules;
}

/// Whether `code` is a grapheme whatever stands beside it, as nearly all characters are.
bool stands_alone(char32_t code) noexcept {
  if (code < 0x300) return code != U'\r';
  const int kind = u_getIntPropertyValue(static_cast<UChar32>(code), UCHAR_GRAPHEME_CLUSTER_BREAK);
  return kind == U_GCB_OTHER || kind == U_GCB_CONTROL;
}

void find_graphemes(std::string_view text, std::vector<Character>& characters) {
  static const Breaks rules = grapheme_rules();
  for (Character& character : characters) character.begins_grapheme = character.begin == 0;
  auto at = characters.begin();
  for_each_break(rules, text, [&](std::uint32_t byte) {
    while (at != characters.end() && at->begin < byte) ++at;
    if (at != characters.end()) at->begins_grapheme = at->begin == byte;
  });
}

bool is_hangul(char32_t code) noexcept {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(static_cast<UChar32>(code), &status) == USCRIPT_HANGUL;
}

bool is_mark(char32_t code) noexcept {
  return code >= 0x300 && (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_M_MASK) != 0;
}

bool is_blank(char32_t code) noexcept {
  return code == U' ' || (code >= 0xA0 && u_charType(static_cast<UChar32>(code)) == U_SPACE_SEPARATOR);
}

}  // namespace

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> characters;
  characters.reserve(text.size());
  // Well-formed stretches are cut without a check; a bad byte is found by the same function as everywhere.
  std::size_t bad = find_invalid_utf8(text).value_or(text.size());
  bool simple = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = static_cast<std::uint32_t>(at);
    if (at == bad) {
      characters.push_back({utf8::kReplacement, begin, begin + 1});
      const auto next = find_invalid_utf8(text.substr(++at));
      bad = next ? at + *next : text.size();
      continue;
    }
    const char32_t code = utf8::next(text, at);
    characters.push_back({code, begin, static_cast<std::uint32_t>(at)});
    simple = simple && stands_alone(code);
  }
  if (!simple) find_graphemes(text, characters);
  return characters;
}

std::vector<bool> line_starts(std::string_view text, std::span<const Character> characters) {
  static const Breaks rules = line_rules();
  std::vector<bool> starts(characters.size(), false);
  std::size_t at = 0;
  for_each_break(rules, text, [&](std::uint32_t byte) {
    while (at < characters.size() && characters[at].begin < byte) ++at;
    if (at >= characters.size() || characters[at].begin != byte) return;
    starts[at] = !(is_hangul(characters[at - 1].code) && is_hangul(characters[at].code));
  });
  return starts;
}

bool bidi_levels(std::span<const Character> characters, std::vector<std::uint8_t>& levels) {
  levels.assign(characters.size(), 0);
  const bool simple = std::all_of(characters.begin(), characters.end(),
                                  [](const Character& character) { return character.code < 0x590; });
  if (simple) return false;
  std::u16string text;
  for (const Character& character : characters) {
    if (character.code >= 0x10000) text.push_back(U16_LEAD(character.code));
    text.push_back(character.code < 0x10000 ? static_cast<char16_t>(character.code)
                                            : U16_TRAIL(character.code));
  }
  UErrorCode status = U_ZERO_ERROR;
  const auto length = static_cast<std::int32_t>(text.size());
  const std::unique_ptr<UBiDi, decltype(&ubidi_close)> bidi(ubidi_openSized(length, 0, &status),
                                                            &ubidi_close);
  check(status);
  ubidi_setPara(bidi.get(), text.data(), length, UBIDI_DEFAULT_LTR, nullptr, &status);
  const UBiDiLevel* found = ubidi_getLevels(bidi.get(), &status);
  check(status);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    levels[i] = *found;
    found += characters[i].code < 0x10000 ? 1 : 2;
  }
  return ubidi_getParaLevel(bidi.get()) % 2 == 1;
}

std::vector<std::int32_t> visual_order(std::span<const std::uint8_t> levels) {
  std::vector<std::int32_t> order(levels.size());
  ubidi_reorderVisual(levels.data(), static_cast<std::int32_t>(levels.size()), order.data());
  return order;
}

bool steers_shaping(char32_t code) noexcept {
  return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F) ||
         (code >= 0xE0100 && code <= 0xE01EF);
}

char32_t visible(char32_t code) noexcept {
  if (code == U'\n') return U'↵';
  if (code == U'\t') return U'⇥';
  return code;
}

bool is_hidden_format(char32_t code) noexcept {
  if (code < 0x20 || code == 0x7F) return true;
  if (code < 0x80 || steers_shaping(code)) return false;
  if (code >= 0x80 && code < 0xA0) return true;
  if (code == 0xAD || code == 0x034F || code == 0x061C || code == 0x2028 || code == 0x2029) return true;
  const bool general = (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E);
  return general || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB);
}

std::string label_text(std::string_view text, int graphemes) {
  const std::vector<Character> characters = characters_of(text);
  if (characters.empty()) return "∅";
  std::size_t first = 0;
  std::size_t last = characters.size();
  while (first < last && is_blank(characters[first].code)) ++first;
  while (last > first && is_blank(characters[last - 1].code)) --last;
  std::string label;
  const char32_t start = characters[0].code;
  if (is_mark(start) && !steers_shaping(start)) label = "◌";  // a mark alone stands on the usual circle
  int count = 0;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    if (characters[i].begins_grapheme && count++ == graphemes) return label + "…";
    const char32_t code = characters[i].code;
    utf8::append(label, is_blank(code) && (i < first || i >= last) ? U'␣' : visible(code));
  }
  return label;
}

std::string code_point_name(char32_t code) {
  std::array<char, 9> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(code), 16).ptr;
  std::string hex(digits.data(), end);
  for (char& digit : hex) digit = digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
  return "U+" + std::string(hex.size() < 4 ? 4 - hex.size() : 0, '0') + hex;
}

}  // namespace attnviz::render
