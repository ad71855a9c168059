#include "render/scenes.h"

#include <algorithm>

#include "core/utf8.h"

namespace attnviz::render {

std::vector<Text> Page::texts(const std::string& content, int size) {
  const auto wanted = shaper_.line(content, size);
  std::vector<Text> found;
  for (const Item& item : scene_.items()) {
    const auto* text = std::get_if<Text>(&item);
    if (text != nullptr && text->shaped == wanted) found.push_back(*text);
  }
  return found;
}

bool overlap(const Rect& a, const Rect& b) {
  return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

Rect inner(const Text& text) {
  Rect box = text.box;
  (text.rotated ? box.y : box.x) += 1;
  (text.rotated ? box.height : box.width) -= 2;
  return box;
}

void expect_labels_apart(const Scene& scene) {
  std::vector<Text> texts = items_of<Text>(scene);
  std::erase_if(texts, [](const Text& text) { return text.role == Role::kReading; });  // lines of one text
  std::sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) { return a.box.y < b.box.y; });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = i + 1; j < texts.size() && texts[j].box.y < texts[i].box.bottom(); ++j) {
      const Rect a = inner(texts[i]);
      const Rect b = inner(texts[j]);
      EXPECT_FALSE(overlap(a, b)) << "roles " << static_cast<int>(texts[i].role) << " and "
                                  << static_cast<int>(texts[j].role) << " (" << a.x << "," << a.y << " "
                                  << a.width << "x" << a.height << ") and (" << b.x << "," << b.y << " "
                                  << b.width << "x" << b.height << ")";
    }
  }
}

void expect_all_on_page(const Scene& scene) {
  for (const Text& text : items_of<Text>(scene)) {
    EXPECT_GE(text.box.x, 0);
    EXPECT_GE(text.box.y, 0);
  }
  for (const Grid& grid : items_of<Grid>(scene)) {
    EXPECT_GE(grid.x, kMargin);
    EXPECT_EQ(grid.colors.size(),
              static_cast<std::size_t>(grid.rows) * static_cast<std::size_t>(grid.columns));
  }
}

/// Texts of these labels may be anything.
std::string random_word(test::Random& random) {
  const std::u32string alphabet = U"abcdefgمرحשלום\u0301é1中🚀\u200D\u202E\n\t Ġ▁#";
  std::string word;
  const int length = random.below(4) == 0 ? random.below(60) : random.below(8);
  for (int i = 0; i <= length; ++i) {
    utf8::append(word, alphabet[static_cast<std::size_t>(random.below(static_cast<int>(alphabet.size())))]);
  }
  return word;
}

std::shared_ptr<Sequence> random_sequence(test::Random& random) {
  const int words = 1 + random.below(random.below(3) == 0 ? 300 : 30);
  std::vector<std::pair<std::string, std::string>> segments;
  const int parts = random.below(2) == 0 ? 1 : 1 + random.below(12);
  for (int part = 0; part < parts; ++part) {
    std::string text;
    for (int i = 0; i < 1 + words / parts; ++i) text += random_word(random) + " ";
    segments.push_back({random.below(3) == 0 ? "" : random_word(random), text});
  }
  auto sequence = test::encode_segments(segments, random.below(2) == 0 ? random_word(random) : "");
  if (random.below(2) == 0) sequence->segments.clear();
  if (sequence->segments.empty()) {
    for (Unit& token : sequence->units) token.segment = -1;
  }
  for (Unit& token : sequence->units) {
    if (random.below(6) == 0) token.label = random_word(random);
    if (random.below(9) == 0) token.special = true;
    if (random.below(15) == 0) token.place = {};
  }
  return sequence;
}

TokenMap random_map(test::Random& random) {
  const auto sequence = random_sequence(random);
  test::MapShape shape;
  shape.layers = 1 + random.below(random.below(4) == 0 ? 60 : 8);
  shape.sink = random.below(2) == 0 ? 0.0 : random.uniform();
  shape.per_head = random.below(5) == 0;
  shape.seed = random.next();
  return test::make_map(sequence, random.below(static_cast<int>(sequence->units.size())), shape);
}

RenderOptions random_options(test::Random& random) {
  RenderOptions options;
  options.scale = static_cast<ColorScale>(random.below(3));
  options.annotate = random.below(2) == 0;
  return options;
}

}  // namespace attnviz::render
