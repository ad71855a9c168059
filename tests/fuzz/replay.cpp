// Runs a fuzz target on the files and folders that are named: for compilers without libFuzzer, and for
// regressions. With `--mutate N` each file is also tried with N random changes, the same ones every time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

/// A few bytes changed, inserted, taken out, doubled or cut off.
std::string mutate(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = 1 + below(16);
    switch (below(6)) {
      case 0: bytes.insert(at, 1, static_cast<char>(random())); break;
      case 1: bytes.erase(at, length); break;
      case 2:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      case 3: bytes.insert(at, bytes.substr(below(bytes.size() + 1), length)); break;
      case 4:
        if (at < bytes.size()) bytes[at] = "0123456789[]{}\",:-eE"[below(20)];
        break;
      default:
        if (below(8) == 0) bytes.resize(at);
    }
  }
  return bytes;
}

std::size_t run_file(const std::filesystem::path& path, std::size_t mutations) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  run(bytes);
  std::mt19937 random(7);
  for (std::size_t i = 0; i < mutations; ++i) run(mutate(bytes, random));
  return 1 + mutations;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t runs = 0;
  std::size_t mutations = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--mutate" && i + 1 < argc) {
      mutations = std::stoul(argv[++i]);
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        if (entry.is_regular_file()) runs += run_file(entry.path(), mutations);
      }
    } else {
      runs += run_file(argument, mutations);
    }
  }
  std::printf("%zu inputs\n", runs);
}
