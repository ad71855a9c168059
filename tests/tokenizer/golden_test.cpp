// Every line of the golden files of the reference, where they are at hand. Prints the table of agreement.
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
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

using nlohmann::json;

std::string shared(const std::string& path) {
  return std::string(ATTNVIZ_SOURCE_DIR) + "/../shared/tokenizers/" + path;
}

std::string read(const std::string& path) {
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

std::int64_t characters(std::string_view text, std::int64_t bytes) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < bytes; ++i) {
    count += utf8::is_continuation(text[static_cast<std::size_t>(i)]) ? 0 : 1;
  }
  return count;
}

json ids_of(const Encoding& encoding) {
  json ids = json::array();
  for (const Token& token : encoding.tokens) ids.push_back(token.id);
  return ids;
}

struct Agreement {
  int lines = 0, ids = 0, plain = 0, offsets = 0, special = 0;
};

void compare(const Tokenizer& tokenizer, const json& line, Agreement& agreement) {
  const std::string text = line["text"];
  const Encoding encoding = tokenizer.encode(text);
  json offsets = json::array();
  json special = json::array();
  for (const Token& token : encoding.tokens) {
    offsets.push_back({characters(text, token.reference.begin), characters(text, token.reference.end)});
    special.push_back(token.sequence < 0 ? 1 : 0);
  }
  const std::string name = line["name"];
  const auto same = [&](const char* what, const json& got, int& count) {
    if (!line.contains(what) || line[what] == got) {
      ++count;
    } else {
      ADD_FAILURE() << name << ": " << what << " differ\n  reference " << line[what] << "\n  attnviz   "
                    << got;
    }
  };
  ++agreement.lines;
  same("ids", ids_of(encoding), agreement.ids);
  same("ids_plain", ids_of(tokenizer.encode(text, std::nullopt, false)), agreement.plain);
  same("offsets", offsets, agreement.offsets);
  same("special", special, agreement.special);
}

class Golden : public testing::TestWithParam<Family> {};

TEST_P(Golden, EveryLineAgreesWithTheReference) {
  const Family& family = GetParam();
  const std::string golden = read(shared("golden/" + family.name + ".jsonl"));
  if (golden.empty()) GTEST_SKIP() << "the golden files (../shared/tokenizers) are not here";
  std::vector<CompanionFile> files;
  for (const auto& [name, path] : family.files) files.push_back({name, path, read(shared(path))});
  const auto tokenizer = load_tokenizer(files);
  ASSERT_NE(tokenizer, nullptr);
  Agreement agreement;
  for (std::size_t begin = 0; begin < golden.size();) {
    const std::size_t end = std::min(golden.find('\n', begin), golden.size());
    if (end > begin) compare(*tokenizer, json::parse(golden.substr(begin, end - begin)), agreement);
    begin = end + 1;
  }
  std::printf("%-20s %4d lines   ids %4d   without special %4d   offsets %4d   special mask %4d\n",
              family.name.c_str(), agreement.lines, agreement.ids, agreement.plain, agreement.offsets,
              agreement.special);
  EXPECT_GT(agreement.lines, 100);
}

const Family kFamilies[] = {
    {"roberta-base", {{"tokenizer.json", "roberta-base/tokenizer.json"}}},
    {"t5-small", {{"tokenizer.json", "t5-small/tokenizer.json"}}},
    {"phi-3-mini", {{"tokenizer.json", "phi-3-mini/tokenizer.json"}}},
    {"qwen2.5", {{"tokenizer.json", "qwen2.5/tokenizer.json.gz"}}},
    {"gpt2", {{"vocab.json", "gpt2/vocab.json"}, {"merges.txt", "gpt2/merges.txt"}}},
    {"bert-base-uncased", {{"vocab.txt", "bert-base-uncased/vocab.txt"}}},
    {"spm-test_model", {{"tokenizer.model", "spm-google-test/test_model.model"}}},
    {"spm-test_ja_model", {{"tokenizer.model", "spm-google-test/test_ja_model.model"}}},
};

std::string name_of(const testing::TestParamInfo<Family>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, Golden, testing::ValuesIn(kFamilies), name_of);

}  // namespace
}  // namespace attnviz::tokenizer
