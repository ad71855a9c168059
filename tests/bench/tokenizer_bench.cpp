// Speed of tokenizers: load time, and MB/s on 1 MB of mixed text.
//
//   attnviz_tokenizer_bench <text file> <tokenizer.json | vocab.txt | …>...
//
// Every file is a tokenizer of its own. tokenizer_bench.js does the same with the reference library.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attnviz/tokenizer.h"

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <typename Work>
double best_of(int rounds, Work work) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s <text file> <tokenizer file>...\n", argv[0]);
    return 2;
  }
  const std::string text = read(argv[1]);
  for (int i = 2; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    const attnviz::CompanionFile file{path.filename().string(), path.string(), read(path.string())};
    std::unique_ptr<attnviz::Tokenizer> tokenizer;
    const double load = best_of(3, [&] { tokenizer = attnviz::load_tokenizer(std::span(&file, 1)); });
    std::size_t tokens = 0;
    const double whole = best_of(3, [&] { tokens = tokenizer->encode(text).tokens.size(); });
    const double lines = best_of(3, [&] {
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        tokenizer->encode(std::string_view(text).substr(begin, end - begin));
        begin = end + 1;
      }
    });
    std::printf("%-50s load %6.3f s   %8zu tokens   whole %6.2f MB/s   by line %6.2f MB/s\n", path.c_str(),
                load, tokens, static_cast<double>(text.size()) / 1e6 / whole,
                static_cast<double>(text.size()) / 1e6 / lines);
  }
}
