// The models against the simplest code that does the same, on random vocabularies.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "attnviz/core.h"
#include "tokenizer/bpe.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/unigram.h"
#include "tokenizer/wordpiece.h"

namespace attnviz::tokenizer {
namespace {

using Pieces = std::vector<std::string>;

std::string random_word(std::mt19937& random, std::size_t longest) {
  std::string word;
  for (std::size_t n = 1 + random() % longest; n > 0; --n) word += static_cast<char>('a' + random() % 3);
  return word;
}

Pieces tokenize(const PieceModel& model, std::string_view word) {
  const auto scratch = model.make_scratch(word.size());
  std::vector<ModelToken> tokens;
  model.tokenize(word, scratch.get(), tokens);
  Pieces pieces;
  std::uint32_t end = 0;
  for (const ModelToken& token : tokens) {
    EXPECT_EQ(token.begin, end);
    end = token.end;
    pieces.emplace_back(*model.piece(token.id));
  }
  EXPECT_EQ(end, word.size());
  return pieces;
}

/// Merges the pair of the lowest rank, the leftmost one, until there is none.
Pieces merge_naively(std::string_view word, const std::vector<std::pair<std::string, std::string>>& merges) {
  Pieces pieces;
  for (const char c : word) pieces.emplace_back(1, c);
  while (true) {
    std::size_t best = 0;
    std::size_t rank = merges.size();
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = std::find(merges.begin(), merges.end(), std::pair(pieces[i], pieces[i + 1]));
      const auto its_rank = static_cast<std::size_t>(found - merges.begin());
      if (its_rank < rank) {
        best = i;
        rank = its_rank;
      }
    }
    if (rank == merges.size()) return pieces;
    pieces[best] += pieces[best + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(Bpe, MergesAsTheDefinitionSays_ShortWordsAndLongOnes) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> pieces{"a", "b", "c"};
    std::vector<std::pair<std::string, std::string>> merges;
    Vocabulary vocabulary;
    for (std::uint32_t id = 0; id < 3; ++id) vocabulary.add(pieces[id], id);
    for (int i = 0; i < 25; ++i) {
      const std::pair pair(pieces[random() % pieces.size()], pieces[random() % pieces.size()]);
      if (std::find(merges.begin(), merges.end(), pair) != merges.end() ||
          pair.first.size() + pair.second.size() > 9)
        continue;
      merges.push_back(pair);
      const std::string joined = pair.first + pair.second;
      if (!vocabulary.id_of(joined)) vocabulary.add(joined, static_cast<std::uint32_t>(vocabulary.size()));
      pieces.push_back(joined);
    }
    std::vector<MergePair> views(merges.begin(), merges.end());
    const auto model = make_bpe(std::move(vocabulary), views, {}, "test");
    for (int i = 0; i < 40; ++i) {
      const std::string word = random_word(random, i % 2 == 0 ? 20 : 90);
      ASSERT_EQ(tokenize(*model, word), merge_naively(word, merges)) << word;
    }
  }
}

TEST(Bpe, GivesTheSameForAWordThatItKnowsAlready) {
  Vocabulary vocabulary;
  for (const char* const piece : {"a", "b", "ab"})
    vocabulary.add(piece, static_cast<std::uint32_t>(vocabulary.size()));
  const auto model = make_bpe(std::move(vocabulary), {{"a", "b"}}, {}, "test");
  const auto scratch = model->make_scratch(1000);
  std::vector<ModelToken> tokens;
  for (int i = 0; i < 3; ++i) model->tokenize("abb", scratch.get(), tokens);
  ASSERT_EQ(tokens.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(tokens[i].id, i % 2 == 0 ? 2U : 1U);
}

/// Ids and bytes of what a model makes of a word.
std::vector<ModelToken> tokens_of(const PieceModel& model, std::string_view word) {
  std::vector<ModelToken> tokens;
  model.tokenize(word, model.make_scratch(word.size()).get(), tokens);
  return tokens;
}

std::vector<std::uint32_t> ids_of(const PieceModel& model, std::string_view word) {
  std::vector<std::uint32_t> ids;
  for (const ModelToken& token : tokens_of(model, word)) ids.push_back(token.id);
  return ids;
}

using Ids = std::vector<std::uint32_t>;

std::unique_ptr<PieceModel> bpe_of(const Pieces& pieces, const std::vector<MergePair>& merges,
                                   BpeOptions options) {
  Vocabulary vocabulary;
  for (const std::string& piece : pieces)
    vocabulary.add(piece, static_cast<std::uint32_t>(vocabulary.size()));
  return make_bpe(std::move(vocabulary), merges, std::move(options), "in/tokenizer.json: model BPE");
}

TEST(Bpe, EndsWordsWithItsSuffix) {
  BpeOptions options;
  options.end_suffix = "</w>";
  const auto model = bpe_of({"l", "o", "o</w>", "l</w>", "lo</w>"}, {{"l", "o</w>"}}, options);
  EXPECT_EQ(ids_of(*model, "lo"), (Ids{4}));
  EXPECT_EQ(ids_of(*model, "lol"), (Ids{0, 1, 3}));
  EXPECT_EQ(ids_of(*model, "l"), (Ids{3}));
}

TEST(Bpe, ContinuesWordsWithItsPrefix) {
  BpeOptions options;
  options.continuing_prefix = "##";
  const auto model = bpe_of({"a", "##a", "##aa", "aaa"}, {{"##a", "##a"}, {"a", "##aa"}}, options);
  EXPECT_EQ(ids_of(*model, "a"), (Ids{0}));
  EXPECT_EQ(ids_of(*model, "aa"), (Ids{0, 1}));
  EXPECT_EQ(ids_of(*model, "aaa"), (Ids{3}));
  EXPECT_EQ(ids_of(*model, "aaaa"), (Ids{3, 1})) << "the leftmost pair first";
}

TEST(Bpe, KnowsUnknownCharactersOneByOneOrTogether) {
  BpeOptions options;
  options.unknown = "?";
  EXPECT_EQ(ids_of(*bpe_of({"?", "a"}, {}, options), "x\u00E9ax"), (Ids{0, 0, 1, 0}));
  options.fuse_unknown = true;
  const auto model = bpe_of({"?", "a"}, {}, options);
  EXPECT_EQ(ids_of(*model, "x\u00E9ax"), (Ids{0, 1, 0}));
  const auto tokens = tokens_of(*model, "x\u00E9ax");
  EXPECT_EQ(tokens[0].end, 3U);
  EXPECT_EQ(tokens[2].begin, 4U);
}

TEST(Bpe, SpellsUnknownCharactersByBytesWhereAllAreThere) {
  BpeOptions options;
  options.unknown = "?";
  options.byte_fallback = true;
  const auto model = bpe_of({"?", "a", "<0xC3>", "<0xA9>"}, {}, options);
  EXPECT_EQ(ids_of(*model, "a\u00E9"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(*model, "\u00EA"), (Ids{0})) << "one of its bytes is no piece";
}

TEST(Bpe, TakesWholeWordsFirstIfItIgnoresMerges) {
  BpeOptions options;
  const Pieces pieces = {"a", "b", "ab", "aba"};
  EXPECT_EQ(ids_of(*bpe_of(pieces, {{"a", "b"}}, options), "aba"), (Ids{2, 0}));
  options.ignore_merges = true;
  EXPECT_EQ(ids_of(*bpe_of(pieces, {{"a", "b"}}, options), "aba"), (Ids{3}));
  EXPECT_EQ(ids_of(*bpe_of(pieces, {{"a", "b"}}, options), "abab"), (Ids{2, 2}));
}

TEST(Bpe, LeavesOutWhatItCannotSpellWithoutAnUnknownPiece) {
  EXPECT_EQ(ids_of(*bpe_of({"a"}, {}, {}), "axa"), (Ids{0, 0}));
}

TEST(Bpe, RefusesMergesOfPiecesThatAreNotThere) {
  const auto error_of = [](const std::vector<MergePair>& merges, const std::string& prefix = "") {
    BpeOptions options;
    options.continuing_prefix = prefix;
    try {
      bpe_of({"a", "b", "#"}, merges, options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(error_of({{"a", "c"}}),
            "in/tokenizer.json: model BPE: merge 1 needs the piece \"c\", which is not in the vocabulary");
  EXPECT_NE(error_of({{"a", "b"}}).find("needs the piece \"ab\""), std::string::npos);
  EXPECT_NE(error_of({{"a", "#"}}, "##").find("shorter than continuing_subword_prefix"), std::string::npos);
}

TEST(Bpe, OfManyWordsIsWhatItIsOfEachAlone) {
  std::mt19937 random(167);
  const auto model = bpe_of({"a", "b", "c", "ab", "abc", "ca"}, {{"a", "b"}, {"ab", "c"}, {"c", "a"}}, {});
  const auto scratch = model->make_scratch(100);
  std::vector<std::string> words;
  for (int i = 0; i < 400; ++i) words.push_back(random_word(random, i % 5 == 0 ? 80 : 6));
  for (const std::string& word : words) {
    std::vector<ModelToken> tokens;
    model->tokenize(word, scratch.get(), tokens);
    Ids ids;
    for (const ModelToken& token : tokens) ids.push_back(token.id);
    ASSERT_EQ(ids, ids_of(*model, word)) << word;
  }
}

/// The best of all cuts, tried one by one.
double best_score(std::string_view word, const std::map<std::string, double, std::less<>>& scores,
                  double unknown) {
  if (word.empty()) return 0;
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t n = 1; n <= word.size(); ++n) {
    const auto found = scores.find(word.substr(0, n));
    if (found == scores.end() && n > 1) continue;
    const double score = found == scores.end() ? unknown : found->second;
    best = std::max(best, score + best_score(word.substr(n), scores, unknown));
  }
  return best;
}

TEST(Unigram, FindsTheBestOfAllCuts) {
  std::mt19937 random(9);
  for (int round = 0; round < 100; ++round) {
    std::map<std::string, double, std::less<>> scores{{"<unk>", 0.0}};
    for (int i = 0; i < 12; ++i)
      scores[random_word(random, 4)] = -1.0 - static_cast<double>(random() % 1000) / 100;
    std::vector<UnigramPiece> pieces{{"<unk>", 0.0}};
    double lowest = 0;
    for (const auto& [text, score] : scores) {
      lowest = std::min(lowest, score);
      if (text != "<unk>") pieces.push_back({text, score});
    }
    const auto model = make_unigram(pieces, 0, false, "test");
    for (int i = 0; i < 20; ++i) {
      const std::string word = random_word(random, 10);
      std::vector<ModelToken> tokens;
      model->tokenize(word, model->make_scratch(0).get(), tokens);
      double sum = 0;
      for (const ModelToken& token : tokens) {
        sum += token.id == 0 ? (lowest - 10) * (token.end - token.begin)
                             : scores.find(*model->piece(token.id))->second;
      }
      ASSERT_NEAR(sum, best_score(word, scores, lowest - 10), 1e-9) << word;
    }
  }
}

TEST(Unigram, SpellsUnknownCharactersByBytesWhereAllAreThere) {
  const std::vector<UnigramPiece> pieces{{"?", 0}, {"a", -1}, {"<0xC3>", -9}, {"<0xA9>", -9}};
  EXPECT_EQ(ids_of(*make_unigram(pieces, 0, true, "test"), "a\u00E9"), (Ids{1, 2, 3}));
  EXPECT_EQ(ids_of(*make_unigram(pieces, 0, true, "test"), "\u00EAx"), (Ids{0}))
      << "unknown ones come together";
  EXPECT_EQ(ids_of(*make_unigram(pieces, 0, false, "test"), "a\u00E9"), (Ids{1, 0}));
}

Pieces cut_greedily(std::string_view word, const std::set<std::string>& vocabulary) {
  Pieces pieces;
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t n = word.size() - begin;
    const std::string prefix = begin > 0 ? "##" : "";
    while (n > 0 && !vocabulary.contains(prefix + std::string(word.substr(begin, n)))) --n;
    if (n == 0) return {"[UNK]"};
    pieces.push_back(prefix + std::string(word.substr(begin, n)));
    begin += n;
  }
  return pieces;
}

TEST(WordPiece, TakesTheLongestPiece_AgainAndAgain) {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::set<std::string> pieces{"[UNK]"};
    for (int i = 0; i < 14; ++i) pieces.insert((random() % 2 == 0 ? "##" : "") + random_word(random, 3));
    Vocabulary vocabulary;
    for (const std::string& piece : pieces)
      vocabulary.add(piece, static_cast<std::uint32_t>(vocabulary.size()));
    const auto model = make_wordpiece(std::move(vocabulary), {});
    for (int i = 0; i < 30; ++i) {
      const std::string word = random_word(random, 12);
      ASSERT_EQ(tokenize(*model, word), cut_greedily(word, pieces)) << word;
    }
  }
}

TEST(WordPiece, GivesUpOnLongWords) {
  Vocabulary vocabulary;
  for (const char* const piece : {"[UNK]", "é", "##é"})
    vocabulary.add(piece, static_cast<std::uint32_t>(vocabulary.size()));
  WordPieceOptions options;
  options.longest_word = 3;
  const auto model = make_wordpiece(std::move(vocabulary), options);
  EXPECT_EQ(tokenize(*model, "ééé"), (Pieces{"é", "##é", "##é"}));
  EXPECT_EQ(tokenize(*model, "éééé"), (Pieces{"[UNK]"}));
}

TEST(ByteTrie, FindsWhatAMapFinds) {
  std::mt19937 random(13);
  std::map<std::string, std::uint32_t> map;
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.push_back(random_word(random, 6));
  std::vector<std::pair<std::string_view, std::uint32_t>> entries;
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    map[texts[i]] = i;
    entries.emplace_back(texts[i], i);
  }
  const ByteTrie trie(std::move(entries));
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = random_word(random, 7);
    std::uint32_t node = ByteTrie::kRoot;
    for (const char byte : text) node = node == ByteTrie::kNone ? node : trie.child(node, byte);
    const auto expected = map.find(text);
    const std::uint32_t value = node == ByteTrie::kNone ? ByteTrie::kNone : trie.value(node);
    ASSERT_EQ(value, expected == map.end() ? ByteTrie::kNone : expected->second) << text;
  }
  EXPECT_EQ(ByteTrie().child(ByteTrie::kRoot, 'a'), ByteTrie::kNone);
}

TEST(TextTable, NumbersTextsAsAMapWould) {
  std::mt19937 random(173);
  TextTable table;
  std::map<std::string, std::uint32_t> numbers;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random_word(random, 9);
    if (random() % 50 == 0) text = std::string(random() % 40, '\0');
    const std::uint32_t number = table.add(text);
    const auto known = numbers.try_emplace(text, static_cast<std::uint32_t>(numbers.size())).first;
    ASSERT_EQ(number, known->second);
  }
  ASSERT_EQ(table.size(), numbers.size());
  for (const auto& [text, number] : numbers) {
    ASSERT_EQ(table.find(text), number);
    ASSERT_EQ(table[number], text);
  }
  EXPECT_EQ(table.find("never added"), std::nullopt);
}

TEST(Vocabulary, OfRandomIdsNamesTheLastPieceOfEach) {
  std::mt19937 random(179);
  Vocabulary vocabulary;
  std::map<std::string, std::uint32_t> id_of;
  std::map<std::uint32_t, std::string> piece_of;
  for (int i = 0; i < 3'000; ++i) {
    const std::string piece = random_word(random, 6);
    const auto id = static_cast<std::uint32_t>(random() % 500);
    vocabulary.add(piece, id);
    id_of[piece] = id;
    piece_of[id] = piece;
  }
  for (const auto& [piece, id] : id_of) ASSERT_EQ(vocabulary.id_of(piece), id) << piece;
  for (const auto& [id, piece] : piece_of) ASSERT_EQ(vocabulary.piece(id), piece) << id;
  EXPECT_EQ(vocabulary.end_id(), piece_of.rbegin()->first + 1);
  EXPECT_EQ(vocabulary.size(), id_of.size());
}

TEST(Vocabulary, KnowsPiecesAndIdsBothWays) {
  Vocabulary vocabulary;
  vocabulary.add("a", 5);
  vocabulary.add("b", 2);
  vocabulary.add("", 0);
  vocabulary.add("a", 7);
  EXPECT_EQ(vocabulary.size(), 3U);
  EXPECT_EQ(vocabulary.end_id(), 8);
  EXPECT_EQ(vocabulary.id_of("a"), 7U);
  EXPECT_EQ(vocabulary.piece(2), "b");
  EXPECT_EQ(vocabulary.piece(3), std::nullopt);
  EXPECT_EQ(vocabulary.piece(-1), std::nullopt);
  EXPECT_EQ(vocabulary.piece(1 << 20), std::nullopt);
  EXPECT_EQ(vocabulary.id_of("c"), std::nullopt);
  EXPECT_EQ(Vocabulary().id_of("a"), std::nullopt);
}

}  // namespace
}  // namespace attnviz::tokenizer
