/// The golden files of the reference, where they are at hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attnviz/tokenizer.h"

namespace attnviz::tokenizer::test {

inline constexpr const char* kNoGolden = "the golden files (../shared/tokenizers) are not here";

inline std::string shared(const std::string& path) {
  return std::string(ATTNVIZ_SOURCE_DIR) + "/../shared/tokenizers/" + path;
}

inline std::string read(const std::string& path) {
  if (path.ends_with(".gz")) {
    std::string bytes;
    char buffer[1 << 16];
    FILE* const pipe = popen(("gunzip -c '" + path + "'").c_str(), "r");
    if (pipe == nullptr) return {};
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) bytes.append(buffer, n);
    pclose(pipe);
    return bytes;
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Family {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;  ///< Companion name, path.
};

inline const Family kFamilies[] = {
    {"roberta-base", {{"tokenizer.json", "roberta-base/tokenizer.json"}}},
    {"t5-small", {{"tokenizer.json", "t5-small/tokenizer.json"}}},
    {"phi-3-mini", {{"tokenizer.json", "phi-3-mini/tokenizer.json"}}},
    {"qwen2.5", {{"tokenizer.json", "qwen2.5/tokenizer.json.gz"}}},
    {"gpt2", {{"vocab.json", "gpt2/vocab.json"}, {"merges.txt", "gpt2/merges.txt"}}},
    {"bert-base-uncased", {{"vocab.txt", "bert-base-uncased/vocab.txt"}}},
    {"spm-test_model", {{"tokenizer.model", "spm-google-test/test_model.model"}}},
    {"spm-test_ja_model", {{"tokenizer.model", "spm-google-test/test_ja_model.model"}}},
};

inline std::string name_of(const testing::TestParamInfo<Family>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

inline std::string golden_of(const Family& family) {
  return read(shared("golden/" + family.name + ".jsonl"));
}

inline bool has_golden(const Family& family) { return !golden_of(family).empty(); }

inline std::unique_ptr<Tokenizer> load_family(const Family& family) {
  std::vector<CompanionFile> files;
  for (const auto& [name, path] : family.files) files.push_back({name, path, read(shared(path))});
  return load_tokenizer(files);
}

/// Calls `visit(line)` for every line of the golden file.
template <typename Visit>
void for_each_golden(const Family& family, Visit visit) {
  const std::string golden = golden_of(family);
  for (std::size_t begin = 0; begin < golden.size();) {
    const std::size_t end = std::min(golden.find('\n', begin), golden.size());
    if (end > begin) visit(nlohmann::json::parse(golden.substr(begin, end - begin)));
    begin = end + 1;
  }
}

}  // namespace attnviz::tokenizer::test
