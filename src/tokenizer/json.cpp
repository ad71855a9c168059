#include "tokenizer/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer::json {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::int64_t kLargestCount = (std::int64_t{1} << 31) - 1;

namespace ondemand = simdjson::ondemand;

std::string_view copy(std::pmr::memory_resource& memory, std::string_view text) {
  if (text.empty()) return {};
  char* const place = static_cast<char*>(memory.allocate(text.size(), 1));
  text.copy(place, text.size());
  return {place, text.size()};
}

/// Builds values from what the parser finds. simdjson checks what it hands out, so that the file is checked
/// once all of it was read; its errors are exceptions here.
class Reader {
 public:
  Reader(std::pmr::memory_resource& memory, const std::string& where) : memory_(memory), where_(where) {}

  /// The whole file: an array or an object.
  void read(ondemand::document& document, Value& root) {
    if (document.type() == ondemand::json_type::array) {
      read_array(document, root, 0);
    } else {
      read_object(document, root, 0);
    }
    // At the end there is no place any more.
    if (document.current_location().error() == simdjson::SUCCESS) {
      throw simdjson::simdjson_error(simdjson::TAPE_ERROR);
    }
  }

 private:
  void read(ondemand::value value, Value& target, std::size_t depth) {
    switch (ondemand::json_type(value.type())) {
      case ondemand::json_type::array: read_array(value, target, depth); return;
      case ondemand::json_type::object: read_object(value, target, depth); return;
      case ondemand::json_type::number: read_number(value, target); return;
      case ondemand::json_type::string:
        target.kind = Kind::kString;
        target.text = copy(memory_, std::string_view(value.get_string()));
        return;
      case ondemand::json_type::boolean:
        target.kind = Kind::kBool;
        target.boolean = bool(value.get_bool());
        return;
      default:
        if (!bool(value.is_null())) throw simdjson::simdjson_error(simdjson::N_ATOM_ERROR);
    }
  }

  void require_depth(std::size_t depth) const {
    if (depth < kDeepest) return;
    throw Error(ErrorKind::kInput, where_ + " is nested deeper than " + std::to_string(kDeepest) + " levels");
  }

  /// `Source` is the document or a value in it.
  template <typename Source>
  void read_array(Source& source, Value& target, std::size_t depth) {
    require_depth(depth);
    target.kind = Kind::kArray;
    for (auto element : source.get_array()) {
      read(element.value(), target.items.emplace_back(&memory_), depth + 1);
    }
  }

  template <typename Source>
  void read_object(Source& source, Value& target, std::size_t depth) {
    require_depth(depth);
    target.kind = Kind::kObject;
    for (auto field : source.get_object()) {
      Value& member = target.items.emplace_back(&memory_);
      member.key = copy(memory_, std::string_view(field.unescaped_key()));
      read(field.value(), member, depth + 1);
    }
  }

  static void read_number(ondemand::value& value, Value& target) {
    const std::string_view token = value.raw_json_token();  // With the white space behind it.
    const std::string_view text = token.substr(0, token.find_first_not_of("+-.0123456789eE"));
    std::int64_t integer = 0;
    if (text.find_first_of(".eE") == std::string_view::npos && value.get_int64().get(integer) == 0) {
      target.kind = Kind::kInteger;
      target.integer = integer;
      target.real = static_cast<double>(integer);
      return;
    }
    // Refuses what is no number or is none that a double can hold; the value is the reference's.
    static_cast<void>(double(value.get_double()));
    target.kind = Kind::kReal;
    target.real = parse_decimal(text);
  }

  std::pmr::memory_resource& memory_;
  const std::string& where_;
};

/// Where a file is damaged in a way that the parser notices before it has read a value: a byte that is no
/// UTF-8, or a string with a control character or without an end.
std::size_t place_of_damage(std::string_view bytes) {
  if (const auto bad = find_invalid_utf8(bytes)) return *bad;
  std::size_t open = std::string_view::npos;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool inside = open != std::string_view::npos;
    if (bytes[i] == '"') {
      open = inside ? std::string_view::npos : i;
    } else if (inside && bytes[i] == '\\') {
      ++i;
    } else if (inside && static_cast<unsigned char>(bytes[i]) < 0x20) {
      return i;
    }
  }
  return open == std::string_view::npos ? bytes.size() : open;
}

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

Document::Document(std::string_view bytes, std::string where)
    : memory_(std::make_unique<std::pmr::monotonic_buffer_resource>(bytes.size() / 2 + 1024)),
      root_(std::make_unique<Value>(memory_.get())),
      where_(std::move(where)) {
  const std::size_t mark = bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  bytes = bytes.substr(mark, bytes.find_last_not_of(kWhiteSpace) + 1 - mark);
  const std::size_t first = std::min(bytes.find_first_not_of(kWhiteSpace), bytes.size());
  if (first == bytes.size() || (bytes[first] != '{' && bytes[first] != '[')) {
    throw Error(ErrorKind::kInput, where_ + " should be JSON, an object or an array; neither is at byte " +
                                       std::to_string(mark + first));
  }
  const simdjson::padded_string padded(bytes);
  ondemand::parser parser;
  ondemand::document document;
  bool is_open = false;
  try {
    document = parser.iterate(padded);
    is_open = true;
    Reader(*memory_, where_).read(document, *root_);
  } catch (const simdjson::simdjson_error& error) {
    std::size_t place = is_open ? bytes.size() : place_of_damage(bytes);
    const char* at = nullptr;
    if (is_open && error.error() != simdjson::INCOMPLETE_ARRAY_OR_OBJECT &&
        document.current_location().get(at) == simdjson::SUCCESS) {
      place = static_cast<std::size_t>(at - padded.data());
    }
    throw Error(ErrorKind::kInput, where_ + " is not JSON: error at byte " + std::to_string(mark + place),
                error.what());
  }
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
