#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attnviz {

/// Writes JSON in order of the calls. Objects and arrays of things are indented by two spaces a level, arrays
/// of numbers stand on one line. Floats get the fewest digits that read back the same; non-finite ones become
/// null.
class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::int64_t number);
  void value(int number) { value(static_cast<std::int64_t>(number)); }
  void value(float number);
  void value(bool truth);
  void null();
  void numbers(std::span<const float> values);

  template <class Value>
  void field(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }

  /// The document, ended by a newline.
  std::string finish() &&;

 private:
  void open(char bracket);
  void close(char bracket);
  void before_value();
  void new_line();

  std::string out_;
  int depth_ = 0;
  bool first_ = true;       ///< Nothing yet in the innermost object or array.
  bool after_key_ = false;  ///< The next value belongs to a key.
};

}  // namespace attnviz
