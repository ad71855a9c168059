/// How fast token pictures are drawn and encoded: one table, against stb as it comes, the floor (copy and
/// checksums) and matplotlib with its figure reused (render_matplotlib.py, run as a child where its path is
/// given).
///
///   render_bench [--matplotlib PYTHON SCRIPT]
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "attnviz/render.h"
#include "bench/render_plain_stb.h"
#include "render/fixtures.h"
#include "render/reading_view.h"
#include "render/unicode.h"

namespace {

using namespace attnviz::render;
using attnviz::Sequence;
using attnviz::TokenMap;
using attnviz::Unit;
using Clock = std::chrono::steady_clock;

double seconds(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The least of several runs: what the work takes when nobody else is using the machine.
double best_seconds(int rounds, const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) best = std::min(best, seconds(work));
  return best;
}

/// Maps of the last `count` tokens of a text, of which each sees at most `sources`.
std::vector<TokenMap> maps_of(const std::shared_ptr<Sequence>& sequence, int layers, int first, int count) {
  std::vector<TokenMap> maps;
  for (int i = 0; i < count; ++i)
    maps.push_back(test::make_map(sequence, first + i, {.layers = layers, .sink = 0.5}));
  return maps;
}

/// Draws, encodes and, where `folder` is given, writes every map on so many threads; returns bytes written.
std::size_t render_all(const std::vector<TokenMap>& maps, const ColorTop& top, int threads,
                       const std::string& folder) {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> bytes{0};
  const auto work = [&] {
    Painter painter({}, top);
    for (std::size_t i = next++; i < maps.size(); i = next++) {
      const std::vector<std::uint8_t> png = encode_png(painter.token_map(maps[i]));
      bytes += png.size();
      if (folder.empty()) continue;
      std::ofstream file(folder + "/" + std::to_string(i) + ".png", std::ios::binary);
      file.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return bytes;
}

ColorTop top_of(const std::vector<TokenMap>& maps) {
  ColorTop top;
  for (const TokenMap& map : maps) top.add(map);
  return top;
}

std::vector<std::uint8_t> to_rgb(const Image& image) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(3 * image.pixels().size());
  for (const std::uint8_t index : image.pixels()) {
    rgb.insert(rgb.end(), image.palette()[index].begin(), image.palette()[index].end());
  }
  return rgb;
}

/// What no encoder can avoid: the pixels are copied once and run through both checksums of the format.
std::uint32_t floor_work(const std::vector<std::uint8_t>& pixels, std::vector<std::uint8_t>& copy) {
  std::memcpy(copy.data(), pixels.data(), pixels.size());
  return isal_adler32(1, copy.data(), copy.size()) ^ crc32_gzip_refl(0, copy.data(), copy.size());
}

void row(const char* what, double per_png, double bytes, double reference) {
  std::printf("%-58s %9.2f ms %10.1f /s %9.1f KB", what, per_png * 1e3, 1 / per_png, bytes / 1e3);
  if (reference > 0) std::printf("  %7.0f x", reference / per_png);
  std::printf("\n");
}

/// Seconds and bytes a PNG of matplotlib, as the script prints them; zeros where it was not asked for.
std::array<double, 2> matplotlib(int argc, char** argv) {
  std::array<double, 2> result{};
  if (argc < 4 || std::string(argv[1]) != "--matplotlib") return result;
  const std::string command = std::string("'") + argv[2] + "' '" + argv[3] + "'";
  FILE* child = popen(command.c_str(), "r");
  if (child == nullptr || std::fscanf(child, "%lf %lf", &result[0], &result[1]) != 2) result = {};
  if (child != nullptr) pclose(child);
  return result;
}

std::string repeated(const std::string& sentence, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += sentence;
  return text;
}

/// How long the reading view of a text, analysed and set anew, takes in several scripts.
void print_layouts(const std::vector<std::pair<std::string, std::string>>& texts) {
  for (const auto& [script, text] : texts) {
    const auto sequence = test::encode(text);
    Fonts fonts({}, true);
    Shaper shaper(fonts);
    const double time = best_seconds(30, [&] { lay_out_reading(shaper, *sequence, 1400); });
    const double labels = best_seconds(30, [&] {
      for (const Unit& unit : sequence->units) label_text(unit.label, kLabelGraphemes);
    });
    std::printf("reading layout, %-6s %5zu tokens, %5zu bytes %30.2f ms, labels %.3f ms\n", script.c_str(),
                sequence->units.size(), text.size(), time * 1e3, labels * 1e3);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const auto [plot_seconds, plot_bytes] = matplotlib(argc, argv);
  auto sequence = test::encode(test::long_text(200));
  sequence->units.resize(64);
  sequence->text.resize(static_cast<std::size_t>(sequence->units.back().text()->end));
  std::vector<TokenMap> maps;
  for (int i = 0; i < 256; ++i) {
    maps.push_back(
        test::make_map(sequence, 63, {.layers = 12, .sink = 0.5, .seed = static_cast<std::uint64_t>(i) + 1}));
  }
  const ColorTop top = top_of(maps);
  Painter painter({}, top);
  const Image image = painter.token_map(maps[0]);
  std::printf("token PNG, 12 layers x 64 sources, 3 reductions, reading view, %d x %d pixels\n",
              image.width(), image.height());
  std::printf("%-58s %12s %12s %12s  %9s\n", "", "per PNG", "PNGs", "size", "faster");

  if (plot_seconds > 0) row("matplotlib, figure reused, 1 thread", plot_seconds, plot_bytes, plot_seconds);
  for (const int threads : {1, 2}) {
    std::size_t bytes = 0;
    const double time = best_seconds(3, [&] { bytes = render_all(maps, top, threads, {}); });
    const auto count = static_cast<double>(maps.size());
    row(threads == 1 ? "attnviz, drawn and encoded, 1 thread" : "attnviz, drawn and encoded, 2 threads",
        time / count, static_cast<double>(bytes) / count, plot_seconds);
  }
  std::vector<std::uint8_t> png;
  row("  of that: drawing", best_seconds(40, [&] { painter.token_map(maps[1]); }), 0, 0);
  const double encoding_time = best_seconds(40, [&] { png = encode_png(image); });
  row("  of that: encoding", encoding_time, static_cast<double>(png.size()), 0);
  const std::vector<std::uint8_t> rgb = to_rgb(image);
  std::vector<std::uint8_t> copy(rgb.size());
  volatile std::uint32_t kept = 0;
  const double floor = best_seconds(40, [&] { kept = kept ^ floor_work(rgb, copy); });
  row("floor of encoding: copy and checksums of the RGB pixels", floor, static_cast<double>(rgb.size()), 0);
  std::size_t plain = 0;
  const double plain_time =
      best_seconds(3, [&] { plain = attnviz::bench::plain_stb(rgb, image.width(), image.height()); });
  row("stb_image_write as it comes, the same RGB pixels", plain_time, static_cast<double>(plain), 0);
  std::printf("encoding is %.2f x the floor\n\n", encoding_time / floor);

  auto long_text = test::encode(test::long_text(600));
  long_text->units.resize(512);
  long_text->text.resize(static_cast<std::size_t>(long_text->units.back().text()->end));
  print_layouts({{"Latin", long_text->text},
                 {"Hindi", repeated("हिन्दी में एक वाक्य है। ", 1600)},
                 {"Thai", repeated("ภาษาไทยเป็นภาษาที่สวยงาม ", 1600)},
                 {"Han", repeated("这是一个用来测量的句子，不长。", 1600)},
                 {"Hebrew", repeated("זהו משפט למדידה, abc 12. ", 1600)}});
  const std::vector<TokenMap> all = maps_of(long_text, 12, 0, 512);
  const ColorTop run_top = top_of(all);
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("attnviz-bench-" + std::to_string(getpid()))).string();
  std::filesystem::create_directory(folder);
  std::size_t bytes = 0;
  const double time = best_seconds(2, [&] { bytes = render_all(all, run_top, 2, folder); });
  std::filesystem::remove_all(folder);
  std::printf(
      "512 token PNGs of a 512-token text, 12 layers, drawn and written on 2 threads: %.2f s, %.1f MB\n",
      time, static_cast<double>(bytes) / 1e6);
  return 0;
}
