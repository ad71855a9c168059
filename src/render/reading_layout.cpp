/// Where each line and each token of a text lies.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "render/reading_view.h"
#include "render/segments.h"
#include "render/unicode.h"

namespace attnviz::render {
namespace {

constexpr int kLongestName = 150;
constexpr int kGapAfterBlock = 6;
constexpr int kFrame = 4;  ///< Boxes reach beyond their letters, and the frame of the query beyond its box.

/// A stretch of one of the texts that begins a line of its own and has no newline inside.
struct Stretch {
  Span bytes;
  int segment = -1;
  std::string name;  ///< For the margin, where a named part begins.
};

/// Tokens of one text by their bytes.
class Owners {
 public:
  Owners(const Sequence& sequence, bool pair) {
    for (std::size_t i = 0; i < sequence.units.size(); ++i) {
      const TextSpan* span = sequence.units[i].text();
      if (span == nullptr || span->pair != pair || span->begin >= span->end) continue;
      spans_.push_back({*span, static_cast<std::int64_t>(i)});
    }
    std::stable_sort(spans_.begin(), spans_.end(),
                     [](const Owned& a, const Owned& b) { return a.span.begin < b.span.begin; });
    std::int64_t furthest = 0;
    for (const Owned& owned : spans_) ends_.push_back(furthest = std::max(furthest, owned.span.end));
  }

  /// Spans in another text, in order.
  explicit Owners(const std::vector<std::pair<Span, std::int64_t>>& spans) {
    for (const auto& [span, token] : spans) {
      spans_.push_back({span, token});
      ends_.push_back(span.end);
    }
  }

  /// Tokens that cover some of [begin, end), in order.
  std::vector<std::int64_t> of(std::int64_t begin, std::int64_t end) const {
    std::vector<std::int64_t> tokens;
    auto at = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin());
    for (; at < spans_.size() && spans_[at].span.begin < end; ++at) {
      if (spans_[at].span.end > begin) tokens.push_back(spans_[at].token);
    }
    return tokens;
  }

 private:
  struct Owned {
    Span span;
    std::int64_t token;
  };
  std::vector<Owned> spans_;
  std::vector<std::int64_t> ends_;  ///< The furthest end so far.
};

bool has_names(const Sequence& sequence) {
  return std::any_of(sequence.segments.begin(), sequence.segments.end(),
                     [](const Segment& segment) { return !segment.name.empty(); });
}

/// Where glue begins to be more than blanks that end the line before it; nothing where it never does.
std::optional<std::int64_t> begin_of_glue(const Sequence& sequence, const Segment& glue) {
  const std::string_view text = bytes_of(sequence, glue.span);
  const std::size_t word = text.find_first_not_of(" \t\r\n");
  if (word == std::string_view::npos) return std::nullopt;
  const std::size_t newline = text.substr(0, word).rfind('\n');
  return std::max<std::int64_t>(glue.span.begin, 0) +
         static_cast<std::int64_t>(newline == std::string_view::npos ? 0 : newline + 1);
}

/// Where a part of a text begins that stands on lines of its own.
struct Start {
  std::int64_t byte = 0;
  int segment = kGluePlace;
  std::string name;
};

/// The parts of the text, or of its pair, in order; the first begins at 0. A pair without names is called so.
std::vector<Start> starts_of(const Sequence& sequence, bool pair) {
  const std::vector<int> places = segment_places(sequence);
  std::vector<Start> starts = {{0, kGluePlace, pair ? "pair" : ""}};
  for (std::size_t i = 0; i < sequence.segments.size(); ++i) {
    const Segment& segment = sequence.segments[i];
    if (segment.span.pair != pair) continue;
    if (!segment.name.empty()) {
      starts.push_back({segment.span.begin, places[i], segment.name});
      starts[0].name.clear();
    } else if (const auto begin = begin_of_glue(sequence, segment); begin && has_names(sequence)) {
      starts.push_back({*begin, kGluePlace, ""});
    }
  }
  const auto end = static_cast<std::int64_t>(pair ? sequence.pair.size() : sequence.text.size());
  if (!pair && !sequence.generated.empty())
    starts.push_back({end, kGeneratedPlace, std::string(kGeneratedSegment)});
  std::stable_sort(starts.begin(), starts.end(),
                   [](const Start& a, const Start& b) { return a.byte < b.byte; });
  return starts;
}

/// Cuts `text` at newlines (which stay at the end of what they end) and where named parts begin.
std::vector<Stretch> cut(const std::string& text, std::vector<Start> starts) {
  std::vector<Stretch> stretches;
  const auto size = static_cast<std::int64_t>(text.size());
  for (Start& start : starts) start.byte = std::clamp<std::int64_t>(start.byte, 0, size);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::int64_t begin = starts[i].byte;
    const std::int64_t end = i + 1 < starts.size() ? starts[i + 1].byte : size;
    std::string name = starts[i].name;
    while (begin < end || !name.empty()) {
      const std::size_t newline = text.find('\n', static_cast<std::size_t>(begin));
      const std::int64_t next =
          newline == std::string::npos ? end : std::min(end, static_cast<std::int64_t>(newline) + 1);
      stretches.push_back({{begin, std::max(begin, next)}, starts[i].segment, name});
      name.clear();
      begin = next;
    }
  }
  return stretches;
}

/// How far each character moves the pen, in the order of the text.
std::vector<std::int32_t> advances(const Paragraph& paragraph, const ShapedText& whole) {
  std::vector<std::int32_t> result(paragraph.characters.size(), 0);
  for (const Cluster& cluster : whole.clusters) {
    const auto at = std::lower_bound(paragraph.characters.begin(), paragraph.characters.end(), cluster.begin,
                                     [](const Character& c, std::uint32_t byte) { return c.begin < byte; });
    result[static_cast<std::size_t>(at - paragraph.characters.begin())] += cluster.right - cluster.left;
  }
  return result;
}

/// 0: not here; 1: only where nothing better is on the line; 2: where Unicode lets a line begin.
int break_quality(const Paragraph& paragraph, const std::vector<bool>& starts, std::size_t at) {
  const Character& after = paragraph.characters[at];
  if (!after.begins_grapheme || after.code == U' ' || after.code == U'↵') return 0;
  return starts[at] ? 2 : 1;
}

/// Ends of the lines of a paragraph.
std::vector<std::size_t> wrap(const Paragraph& paragraph, const std::vector<bool>& starts,
                              const std::vector<std::int32_t>& advance, std::int32_t width) {
  std::vector<std::size_t> ends;
  const std::size_t count = paragraph.characters.size();
  std::size_t begin = 0;
  while (begin < count) {
    std::int32_t used = 0;
    std::size_t at = begin;
    std::size_t good = 0;
    std::size_t poor = 0;
    for (; at < count; ++at) {
      if (at > begin) {
        const int quality = break_quality(paragraph, starts, at);
        if (quality == 2) good = at;
        if (quality == 1) poor = at;
      }
      used += advance[at];
      const bool blank = paragraph.characters[at].code == U' ' || paragraph.characters[at].code == U'↵';
      if (used > width && !blank && at > begin) break;
    }
    std::size_t end = count;
    if (at < count) {
      // A word that is cut only to fill a line's last third stays whole; one longer than that is cut.
      std::int32_t left = 0;
      for (std::size_t i = begin; i < good; ++i) left += advance[i];
      end = good > begin && (left > width / 2 || poor <= begin) ? good : poor > begin ? poor : at;
    }
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

/// Lets boxes grow into blanks that belong to no token, so that letters do not touch their edges.
void pad(std::vector<TokenBox>& boxes) {
  constexpr std::int32_t kMost = 2 * 64;
  constexpr std::int32_t kBetween = 64;
  std::int32_t before = kMost;  // what the last blank leaves to the box on its right
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const std::int32_t blank =
        i + 1 < boxes.size() ? boxes[i + 1].left - boxes[i].right : 2 * kMost + kBetween;
    const std::int32_t after = std::clamp((blank - kBetween) / 2, 0, kMost);
    boxes[i].left -= before;
    boxes[i].right += after;
    before = after;
  }
}

/// Shares each cluster among the tokens that cover it and joins neighbours of the same token.
std::vector<TokenBox> token_boxes(const ShapedText& line, const Owners& owners, std::int64_t base,
                                  std::string_view text) {
  std::vector<TokenBox> boxes;
  for (const Cluster& cluster : line.clusters) {
    const bool blank = cluster.begin < text.size() && text[cluster.begin] == ' ';
    if (blank && !boxes.empty()) boxes.back().ends_word = true;
    std::vector<std::int64_t> tokens = owners.of(base + cluster.begin, base + cluster.end);
    if (tokens.empty() || cluster.left == cluster.right) continue;
    if (cluster.rtl) std::reverse(tokens.begin(), tokens.end());
    const auto share = static_cast<std::int64_t>(tokens.size());
    const std::int64_t width = cluster.right - cluster.left;
    for (std::int64_t i = 0; i < share; ++i) {
      const std::int64_t token = tokens[static_cast<std::size_t>(i)];
      const auto left = static_cast<std::int32_t>(cluster.left + width * i / share);
      const auto right = static_cast<std::int32_t>(cluster.left + width * (i + 1) / share);
      if (!boxes.empty() && boxes.back().token == token && boxes.back().right == left) {
        boxes.back().right = right;
        boxes.back().ends_word = blank;
      } else {
        boxes.push_back({token, left, right, blank});
      }
    }
  }
  if (!boxes.empty()) boxes.back().ends_word = true;
  pad(boxes);
  return boxes;
}

/// Sets paragraphs into lines, one below the other.
class Setter {
 public:
  Setter(Shaper& shaper, ReadingLayout& layout, int room) : shaper_(shaper), layout_(layout), room_(room) {}

  void gap(int pixels) { y_ += pixels; }
  int y() const { return y_; }

  /// `text` has no newline but at its end; its byte 0 is byte `base` for `owners`.
  void set(const std::string& text, std::int64_t base, int segment, const Owners& owners) {
    const Paragraph paragraph = shaper_.analyse(text);
    const ShapedText whole = shaper_.shape(paragraph, 0, paragraph.characters.size(), kReadingSize);
    const std::vector<bool> starts = line_starts(text, paragraph.characters);
    std::vector<std::size_t> ends = wrap(paragraph, starts, advances(paragraph, whole), room_ * 64);
    if (ends.empty()) ends.push_back(0);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      ReadingLine line;
      line.shaped = std::make_shared<const ShapedText>(shaper_.shape(paragraph, begin, end, kReadingSize));
      const int slack = std::max(0, room_ - line.shaped->pixels());
      line.x = layout_.gutter + (paragraph.rtl ? slack : 0);
      line.y = y_;
      line.segment = segment;
      line.tokens = token_boxes(*line.shaped, owners, base, text);
      layout_.lines.push_back(std::move(line));
      y_ += kReadingPitch;
      begin = end;
    }
  }

 private:
  Shaper& shaper_;
  ReadingLayout& layout_;
  int room_;
  int y_ = 0;
};

/// The tokens that stand nowhere in the text, side by side.
struct Outside {
  std::string text;
  std::vector<std::pair<Span, std::int64_t>> spans;
};

Outside outside_of(const Sequence& sequence, bool segmented) {
  Outside outside;
  for (std::size_t i = 0; i < sequence.units.size(); ++i) {
    const TextSpan* span = sequence.units[i].text();
    if (span != nullptr && span->begin < span->end) continue;
    const std::string label = label_text(sequence.units[i].label, kLabelGraphemes);
    if (label.empty()) continue;
    if (outside.text.empty() && !segmented) outside.text = "not in the text: ";
    const auto begin = static_cast<std::int64_t>(outside.text.size());
    outside.text += label;
    outside.spans.push_back(
        {{begin, static_cast<std::int64_t>(outside.text.size())}, static_cast<std::int64_t>(i)});
    outside.text += "  ";
  }
  const std::vector<int> places = token_places(sequence);
  const auto glue = std::count(places.begin(), places.end(), kGluePlace);
  if (segmented && glue > static_cast<std::ptrdiff_t>(outside.spans.size()))
    outside.text += outside.spans.empty() ? "glue between segments" : "and glue between segments";
  return outside;
}

/// Room for the longest name in the margin, with its mass.
int gutter_of(Shaper& shaper, const std::vector<Stretch>& stretches, bool outside) {
  int gutter = 0;
  const auto fit = [&](const std::string& name) {
    const auto shaped = shaper.line_within(label_text(name, 1000), kLabelSize, kLongestName);
    gutter = std::max(gutter, shaped->pixels() + 58);
  };
  for (const Stretch& stretch : stretches) {
    if (!stretch.name.empty()) fit(stretch.name);
  }
  if (outside) fit(kOutsideName);
  return gutter;
}

}  // namespace

ReadingLayout lay_out_reading(Shaper& shaper, const Sequence& sequence, int width) {
  ReadingLayout layout;
  layout.segmented = has_names(sequence);
  const std::string texts[] = {sequence.text + sequence.generated, sequence.pair};
  if (texts[0].empty() && texts[1].empty()) return layout;
  std::vector<Stretch> stretches[2];
  const Outside outside = outside_of(sequence, layout.segmented);
  const bool names_outside = layout.segmented && !outside.text.empty();
  for (const std::size_t pair : {0U, 1U}) {
    if (!texts[pair].empty()) stretches[pair] = cut(texts[pair], starts_of(sequence, pair == 1));
    layout.gutter = std::max(layout.gutter, gutter_of(shaper, stretches[pair], names_outside));
  }
  Setter setter(shaper, layout, width - layout.gutter - kFrame);
  for (const std::size_t pair : {0U, 1U}) {
    const Owners owners(sequence, pair == 1);
    if (pair == 1 && !stretches[1].empty() && setter.y() > 0) setter.gap(kGapAfterBlock);
    for (const Stretch& stretch : stretches[pair]) {
      if (!stretch.name.empty()) layout.names.push_back({stretch.name, setter.y(), stretch.segment});
      const auto [begin, end] = stretch.bytes;
      std::string text =
          texts[pair].substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      // A newline is shown where a token covers it; otherwise it only ends the line.
      if (!text.empty() && text.back() == '\n' && owners.of(end - 1, end).empty()) text.pop_back();
      setter.set(text, begin, stretch.segment, owners);
    }
  }
  if (!outside.text.empty()) {
    setter.gap(kGapAfterBlock);
    if (names_outside) layout.names.push_back({kOutsideName, setter.y(), kGluePlace});
    setter.set(outside.text, 0, kGluePlace, Owners(outside.spans));
  }
  layout.height = setter.y();
  return layout;
}

}  // namespace attnviz::render
