#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "attnviz/report.h"

namespace attnviz::report {
namespace {

using nlohmann::json;

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> parts = {"a",  "\"", "\\", "\n",   "\x01", "ü",
                                                 "中", "🚀",  " ",  "\x7F", "/"};
  std::string text;
  for (auto left = random() % 8; left > 0; --left) text += parts[random() % parts.size()];
  return text;
}

float random_float(std::mt19937& random) {
  const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  return std::isfinite(number) ? number : 0.5F;
}

/// Writes a random document, and returns what it should read as.
json write_random(std::mt19937& random, JsonWriter& writer, int depth) {
  switch (random() % (depth > 0 ? 8U : 6U)) {
    case 0: writer.null(); return nullptr;
    case 1: {
      const bool truth = random() % 2 == 0;
      writer.value(truth);
      return truth;
    }
    case 2: {
      const auto number = static_cast<std::int64_t>(std::uint64_t{random()} << 32 | random());
      writer.value(number);
      return number;
    }
    case 3: {
      const float number = random_float(random);
      writer.value(number);
      return number;
    }
    case 4: {
      const std::string text = random_text(random);
      writer.value(text);
      return text;
    }
    case 5: {
      std::vector<float> numbers(random() % 4);
      for (float& number : numbers) number = random_float(random);
      writer.numbers(numbers);
      return numbers;
    }
    case 6: {
      json list = json::array();
      writer.begin_array();
      for (auto left = random() % 4; left > 0; --left)
        list.push_back(write_random(random, writer, depth - 1));
      writer.end_array();
      return list;
    }
    default: {
      json object = json::object();
      writer.begin_object();
      for (auto left = random() % 4; left > 0; --left) {
        const std::string key = std::to_string(left) + random_text(random);
        writer.key(key);
        object[key] = write_random(random, writer, depth - 1);
      }
      writer.end_object();
      return object;
    }
  }
}

/// Numbers as float32, which is what the writer promises to bring back.
bool same(const json& read, const json& expected) {
  if (expected.is_number_float()) return read.is_number() && read.get<float>() == expected.get<float>();
  if (expected.is_structured()) {
    if (read.type() != expected.type() || read.size() != expected.size()) return false;
    for (const auto& [key, value] : expected.items()) {
      const json* found = nullptr;
      if (expected.is_array()) found = &read.at(std::stoul(key));
      if (expected.is_object() && read.contains(key)) found = &read.at(key);
      if (found == nullptr || !same(*found, value)) return false;
    }
    return true;
  }
  return read == expected;
}

TEST(JsonWriter, WhatItWritesIsReadBack) {
  std::mt19937 random(29);
  for (int round = 0; round < 2000; ++round) {
    JsonWriter writer;
    const json expected = write_random(random, writer, 4);
    const std::string text = std::move(writer).finish();
    const json read = json::parse(text, nullptr, false);
    ASSERT_FALSE(read.is_discarded()) << text;
    ASSERT_TRUE(same(read, expected)) << text << expected;
    EXPECT_EQ(text.back(), '\n');
  }
}

TEST(JsonWriter, IndentsThingsAndKeepsNumbersOnOneLine) {
  JsonWriter writer;
  writer.begin_object();
  writer.field("name", "x");
  writer.key("rows");
  writer.begin_array();
  writer.numbers(std::vector<float>{1, 0.5F});
  writer.numbers({});
  writer.end_array();
  writer.key("none");
  writer.begin_array();
  writer.end_array();
  writer.end_object();
  EXPECT_EQ(std::move(writer).finish(),
            "{\n  \"name\": \"x\",\n  \"rows\": [\n    [1, 0.5],\n    []\n  ],\n  \"none\": []\n}\n");
}

TEST(JsonWriter, WhatIsNoNumberIsNullAndWhatIsNoUtf8IsReplaced) {
  JsonWriter writer;
  writer.begin_array();
  writer.value(NAN);
  writer.value(-INFINITY);
  writer.value("a\xFF\xC3");
  writer.end_array();
  EXPECT_EQ(json::parse(std::move(writer).finish()), json({nullptr, nullptr, "a\uFFFD\uFFFD"}));
}

}  // namespace
}  // namespace attnviz::report
