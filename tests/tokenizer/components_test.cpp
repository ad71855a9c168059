// One small tokenizer of our own for each component, against what the reference library made of the same
// texts (data/make_components.py, data/expect.js).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "attnviz/tokenizer.h"
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

using nlohmann::json;

struct Component {
  std::string name;
  json entry;
  friend std::ostream& operator<<(std::ostream& out, const Component& component) {
    return out << component.name;
  }
};

std::vector<Component> read_components() {
  std::ifstream file(ATTNVIZ_TEST_DATA "/data/components.jsonl", std::ios::binary);
  std::vector<Component> components;
  for (std::string line; std::getline(file, line);) {
    json entry = json::parse(line);
    std::string name = entry["name"];
    components.push_back({std::move(name), std::move(entry)});
  }
  return components;
}

std::string name_of(const testing::TestParamInfo<Component>& component) { return component.param.name; }

json offset_of(const Token& token, std::string_view text) {
  const auto characters = [&](std::int64_t bytes) {
    return static_cast<std::int64_t>(utf8::decode(text.substr(0, static_cast<std::size_t>(bytes))).size());
  };
  return {characters(token.reference.begin), characters(token.reference.end)};
}

/// What expect.js writes, of our encoding.
json describe(const Tokenizer& tokenizer, const json& asked) {
  const std::string text = asked["text"];
  const std::string pair = asked.value("pair", "");
  const Encoding encoding =
      tokenizer.encode(text, asked.contains("pair") ? std::optional<std::string_view>(pair) : std::nullopt);
  json got = asked;
  got["ids"] = got["offsets"] = got["special"] = got["types"] = json::array();
  std::vector<std::int64_t> ids;
  for (const Token& token : encoding.tokens) {
    ids.push_back(token.id);
    got["ids"].push_back(token.id);
    got["offsets"].push_back(offset_of(token, token.sequence == 1 ? pair : text));
    got["special"].push_back(token.sequence < 0 ? 1 : 0);
    got["types"].push_back(token.type_id);
  }
  if (asked.contains("decoded")) got["decoded"] = tokenizer.decode(ids);
  return got;
}

class Components : public testing::TestWithParam<Component> {};

TEST_P(Components, AgreeWithTheReference) {
  const json& entry = GetParam().entry;
  const CompanionFile file{"tokenizer.json", "tokenizer.json", entry["tokenizer"].dump()};
  const auto tokenizer = load_tokenizer(std::span(&file, 1));
  for (const json& expected : entry["cases"]) {
    EXPECT_EQ(describe(*tokenizer, expected).dump(), expected.dump()) << expected["text"];
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Components, testing::ValuesIn(read_components()), name_of);

}  // namespace
}  // namespace attnviz::tokenizer
