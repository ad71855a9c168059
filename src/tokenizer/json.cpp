#include "tokenizer/json.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer::json {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::int64_t kLargestCount = (std::int64_t{1} << 31) - 1;

std::string_view copy(std::pmr::memory_resource& memory, std::string_view text) {
  if (text.empty()) return {};
  char* const place = static_cast<char*>(memory.allocate(text.size(), 1));
  text.copy(place, text.size());
  return {place, text.size()};
}

/// Builds values from the events of the parser.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::pmr::memory_resource& memory, Value& root, const std::string& where)
      : memory_(memory), root_(root), where_(where) {}

  bool null() override {
    place();
    return true;
  }
  bool boolean(bool value) override {
    Value& target = place();
    target.kind = Kind::kBool;
    target.boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    Value& target = place();
    target.kind = Kind::kInteger;
    target.integer = value;
    target.real = static_cast<double>(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    Value& target = place();
    const bool fits = value <= static_cast<number_unsigned_t>(INT64_MAX);
    target.kind = fits ? Kind::kInteger : Kind::kReal;
    target.integer = fits ? static_cast<std::int64_t>(value) : 0;
    target.real = static_cast<double>(value);
    return true;
  }
  bool number_float(number_float_t, const string_t& text) override {
    Value& target = place();
    target.kind = Kind::kReal;
    target.real = parse_decimal(text);
    return true;
  }
  bool string(string_t& text) override {
    Value& target = place();
    target.kind = Kind::kString;
    target.text = copy(memory_, text);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Kind::kObject); }
  bool start_array(std::size_t) override { return open(Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& text) override {
    key_ = copy(memory_, text);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    throw Error(ErrorKind::kInput, where_ + " is not JSON: error at byte " + std::to_string(position),
                utf8::replace_invalid(error.what()));
  }

 private:
  Value& place() {
    if (open_.empty()) return root_;
    auto& items = open_.back()->items;
    Value& value = items.emplace_back(&memory_);
    if (open_.back()->kind == Kind::kObject) value.key = key_;
    return value;
  }
  bool open(Kind kind) {
    if (open_.size() == kDeepest) {
      throw Error(ErrorKind::kInput,
                  where_ + " is nested deeper than " + std::to_string(kDeepest) + " levels");
    }
    Value& value = place();
    value.kind = kind;
    open_.push_back(&value);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::pmr::memory_resource& memory_;
  Value& root_;
  const std::string& where_;
  std::vector<Value*> open_;  ///< A parent's items do not grow while a child is open, so these stay valid.
  std::string_view key_;
};

double power_of_ten(int exponent) {
  static const std::array<double, 309> table = [] {
    std::array<double, 309> powers{};
    for (int i = 0; i <= 308; ++i) {
      powers[static_cast<std::size_t>(i)] = std::strtod(("1e" + std::to_string(i)).c_str(), nullptr);
    }
    return powers;
  }();
  return table[static_cast<std::size_t>(exponent)];
}

}  // namespace

double parse_decimal(std::string_view text) noexcept {
  std::size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++i;
  std::uint64_t significand = 0;
  int exponent = 0;
  bool fraction = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      fraction = true;  // Whatever the locale calls a decimal point.
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(text[i] - '0');
    if (significand > (UINT64_MAX - digit) / 10) {
      if (!fraction) ++exponent;
      continue;
    }
    significand = significand * 10 + digit;
    if (fraction) --exponent;
  }
  if (i < text.size()) {
    ++i;
    const bool small = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    int written = 0;
    for (; i < text.size() && written < 100'000; ++i) written = written * 10 + (text[i] - '0');
    exponent += small ? -written : written;
  }
  double value = static_cast<double>(significand);
  while (exponent < -308 && value != 0) {
    value /= 1e308;
    exponent += 308;
  }
  if (value != 0) {
    if (exponent > 308) {
      value = HUGE_VAL;
    } else {
      value = exponent >= 0 ? value * power_of_ten(exponent) : value / power_of_ten(-exponent);
    }
  }
  return negative ? -value : value;
}

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return "true or false";
    case Kind::kInteger: return "an integer";
    case Kind::kReal: return "a number";
    case Kind::kString: return "a string";
    case Kind::kArray: return "an array";
    case Kind::kObject: return "an object";
  }
  return "a value";
}

const Value* Value::find(std::string_view name) const noexcept {
  if (kind != Kind::kObject) return nullptr;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (item->key == name) return &*item;
  }
  return nullptr;
}

Value* Value::find(std::string_view name) noexcept {
  return const_cast<Value*>(static_cast<const Value*>(this)->find(name));
}

std::string quote(std::string_view text) { return nlohmann::json(text).dump(); }

Document::Document(std::string_view bytes, std::string where)
    : memory_(std::make_unique<std::pmr::monotonic_buffer_resource>(bytes.size() / 2 + 1024)),
      root_(std::make_unique<Value>(memory_.get())),
      where_(std::move(where)) {
  Builder builder(*memory_, *root_, where_);
  nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &builder);
}

Fields::Fields(const Value& value, std::string where, std::string component)
    : value_(value), where_(std::move(where)), component_(std::move(component)) {
  if (!value_.is(Kind::kObject)) fail("an object was expected, found " + std::string(name_of(value_.kind)));
}

void Fields::fail(const std::string& what) const { throw Error(ErrorKind::kInput, place() + ": " + what); }

const Value* Fields::find(std::string_view name) const noexcept {
  const Value* const found = value_.find(name);
  return found == nullptr || found->is(Kind::kNull) ? nullptr : found;
}

const Value& Fields::need(std::string_view name, Kind kind) const {
  const Value* const found = maybe(name, kind);
  if (found == nullptr) fail("\"" + std::string(name) + "\" is missing");
  return *found;
}

const Value* Fields::maybe(std::string_view name, Kind kind) const {
  const Value* const found = find(name);
  if (found != nullptr && !found->is(kind) && !(kind == Kind::kReal && found->is(Kind::kInteger))) {
    fail("\"" + std::string(name) + "\" should be " + std::string(name_of(kind)) + ", found " +
         std::string(name_of(found->kind)));
  }
  return found;
}

std::string_view Fields::text(std::string_view name) const { return need(name, Kind::kString).text; }

std::optional<std::string> Fields::optional_text(std::string_view name) const {
  const Value* const found = maybe(name, Kind::kString);
  if (found == nullptr) return std::nullopt;
  return std::string(found->text);
}

bool Fields::flag(std::string_view name) const { return need(name, Kind::kBool).boolean; }

bool Fields::flag(std::string_view name, bool otherwise) const {
  const Value* const found = maybe(name, Kind::kBool);
  return found == nullptr ? otherwise : found->boolean;
}

std::uint32_t Fields::count(std::string_view name) const {
  const Value& found = need(name, Kind::kInteger);
  if (found.integer < 0 || found.integer > kLargestCount) {
    fail("\"" + std::string(name) + "\" is " + std::to_string(found.integer) + ", expected 0 to " +
         std::to_string(kLargestCount));
  }
  return static_cast<std::uint32_t>(found.integer);
}

std::uint32_t Fields::count(std::string_view name, std::uint32_t otherwise) const {
  return find(name) == nullptr ? otherwise : count(name);
}

char32_t Fields::character(std::string_view name) const {
  const std::string_view found = text(name);
  if (found.empty() || utf8::length(found[0]) != found.size()) {
    fail("\"" + std::string(name) + "\" should be one character, found " + std::to_string(found.size()) +
         " bytes");
  }
  std::size_t position = 0;
  return utf8::next(found, position);
}

}  // namespace attnviz::tokenizer::json
