#include "tokenizer/regex.h"

#include <oniguruma.h>

#include <mutex>
#include <new>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

constexpr std::size_t kLongestPattern = 1 << 16;
// A split pattern takes a handful of steps for a character; these bounds stop only patterns that explode.
// They count what goes backwards, for one position and for one whole search.
constexpr unsigned long kRetriesInMatch = 1'000'000;
constexpr unsigned long kRetriesInSearch = 10'000'000;
constexpr unsigned int kMatchStack = 4'000'000;

const OnigUChar* bytes(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
}

std::string message(int code, OnigErrorInfo* info = nullptr) {
  OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int size =
      info != nullptr ? onig_error_code_to_str(buffer, code, info) : onig_error_code_to_str(buffer, code);
  return std::string(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(size));
}

struct FreeRegion {
  void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
};
struct FreeMatchParam {
  void operator()(OnigMatchParam* parameters) const { onig_free_match_param(parameters); }
};

}  // namespace

struct Regex::State {
  OnigRegex regex = nullptr;
  std::string where;
  ~State() {
    if (regex != nullptr) onig_free(regex);
  }
};

Regex::Regex(std::string_view pattern, std::string where) : state_(std::make_unique<State>()) {
  initialize();
  state_->where = std::move(where);
  if (pattern.size() > kLongestPattern) {
    throw Error(ErrorKind::kInput, state_->where + ": the regular expression has " +
                                       std::to_string(pattern.size()) + " bytes; at most " +
                                       std::to_string(kLongestPattern) + " are accepted");
  }
  OnigErrorInfo info{};
  const int result = onig_new(&state_->regex, bytes(pattern.data()), bytes(pattern.data() + pattern.size()),
                              ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &info);
  if (result != ONIG_NORMAL) {
    state_->regex = nullptr;
    const std::string shown = utf8::replace_invalid(pattern.substr(0, 80));
    throw Error(ErrorKind::kInput, state_->where + ": the regular expression \"" + shown +
                                       "\" cannot be compiled: " + message(result, &info));
  }
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

void Regex::for_each_match(std::string_view text,
                           const std::function<void(std::size_t, std::size_t)>& on_match) const {
  const std::unique_ptr<OnigRegion, FreeRegion> region(onig_region_new());
  const std::unique_ptr<OnigMatchParam, FreeMatchParam> limits(onig_new_match_param());
  if (!region || !limits) throw std::bad_alloc();
  onig_initialize_match_param(limits.get());
  onig_set_retry_limit_in_match_of_match_param(limits.get(), kRetriesInMatch);
  onig_set_retry_limit_in_search_of_match_param(limits.get(), kRetriesInSearch);
  onig_set_match_stack_limit_size_of_match_param(limits.get(), kMatchStack);

  const OnigUChar* const begin = bytes(text.data());
  const OnigUChar* const end = bytes(text.data() + text.size());
  std::size_t from = 0;
  std::size_t last_end = std::string_view::npos;
  while (from <= text.size()) {
    onig_region_clear(region.get());
    const int found = onig_search_with_param(state_->regex, begin, end, begin + from, end, region.get(),
                                             ONIG_OPTION_NONE, limits.get());
    if (found == ONIG_MISMATCH) return;
    if (found < 0) {
      throw Error(ErrorKind::kInput, state_->where + ": the regular expression gives up at byte " +
                                         std::to_string(from) + " of the text: " + message(found));
    }
    const auto match_begin = static_cast<std::size_t>(region->beg[0]);
    const auto match_end = static_cast<std::size_t>(region->end[0]);
    if (match_begin == match_end && match_end == last_end) {
      from += from < text.size() ? utf8::length(text[from]) : 1;
      continue;
    }
    from = match_end;
    last_end = match_end;
    on_match(match_begin, match_end);
  }
}

}  // namespace attnviz::tokenizer
