#include <gtest/gtest.h>

#include <random>

#include "attnviz/core.h"

namespace attnviz {
namespace {

/// What the model reads, byte for byte: the text, and behind it what it wrote itself.
Sequence written() {
  Sequence sequence;
  sequence.text = "ab\xC3\xBC";  // 4 bytes
  sequence.pair = "second";
  sequence.generated = "new";
  return sequence;
}

TEST(BytesOf, AreThoseOfTheTextThenOfWhatWasGenerated) {
  const Sequence sequence = written();
  const auto size = static_cast<std::int64_t>(sequence.text.size());
  for (std::int64_t begin = 0; begin <= size; ++begin) {
    for (std::int64_t end = begin; begin < size && end <= size; ++end) {
      EXPECT_EQ(bytes_of(sequence, {{begin, end}}),
                sequence.text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    }
  }
  EXPECT_EQ(bytes_of(sequence, {{4, 7}}), "new");
  EXPECT_EQ(bytes_of(sequence, {{5, 6}}), "e");
  EXPECT_EQ(bytes_of(sequence, {{0, 6}, true}), "second");
  EXPECT_EQ(bytes_of(sequence, {{4, 6}, true}), "nd") << "a pair has no generated text behind it";
}

TEST(BytesOf, SpansThatLeadOutGiveWhatIsThere) {
  const Sequence sequence = written();
  EXPECT_EQ(bytes_of(sequence, {{2, 99}}), "\xC3\xBC");
  EXPECT_EQ(bytes_of(sequence, {{6, 99}}), "w");
  EXPECT_EQ(bytes_of(sequence, {{99, 100}}), "");
  EXPECT_EQ(bytes_of(sequence, {{-5, 1}}), "a");
  EXPECT_EQ(bytes_of(sequence, {{3, 1}}), "") << "it ends before it begins";
  std::mt19937_64 random(5);
  for (int round = 0; round < 1000; ++round) {
    const auto any = [&] { return static_cast<std::int64_t>(random() >> (random() % 64)); };
    EXPECT_LE(bytes_of(sequence, {{any(), any()}, random() % 2 == 0}).size(), 6U);
  }
}

Unit special(std::int64_t begin, std::int64_t end, const std::string& piece, bool pair = false) {
  return {.id = 0, .piece = piece, .place = TextSpan{{begin, end}, pair}, .special = true};
}

TEST(IsControl, TellsWhatATemplateAddsFromAnUnknownCharacter) {
  Sequence sequence;
  sequence.text = "a[SEP]q";
  sequence.pair = "[SEP]";
  EXPECT_TRUE(is_control(sequence, {.piece = "[CLS]", .special = true})) << "of the template: no bytes";
  EXPECT_TRUE(is_control(sequence, special(7, 7, "[SEP]"))) << "of the template: an empty span";
  EXPECT_TRUE(is_control(sequence, special(1, 6, "[SEP]"))) << "written in the text";
  EXPECT_TRUE(is_control(sequence, special(0, 5, "[SEP]", true))) << "written in the pair";
  EXPECT_FALSE(is_control(sequence, special(6, 7, "[UNK]"))) << "text that the vocabulary lacks";
  Unit plain = special(1, 6, "[SEP]");
  plain.special = false;
  EXPECT_FALSE(is_control(sequence, plain));
}

TEST(IsControl, HoldsOfWhatTheModelWroteToo) {
  Sequence sequence;
  sequence.text = "a";
  sequence.generated = "</s>";
  Unit end = special(1, 5, "</s>");
  end.generated = true;
  EXPECT_TRUE(is_control(sequence, end));
}

TEST(Sequence, PositionsAreThoseOfTheFirstTokenOfAWord) {
  Sequence sequence;
  EXPECT_EQ(sequence.position_of(7), 7) << "one unit a position";
  sequence.merged = {{0, 1}, {1, 4}, {4, 6}};
  for (std::int64_t word = 0; word < 3; ++word)
    EXPECT_EQ(sequence.position_of(word), sequence.merged[static_cast<std::size_t>(word)].begin);
}

/// The segment of each unit by counting shared bytes one by one.
int segment_by_bytes(const Sequence& sequence, const TextSpan& span) {
  int best = -1;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < sequence.segments.size(); ++i) {
    std::int64_t shared = 0;
    for (std::int64_t byte = span.begin; byte < span.end; ++byte) {
      const TextSpan& part = sequence.segments[i].span;
      if (part.pair == span.pair && byte >= part.begin && byte < part.end) ++shared;
    }
    if (shared > most) {
      most = shared;
      best = static_cast<int>(i);
    }
  }
  return best;
}

TEST(AssignSegments, IsWhatCountingBytesGives) {
  std::mt19937 random(17);
  for (int round = 0; round < 200; ++round) {
    Sequence sequence;
    sequence.text = std::string(40, 'x');
    sequence.pair = std::string(40, 'y');
    std::int64_t begin = 0;
    for (int i = 0; i < 4; ++i) {
      const std::int64_t end = begin + static_cast<std::int64_t>(random() % 11);
      sequence.segments.push_back({"s", {{begin, end}, i >= 2 && random() % 2 == 0}});
      begin = end;
    }
    for (int i = 0; i < 20; ++i) {
      const auto at = static_cast<std::int64_t>(random() % 36);
      const auto end = at + static_cast<std::int64_t>(random() % 8);
      sequence.units.push_back({.place = TextSpan{{at, end}, random() % 2 == 0}});
    }
    assign_segments(sequence);
    for (const Unit& unit : sequence.units)
      EXPECT_EQ(unit.segment, segment_by_bytes(sequence, *unit.text()))
          << unit.text()->begin << "–" << unit.text()->end;
  }
}

TEST(Listener, StopsLongWorkWhenItSaysSo) {
  struct Stopping final : Listener {
    bool cancelled() const override { return true; }
  };
  EXPECT_NO_THROW(stop_if_cancelled(Listener()));
  try {
    stop_if_cancelled(Stopping());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

TEST(Error, KeepsItsKindAndWhatALibrarySaid) {
  const Error error(ErrorKind::kOutput, "cannot write", "errno 28");
  EXPECT_EQ(error.kind(), ErrorKind::kOutput);
  EXPECT_STREQ(error.what(), "cannot write");
  EXPECT_EQ(error.detail(), "errno 28");
  EXPECT_EQ(Error(ErrorKind::kUsage, "x").detail(), "");
}

}  // namespace
}  // namespace attnviz
