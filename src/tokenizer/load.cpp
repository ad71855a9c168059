#include <algorithm>
#include <array>

#include "attnviz/tokenizer.h"
#include "tokenizer/files.h"

namespace attnviz {
namespace {

constexpr std::array<std::string_view, 1> kFileNames = {"tokenizer.json"};

const CompanionFile* find(std::span<const CompanionFile> files, std::string_view name) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const CompanionFile& f) { return f.name == name; });
  return found == files.end() ? nullptr : &*found;
}

}  // namespace

std::span<const std::string_view> tokenizer_file_names() noexcept { return kFileNames; }

std::unique_ptr<Tokenizer> load_tokenizer(std::span<const CompanionFile> files) {
  if (const CompanionFile* const file = find(files, "tokenizer.json")) {
    return make_tokenizer(read_tokenizer_json(*file, {}));
  }
  return nullptr;
}

}  // namespace attnviz
