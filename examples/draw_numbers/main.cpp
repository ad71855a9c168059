/// Two pictures from numbers alone, without a model: a matrix of weights, and the map of one token over a
/// text.
///
///   draw_numbers [FOLDER]      writes matrix.png and token.png
#include <attnviz/aggregate.h>
#include <attnviz/render.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

void save(const std::string& path, const attnviz::Image& image) {
  const std::vector<std::uint8_t> png = attnviz::encode_png(image);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
  std::printf("%s: %d x %d pixels, %zu bytes\n", path.c_str(), image.width(), image.height(), png.size());
}

/// Six queries that look back; each row sums to 1, and what lies ahead is masked.
attnviz::Heatmap matrix() {
  attnviz::Heatmap map;
  map.title = "who looks at whom";
  map.row_labels = map.column_labels = {"the", "cat", "that", "slept", "woke", "up"};
  map.weights = {6, 6, {1.00F, 0.00F, 0.00F, 0.00F, 0.00F, 0.00F,  //
                        0.70F, 0.30F, 0.00F, 0.00F, 0.00F, 0.00F,  //
                        0.20F, 0.70F, 0.10F, 0.00F, 0.00F, 0.00F,  //
                        0.10F, 0.60F, 0.20F, 0.10F, 0.00F, 0.00F,  //
                        0.05F, 0.75F, 0.05F, 0.10F, 0.05F, 0.00F,  //
                        0.05F, 0.15F, 0.05F, 0.05F, 0.60F, 0.10F}};
  for (int row = 0; row < 6; ++row) {
    for (int column = 0; column < 6; ++column) map.masked.push_back(column > row ? 1 : 0);
  }
  return map;
}

/// A text cut into words, each with the bytes that it covers.
std::shared_ptr<attnviz::Sequence> words(const std::vector<std::string>& texts) {
  auto sequence = std::make_shared<attnviz::Sequence>();
  for (const std::string& text : texts) {
    if (!sequence->text.empty()) sequence->text += " ";
    const auto begin = static_cast<std::int64_t>(sequence->text.size());
    sequence->text += text;
    attnviz::Unit word;
    word.label = text;
    word.place = attnviz::TextSpan{{begin, begin + static_cast<std::int64_t>(text.size())}};
    sequence->units.push_back(word);
  }
  return sequence;
}

/// The last word of the text: what it looked at in two layers, as a mean over heads.
attnviz::TokenMap token() {
  attnviz::AttentionView view;
  view.sequence = words({"the", "cat", "that", "slept", "woke"});
  view.sources = {0, 1, 2, 3, 4};
  view.layers = {0, 1};
  view.reductions = {{&attnviz::mean_reduction(),
                      {2, 5, {0.30F, 0.20F, 0.10F, 0.20F, 0.20F, 0.05F, 0.75F, 0.05F, 0.10F, 0.05F}},
                      {0.175F, 0.475F, 0.075F, 0.15F, 0.125F}}};
  attnviz::TokenMap map;
  map.token.index = map.token.query = 4;
  map.token.text = "woke";
  map.views = {view};
  return map;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string folder = argc > 1 ? argv[1] : ".";
    attnviz::RenderOptions options;
    options.annotate = true;
    attnviz::Painter painter(options);
    save(folder + "/matrix.png", painter.heatmap(matrix()));
    save(folder + "/token.png", painter.token_map(token()));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "draw_numbers: %s\n", error.what());
    return 1;
  }
}
