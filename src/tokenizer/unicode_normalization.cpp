#include "tokenizer/unicode_normalization.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <algorithm>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

struct Marked {
  char32_t character = 0;
  int change = 0;
  std::uint8_t combining_class = 0;
};

const icu::Normalizer2& decomposer(bool compatible) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const found =
      compatible ? icu::Normalizer2::getNFKDInstance(status) : icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status))
    throw Error(ErrorKind::kInput, "ICU's data for Unicode normalization is not installed");
  return *found;
}

/// What the reference's older tables do not decompose.
bool is_too_new(UChar32 c) {
  UVersionInfo age;
  u_charAge(c, age);
  return age[0] > 12 || (age[0] == 12 && age[1] > 0) || c == 0x1F16C;
}

void put_in_canonical_order(std::vector<Marked>& marks) {
  for (auto run = marks.begin(); run != marks.end();) {
    if (run->combining_class == 0) {
      ++run;
      continue;
    }
    const auto end = std::find_if(run, marks.end(), [](const Marked& m) { return m.combining_class == 0; });
    std::stable_sort(run, end,
                     [](const Marked& a, const Marked& b) { return a.combining_class < b.combining_class; });
    run = end;
  }
}

std::vector<Marked> decompose(std::string_view text, bool compatible) {
  const icu::Normalizer2& normalizer = decomposer(compatible);
  std::vector<Marked> result;
  result.reserve(text.size());
  icu::UnicodeString parts;
  const auto add = [&](UChar32 c, int change) {
    result.push_back({static_cast<char32_t>(c), change, normalizer.getCombiningClass(c)});
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<UChar32>(utf8::next(text, i));
    if (c < 0xA0) {
      result.push_back({static_cast<char32_t>(c), 0, 0});
    } else if (!is_too_new(c) && normalizer.getDecomposition(c, parts)) {
      for (int k = 0; k < parts.length(); k = parts.moveIndex32(k, 1)) add(parts.char32At(k), k > 0 ? 1 : 0);
    } else {
      add(c, 0);
    }
  }
  put_in_canonical_order(result);
  return result;
}

/// Joins what composes, in place. A composed character stands for one old character and the ones that were
/// joined into it.
void compose(std::vector<Marked>& marks) {
  const icu::Normalizer2& normalizer = decomposer(false);
  std::size_t kept = 0;
  std::size_t starter = 0;
  bool has_starter = false;
  int last_class = -1;  // Of what was kept behind the starter; -1 is nothing.
  for (const Marked mark : marks) {
    const bool reachable = has_starter && (last_class < 0 || last_class < mark.combining_class);
    const UChar32 joined = reachable ? normalizer.composePair(static_cast<UChar32>(marks[starter].character),
                                                              static_cast<UChar32>(mark.character))
                                     : U_SENTINEL;
    if (joined >= 0) {
      marks[starter].character = static_cast<char32_t>(joined);
      marks[starter].change += mark.change - 1;
      continue;
    }
    if (mark.combining_class == 0) {
      starter = kept;
      has_starter = true;
      last_class = -1;
    } else if (has_starter) {
      last_class = mark.combining_class;
    }
    marks[kept++] = mark;
  }
  marks.resize(kept);
}

}  // namespace

void normalize(AlignedText& text, NormalForm form) {
  if (utf8::is_ascii(text.text)) return;
  const bool compatible = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  std::vector<Marked> marks = decompose(text.text, compatible);
  if (form == NormalForm::kNfc || form == NormalForm::kNfkc) compose(marks);
  std::vector<Change> changes;
  changes.reserve(marks.size());
  for (const Marked& mark : marks) changes.push_back({mark.character, mark.change});
  text.rewrite(changes);
}

}  // namespace attnviz::tokenizer
