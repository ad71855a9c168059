/// JSON documents of untrusted origin, as values that name themselves in errors.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::tokenizer::json {

enum class Kind : std::uint8_t { kNull, kBool, kInteger, kReal, kString, kArray, kObject };

/// One value; children and texts live in the Document.
struct Value {
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;                ///< Also set for integers.
  std::string_view key;           ///< Name within the object that holds it.
  std::string_view text;          ///< Of a string.
  std::pmr::vector<Value> items;  ///< Of an array or an object, in the order of the file.

  explicit Value(std::pmr::memory_resource* memory) : items(memory) {}
  bool is(Kind wanted) const noexcept { return kind == wanted; }
  /// The last member called `name`, or null.
  const Value* find(std::string_view name) const noexcept;
  Value* find(std::string_view name) noexcept;
};

/// A parsed file, an object or an array. Throws Error(kInput) naming `where`: not JSON, not UTF-8, nested
/// deeper than 64.
/// Numbers with a fraction are read as the reference reads them: significand times or over a power of ten,
/// which is not always the nearest double.
class Document {
 public:
  Document(std::string_view bytes, std::string where);
  const Value& root() const noexcept { return *root_; }
  Value& root() noexcept { return *root_; }
  const std::string& where() const noexcept { return where_; }

 private:
  std::unique_ptr<std::pmr::monotonic_buffer_resource> memory_;
  std::unique_ptr<Value> root_;
  std::string where_;
};

/// The members of one component of a file. Every getter throws Error(kInput) naming file and component when
/// the member is missing (and has no default) or of another kind.
class Fields {
 public:
  /// `component` says what it is: "normalizer Replace". Throws when `value` is no object.
  Fields(const Value& value, std::string where, std::string component);

  const Value* find(std::string_view name) const noexcept;  ///< Null also for a JSON null.
  const Value& need(std::string_view name, Kind kind) const;
  const Value* maybe(std::string_view name, Kind kind) const;  ///< Null when missing or null.
  std::string_view text(std::string_view name) const;
  std::optional<std::string> optional_text(std::string_view name) const;
  bool flag(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise) const;
  std::uint32_t count(std::string_view name) const;  ///< An integer in [0, 2^31).
  std::uint32_t count(std::string_view name, std::uint32_t otherwise) const;
  char32_t character(std::string_view name) const;  ///< A string of exactly one code point.

  [[noreturn]] void fail(const std::string& what) const;
  const std::string& where() const noexcept { return where_; }
  const std::string& component() const noexcept { return component_; }
  std::string place() const { return where_ + ": " + component_; }
  Fields inside(const Value& value, std::string component) const {
    return {value, where_, std::move(component)};
  }

 private:
  const Value& value_;
  std::string where_;
  std::string component_;
};

/// Value of a decimal number as serde_json reads it by default.
double parse_decimal(std::string_view text) noexcept;

std::string_view name_of(Kind kind) noexcept;  ///< "a string", "an object", …

}  // namespace attnviz::tokenizer::json
