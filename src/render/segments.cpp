#include "render/segments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

#include "render/scale.h"

namespace attnviz::render {
namespace {

std::string hundredths_text(double share, std::int64_t hundredths) {
  if (hundredths == 0 && share > 0) return "<0.01";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(),
                                 static_cast<double>(hundredths) / 100, std::chars_format::fixed, 2);
  return {text.data(), end.ptr};
}

}  // namespace

std::vector<int> segment_places(std::span<const std::string> names) {
  std::vector<std::string> distinct;
  std::vector<int> places;
  for (const std::string& name : names) {
    if (name.empty() || name == kGeneratedSegment) {
      places.push_back(name.empty() ? kGluePlace : kGeneratedPlace);
      continue;
    }
    const auto known = std::find(distinct.begin(), distinct.end(), name);
    places.push_back(static_cast<int>(known - distinct.begin()));
    if (known == distinct.end()) distinct.push_back(name);
  }
  return places;
}

std::vector<int> segment_places(const Sequence& sequence) {
  std::vector<std::string> names;
  for (const Segment& segment : sequence.segments) names.push_back(segment.name);
  return segment_places(names);
}

std::vector<int> token_places(const Sequence& sequence) {
  const std::vector<int> of_segment = segment_places(sequence);
  std::vector<int> places;
  places.reserve(sequence.units.size());
  for (const Unit& unit : sequence.units) {
    places.push_back(unit.segment >= 0 ? of_segment[static_cast<std::size_t>(unit.segment)]
                     : unit.generated  ? kGeneratedPlace
                                       : kGluePlace);
  }
  return places;
}

Swatch swatch_of(int place) noexcept {
  if (place == kGeneratedPlace) return {color::kAccentRamp + 1, Texture::kPlain};
  if (place < 0) return {color::kNoSegment, Texture::kPlain};
  constexpr std::array<Texture, 4> kTextures = {Texture::kPlain, Texture::kRising, Texture::kFalling,
                                                Texture::kLevel};
  return {static_cast<std::uint8_t>(color::kSegments + place % color::kSegmentCount),
          kTextures[static_cast<std::size_t>(place / color::kSegmentCount) % kTextures.size()]};
}

std::vector<std::string> share_texts(std::span<const double> shares) {
  std::vector<std::int64_t> hundredths(shares.size(), 0);
  std::vector<std::size_t> order;  // of those that can be rounded
  double sum = 0;
  std::int64_t given = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!std::isfinite(shares[i]) || std::abs(shares[i]) > 1e9) continue;
    hundredths[i] = static_cast<std::int64_t>(std::floor(shares[i] * 100 + 1e-7));
    sum += shares[i];
    given += hundredths[i];
    order.push_back(i);
  }
  const auto remainder = [&](std::size_t i) { return shares[i] * 100 - static_cast<double>(hundredths[i]); };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainder(a) > remainder(b) + 1e-9; });
  const std::int64_t left = std::lround(sum * 100) - given;
  for (std::size_t i = 0; i < order.size() && static_cast<std::int64_t>(i) < left; ++i)
    ++hundredths[order[i]];
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const bool whole = std::isfinite(shares[i]) && std::abs(shares[i]) <= 1e9;
    texts.push_back(whole ? hundredths_text(shares[i], hundredths[i]) : weight_text(shares[i]));
  }
  return texts;
}

}  // namespace attnviz::render
