// Any bytes as text, for every tokenizer of data/components.jsonl.
#include <fstream>
#include <nlohmann/json.hpp>

#include "fuzz.h"

namespace {

std::vector<std::unique_ptr<attnviz::Tokenizer>> load_all() {
  std::vector<std::unique_ptr<attnviz::Tokenizer>> tokenizers;
  std::ifstream file(ATTNVIZ_TEST_DATA "/data/components.jsonl", std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const attnviz::CompanionFile json{"tokenizer.json", "tokenizer.json",
                                      nlohmann::json::parse(line)["tokenizer"].dump()};
    tokenizers.push_back(attnviz::load_tokenizer(std::span(&json, 1)));
  }
  return tokenizers;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizers = load_all();
  for (const auto& tokenizer : tokenizers) attnviz::fuzz::use(*tokenizer, attnviz::fuzz::view(data, size));
  return 0;
}
