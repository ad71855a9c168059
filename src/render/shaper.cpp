#include "render/shaper.h"

#include <algorithm>

namespace attnviz::render {
namespace {

/// More lines than this are forgotten, so that a long text does not fill the memory.
constexpr std::size_t kMostLines = 20'000;
/// More than this are not carried over to the next run, so that those of earlier runs do not stay for ever.
constexpr std::size_t kMostLinesCarriedOver = 10'000;

bool is_real(hb_script_t script) {
  return script != HB_SCRIPT_COMMON && script != HB_SCRIPT_INHERITED && script != HB_SCRIPT_UNKNOWN;
}

/// Marks, digits and punctuation take the script of what stands before them, at the start of what follows.
std::vector<hb_script_t> resolve_scripts(const std::vector<Character>& characters) {
  hb_unicode_funcs_t* unicode = hb_unicode_funcs_get_default();
  std::vector<hb_script_t> scripts;
  scripts.reserve(characters.size());
  for (const Character& character : characters) scripts.push_back(hb_unicode_script(unicode, character.code));
  const auto first = std::find_if(scripts.begin(), scripts.end(), is_real);
  hb_script_t current = first == scripts.end() ? HB_SCRIPT_COMMON : *first;
  for (hb_script_t& script : scripts) {
    if (is_real(script)) current = script;
    script = current;
  }
  return scripts;
}

/// Han is written differently in Japan and China; kana and hangul tell.
hb_language_t han_language(const std::vector<hb_script_t>& scripts) {
  const auto uses = [&](hb_script_t script) {
    return std::find(scripts.begin(), scripts.end(), script) != scripts.end();
  };
  if (uses(HB_SCRIPT_HIRAGANA) || uses(HB_SCRIPT_KATAKANA)) return hb_language_from_string("ja", -1);
  if (uses(HB_SCRIPT_HANGUL)) return hb_language_from_string("ko", -1);
  if (uses(HB_SCRIPT_HAN)) return hb_language_from_string("zh-hans", -1);
  return hb_language_from_string("en", -1);
}

}  // namespace

/// Characters of one direction, script and font.
struct Shaper::Run {
  std::size_t first = 0;
  std::size_t last = 0;
  bool rtl = false;
};

int code_box_width(char32_t code) { return 4 * static_cast<int>(code_point_name(code).size() - 2) + 5; }

void Shaper::choose_fonts(Paragraph& paragraph) {
  const std::vector<Character>& characters = paragraph.characters;
  paragraph.faces.assign(characters.size(), -1);
  std::u32string grapheme;
  for (std::size_t first = 0; first < characters.size();) {
    std::size_t last = first + 1;
    grapheme.assign(1, characters[first].code);
    while (last < characters.size() && !characters[last].begins_grapheme)
      grapheme.push_back(characters[last++].code);
    int face = -1;
    // A joiner with nothing before it steers nothing: it is shown like other hidden characters.
    if (!is_hidden_format(grapheme[0]) && !steers_shaping(grapheme[0])) {
      face = fonts_.find(std::span(grapheme.data(), grapheme.size()), paragraph.scripts[first]);
      if (face < 0) missing_.insert(grapheme[0]);
    }
    for (std::size_t i = first; i < last; ++i) {
      const char32_t code = characters[i].code;
      const bool drawable = face >= 0 && (steers_shaping(code) || fonts_.face(face).has(code));
      paragraph.faces[i] = drawable ? face : -1;
      if (drawable || steers_shaping(code) || is_hidden_format(code) || i == first) continue;
      paragraph.faces[i] = fonts_.find(std::span(&code, 1), paragraph.scripts[i]);
      if (paragraph.faces[i] < 0) missing_.insert(code);
    }
    first = last;
  }
}

void Shaper::forget_missing() {
  if (!missing_.empty() || lines_.size() > kMostLinesCarriedOver) lines_.clear();
  missing_.clear();
}

Paragraph Shaper::analyse(std::string_view text) {
  Paragraph paragraph;
  paragraph.characters = characters_of(text);
  for (Character& character : paragraph.characters) character.code = visible(character.code);
  paragraph.rtl = bidi_levels(paragraph.characters, paragraph.levels);
  paragraph.scripts = resolve_scripts(paragraph.characters);
  paragraph.language = han_language(paragraph.scripts);
  choose_fonts(paragraph);
  return paragraph;
}

void Shaper::shape_run(const Paragraph& paragraph, const Run& run, ShapedText& out) {
  std::vector<hb_codepoint_t> codes;
  codes.reserve(run.last - run.first);
  for (std::size_t i = run.first; i < run.last; ++i) codes.push_back(paragraph.characters[i].code);
  hb_buffer_clear_contents(buffer_);
  hb_buffer_add_codepoints(buffer_, codes.data(), static_cast<int>(codes.size()), 0,
                           static_cast<int>(codes.size()));
  hb_buffer_set_direction(buffer_, run.rtl ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
  hb_buffer_set_script(buffer_, paragraph.scripts[run.first]);
  hb_buffer_set_language(buffer_, paragraph.language);
  const int face = paragraph.faces[run.first];
  hb_shape(fonts_.face(face).shaper(out.size), buffer_, nullptr, 0);
  unsigned count = 0;
  const hb_glyph_info_t* infos = hb_buffer_get_glyph_infos(buffer_, &count);
  const hb_glyph_position_t* places = hb_buffer_get_glyph_positions(buffer_, &count);
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t character = run.first + infos[i].cluster;
    const std::uint32_t begin = paragraph.characters[character].begin;
    if (out.clusters.empty() || i == 0 || out.clusters.back().begin != begin) {
      out.clusters.push_back({begin, 0, out.width, out.width, run.rtl});
    }
    out.glyphs.push_back(
        {face, infos[i].codepoint, out.width + places[i].x_offset, places[i].y_offset, begin});
    out.width += places[i].x_advance;
    out.clusters.back().right = out.width;
  }
}

void Shaper::box_run(const Paragraph& paragraph, const Run& run, ShapedText& out) {
  const std::size_t count = run.last - run.first;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = run.rtl ? run.last - 1 - i : run.first + i;
    const Character& character = paragraph.characters[at];
    const std::int32_t left = out.width;
    if (at == 0 || !steers_shaping(character.code)) {
      out.glyphs.push_back({-1, character.code, left, 0, character.begin});
      out.width += 64 * code_box_width(character.code);
    }
    out.clusters.push_back({character.begin, 0, left, out.width, run.rtl});
  }
}

std::vector<Shaper::Run> Shaper::runs_of(const Paragraph& paragraph, std::size_t first, std::size_t last) {
  // Rule L1: blanks at the end of a line take the direction of the paragraph.
  std::size_t blanks = last;
  while (blanks > first && paragraph.characters[blanks - 1].code == U' ') --blanks;
  std::vector<Run> runs;
  std::vector<std::uint8_t> levels;
  for (std::size_t i = first; i < last; ++i) {
    const auto level = i < blanks ? paragraph.levels[i] : static_cast<std::uint8_t>(paragraph.rtl ? 1 : 0);
    const bool same = !runs.empty() && levels.back() == level &&
                      paragraph.scripts[i] == paragraph.scripts[i - 1] &&
                      paragraph.faces[i] == paragraph.faces[i - 1];
    if (!same) {
      runs.push_back({i, i, level % 2 == 1});
      levels.push_back(level);
    }
    runs.back().last = i + 1;
  }
  std::vector<Run> ordered;
  ordered.reserve(runs.size());
  for (const std::int32_t run : visual_order(levels)) ordered.push_back(runs[static_cast<std::size_t>(run)]);
  return ordered;
}

ShapedText Shaper::shape(const Paragraph& paragraph, std::size_t first, std::size_t last, int size) {
  ShapedText out;
  out.size = size;
  for (const Run& run : runs_of(paragraph, first, last)) {
    const auto old = static_cast<std::ptrdiff_t>(out.clusters.size());
    if (paragraph.faces[run.first] >= 0) {
      shape_run(paragraph, run, out);
    } else {
      box_run(paragraph, run, out);
    }
    // A cluster ends where the next one in the text begins.
    std::uint32_t end = paragraph.characters[run.last - 1].end;
    const auto close = [&](Cluster& cluster) {
      cluster.end = end;
      end = cluster.begin;
    };
    if (run.rtl) {
      std::for_each(out.clusters.begin() + old, out.clusters.end(), close);
    } else {
      std::for_each(out.clusters.rbegin(), out.clusters.rend() - old, close);
    }
  }
  return out;
}

std::shared_ptr<const ShapedText> Shaper::line(std::string_view text, int size) {
  std::string key = std::to_string(size);
  key.push_back(' ');
  key += text;
  const auto found = lines_.find(key);
  if (found != lines_.end()) return found->second;
  const Paragraph paragraph = analyse(text);
  auto shaped = std::make_shared<const ShapedText>(shape(paragraph, 0, paragraph.characters.size(), size));
  if (lines_.size() >= kMostLines) lines_.clear();
  lines_.emplace(std::move(key), shaped);
  return shaped;
}

std::shared_ptr<const ShapedText> Shaper::line_within(std::string_view text, int size, int pixels) {
  auto whole = line(text, size);
  if (whole->pixels() <= pixels) return whole;
  const std::vector<Character> characters = characters_of(text);
  std::size_t fits = 0;  // so many characters, found by halving
  std::size_t over = characters.size();
  while (over - fits > 1) {
    const std::size_t middle = (fits + over) / 2;
    const bool good =
        line(std::string(text.substr(0, characters[middle - 1].end)) + "…", size)->pixels() <= pixels;
    (good ? fits : over) = middle;
  }
  while (fits > 0 && !characters[fits].begins_grapheme) --fits;
  return line(std::string(text.substr(0, fits == 0 ? 0 : characters[fits - 1].end)) + "…", size);
}

}  // namespace attnviz::render
