#include "source/pickle.h"

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/utf8.h"

namespace attnviz::source {

namespace {

constexpr int kDeepestNesting = 32;
constexpr std::int64_t kLargestSize = std::int64_t{1} << 50;

// As much of a value as tensors are told by.
struct Value {
  enum Kind { kOther, kInteger, kText, kName, kTuple, kStorage } kind = kOther;
  std::int64_t integer = 0;                         // kInteger, and how many numbers a kStorage holds.
  std::string_view text;                            // kText; of a kName its last part.
  std::shared_ptr<const std::vector<Value>> items;  // kTuple.
  int depth = 0;
};

struct Trouble {
  std::string what;
};

// Operations that the walk does not know; torch's reader decides.
struct Unknown {};

std::int64_t bytes_of_number(std::string_view storage) {
  constexpr std::pair<std::string_view, std::int64_t> kSizes[] = {
      {"FloatStorage", 4},        {"DoubleStorage", 8},        {"HalfStorage", 2},  {"BFloat16Storage", 2},
      {"LongStorage", 8},         {"IntStorage", 4},           {"ShortStorage", 2}, {"QInt32Storage", 4},
      {"ComplexFloatStorage", 8}, {"ComplexDoubleStorage", 16}};
  for (const auto& [name, size] : kSizes) {
    if (name == storage) return size;
  }
  return 1;
}

class Walk {
 public:
  Walk(std::string_view bytes, const SizeOfRecord& size_of) : rest_(bytes), size_of_(size_of) {}

  void run() {
    while (true) {
      const auto operation = static_cast<unsigned char>(take(1)[0]);
      if (operation == '.') return;
      step(operation);
    }
  }

 private:
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) throw Trouble{"it ends too early"};
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::uint64_t number(std::size_t count) {
    const std::string_view taken = take(count);
    std::uint64_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8U | static_cast<unsigned char>(taken[i - 1]);
    return value;
  }

  std::string_view line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) throw Trouble{"it ends too early"};
    const std::string_view taken = take(end + 1);
    return taken.substr(0, end);
  }

  void push(Value value) { stack_.push_back(std::move(value)); }
  void push_other() { push(Value()); }
  void push_integer(std::int64_t integer) { push({Value::kInteger, integer, {}, {}, 0}); }

  Value pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) throw Trouble{"it takes more than it gave"};
    Value value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }

  std::vector<Value> pop_to_mark() {
    if (marks_.empty()) throw Trouble{"it takes more than it gave"};
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value> values(std::make_move_iterator(begin), std::make_move_iterator(stack_.end()));
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }

  std::vector<Value> pop_several(std::size_t count) {
    std::vector<Value> values(count);
    for (std::size_t i = count; i > 0; --i) values[i - 1] = pop();
    return values;
  }

  void push_tuple(std::vector<Value> items) {
    int depth = 0;
    for (const Value& item : items) depth = std::max(depth, item.depth + 1);
    if (depth > kDeepestNesting) {
      push_other();
    } else {
      push({Value::kTuple, 0, {}, std::make_shared<const std::vector<Value>>(std::move(items)), depth});
    }
  }

  // What is on top stays there.
  void keep(std::uint64_t index) {
    const Value top = pop();
    memo_[index] = top;
    push(top);
  }

  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw Trouble{"it takes more than it gave"};
    push(found->second);
  }

  void step(unsigned char operation) {
    switch (operation) {
      case 0x80: take(1); break;                         // PROTO
      case '(': marks_.push_back(stack_.size()); break;  // MARK
      case ']':
      case '}':
      case 'N':
      case 0x88:
      case 0x89: push_other(); break;                                       // [], {}, None, True, False
      case ')': push_tuple({}); break;                                      // EMPTY_TUPLE
      case 'q': keep(number(1)); break;                                     // BINPUT
      case 'r': keep(number(4)); break;                                     // LONG_BINPUT
      case 'h': recall(number(1)); break;                                   // BINGET
      case 'j': recall(number(4)); break;                                   // LONG_BINGET
      case 'K': push_integer(static_cast<std::int64_t>(number(1))); break;  // BININT1
      case 'M': push_integer(static_cast<std::int64_t>(number(2))); break;  // BININT2
      case 'J': push_integer(static_cast<std::int32_t>(number(4))); break;  // BININT
      case 0x8a: push_long(); break;                                        // LONG1
      case 'G':
        take(8);
        push_other();
        break;                                                           // BINFLOAT
      case 'X': push({Value::kText, 0, take(number(4)), {}, 0}); break;  // BINUNICODE
      case 'c':
        line();
        push({Value::kName, 0, line(), {}, 0});
        break;                                     // GLOBAL
      case 't': push_tuple(pop_to_mark()); break;  // TUPLE
      case 0x85:
      case 0x86:
      case 0x87: push_tuple(pop_several(operation - 0x84U)); break;  // TUPLE1 … 3
      case 'l':
      case 'd':
        pop_to_mark();
        push_other();
        break;  // LIST, DICT
      case 'e':
      case 'u':
        pop_to_mark();
        push(pop());
        break;  // APPENDS, SETITEMS
      case 'a':
      case 'b':
        pop();
        push(pop());
        break;  // APPEND, BUILD
      case 's':
        pop_several(2);
        push(pop());
        break;  // SETITEM
      case 0x81:
        pop_several(2);
        push_other();
        break;                                   // NEWOBJ
      case 'R': reduce(); break;                 // REDUCE
      case 'Q': push(storage_of(pop())); break;  // BINPERSID
      default: throw Unknown{};
    }
  }

  void push_long() {
    const std::size_t count = number(1);
    if (count > 8) throw Trouble{"it has a number that is too long"};
    const std::uint64_t value = number(count);
    const bool negative = count > 0 && (value >> (8 * count - 1) & 1U) != 0;
    const std::uint64_t sign = count == 0 || count == 8 || !negative ? 0 : ~std::uint64_t{0} << (8 * count);
    push_integer(static_cast<std::int64_t>(value | sign));
  }

  // ("storage", type, key, device, how many numbers)
  Value storage_of(const Value& id) {
    if (id.kind != Value::kTuple || id.items->size() < 5) return {};
    const std::vector<Value>& items = *id.items;
    if (items[0].text != "storage" || items[2].kind != Value::kText || items[4].kind != Value::kInteger)
      return {};
    const std::int64_t count = items[4].integer;
    const std::string name = "its tensor '" + utf8::shown(items[2].text) + "'";
    if (count < 0 || count > kLargestSize) throw Trouble{name + " has an impossible size"};
    const std::optional<std::uint64_t> size = size_of_(items[2].text);
    const auto needed = static_cast<std::uint64_t>(count * bytes_of_number(items[1].text));
    if (size && *size < needed) {
      throw Trouble{name + " has " + std::to_string(*size) + " bytes of " + std::to_string(needed)};
    }
    return {Value::kStorage, count, {}, {}, 0};
  }

  // A call; of those that make a tensor: (numbers, first, sizes, strides, …).
  void reduce() {
    const Value arguments = pop();
    pop();
    push_other();
    if (arguments.kind != Value::kTuple || arguments.items->size() < 4) return;
    const std::vector<Value>& items = *arguments.items;
    if (items[0].kind != Value::kStorage) return;
    if (items[1].kind != Value::kInteger || items[2].kind != Value::kTuple || items[3].kind != Value::kTuple)
      return;
    check_extent(items[0].integer, items[1].integer, *items[2].items, *items[3].items);
  }

  static void check_extent(std::int64_t count, std::int64_t first, const std::vector<Value>& sizes,
                           const std::vector<Value>& strides) {
    const Trouble beyond{"one of its tensors reaches beyond its numbers"};
    if (sizes.size() != strides.size() || first < 0) throw beyond;
    std::int64_t last = first;
    bool empty = false;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::int64_t size = sizes[i].integer;
      const std::int64_t stride = strides[i].integer;
      if (size < 0 || stride < 0 || size > kLargestSize || stride > kLargestSize) throw beyond;
      empty = empty || size == 0;
      std::int64_t step = 0;
      if (size > 0 && __builtin_mul_overflow(size - 1, stride, &step)) throw beyond;
      if (__builtin_add_overflow(last, step, &last)) throw beyond;
    }
    if (!empty && last >= count) throw beyond;
  }

  std::string_view rest_;
  const SizeOfRecord& size_of_;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, Value> memo_;
};

}  // namespace

std::optional<std::string> find_pickle_trouble(std::string_view bytes, const SizeOfRecord& size_of) {
  try {
    Walk(bytes, size_of).run();
  } catch (const Trouble& trouble) {
    return trouble.what;
  } catch (const Unknown&) {
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace attnviz::source
