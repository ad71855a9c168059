/// The text that is looked at, wrapped as text, every token on the colour of its weight.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "render/panel.h"

namespace attnviz::render {

/// A stretch of a line that belongs to one token. Stretches of a line do not overlap.
struct TokenBox {
  std::int64_t token = 0;  ///< Index into `Sequence::units`.
  std::int32_t left = 0;   ///< In 1/64 pixel, from the left end of the line.
  std::int32_t right = 0;
  bool ends_word = false;  ///< A blank or the end of the line follows on its right.
};

struct ReadingLine {
  std::shared_ptr<const ShapedText> shaped;
  int x = 0;  ///< From the left edge of the view.
  int y = 0;  ///< Of its top, from the top edge of the view.
  std::vector<TokenBox> tokens;
  int segment = -1;  ///< Its place, see segments.h.
};

struct MarginName {
  std::string name;
  int y = 0;
  int segment = -1;  ///< Its place, see segments.h.
};

/// The same for every output token that looks at this text.
struct ReadingLayout {
  std::vector<ReadingLine> lines;
  std::vector<MarginName> names;
  int gutter = 0;          ///< Width of the margin with the names, 0 without names.
  bool segmented = false;  ///< There are named segments: lines of others are marked as such.
  int height = 0;
};

inline constexpr int kReadingSize = 13;
inline constexpr int kReadingPitch = 22;
inline constexpr int kWidestReading = 1500;  ///< Longer lines are hard to follow.

/// Lays `sequence` out in `width` pixels. Segments, glue that is more than blanks, the generated text and a
/// pair begin lines of their own; below the text stand the tokens that are not in it, as those of a template.
ReadingLayout lay_out_reading(Shaper& shaper, const Sequence& sequence, int width);

/// The colour of each token in a view; nothing for those that are no sources of it.
struct ReadingColors {
  std::vector<std::optional<std::uint8_t>> tokens;  ///< [tokens of the sequence].
  std::optional<std::int64_t> query;                ///< Unit to be framed.
  std::vector<SegmentMass> masses;                  ///< Written beside the names.
};

/// Draws below `y`; returns where it ends.
int draw_reading(Pen& pen, const ReadingLayout& layout, const ReadingColors& colors, int y);

}  // namespace attnviz::render
