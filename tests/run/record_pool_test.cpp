#include "run/record_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>

#include "reductions.h"
#include "run/write_record.h"
#include "scratch_folder.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Sequence> letters(std::size_t count) {
  auto sequence = std::make_shared<Sequence>();
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = static_cast<std::int64_t>(i);
    Unit& token = sequence->units.emplace_back();
    token.id = place;
    token.label = std::string(1, static_cast<char>('a' + i));
    token.place = TextSpan{{place, place + 1}};
    sequence->text += token.label;
  }
  return sequence;
}

/// A causal run of two layers over `tokens` letters.
RunMaps run_of(std::size_t tokens) {
  AttentionMap mean;
  mean.reduction = &test::kMean;
  mean.layers = {0, 1};
  mean.keys = static_cast<std::int64_t>(tokens);
  RunMaps run;
  run.sequences.source = run.manifest.source = letters(tokens);
  run.causal = true;
  run.reductions = {&test::kMean};
  run.maps.audit = {LayerAudit{}};
  for (std::size_t query = 0; query < tokens; ++query) {
    mean.queries.push_back(static_cast<std::int64_t>(query));
    TokenMap& map = run.tokens.emplace_back();
    map.token = {.index = mean.queries.back(), .text = "t", .query = mean.queries.back()};
    AttentionView& view = map.views.emplace_back();
    view.sequence = run.sequences.source;
    view.layers = mean.layers;
    const float even = 1.0F / static_cast<float>(query + 1);
    for (std::size_t key = 0; key <= query; ++key) view.sources.push_back(static_cast<std::int64_t>(key));
    const auto width = static_cast<std::int64_t>(query + 1);
    ReducedAttention& reduced = view.reductions.emplace_back();
    reduced = {&test::kMean, {2, width, {}}, std::vector<float>(query + 1, even)};
    for (const float share : {0.9F, 1.1F})
      reduced.layers.values.insert(reduced.layers.values.end(), query + 1, even * share);
    for (std::size_t key = 0; key < tokens; ++key) mean.overall.push_back(key > query ? 0.0F : even);
  }
  for (const float share : {0.9F, 1.1F}) {
    for (const float weight : mean.overall) mean.by_layer.push_back(weight * share);
  }
  run.maps.maps = {mean};
  return run;
}

ExportOptions with_workers(int workers) {
  ExportOptions options;
  options.reductions = {&test::kMean};
  options.workers = workers;
  options.render.system_fonts = false;
  return options;
}

class PoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<OutputDirectory> folder(const std::string& name) const {
    return std::make_unique<OutputDirectory>(root_ / name, OutputDirectory::IfNotEmpty::kReplace);
  }
  std::map<std::string, std::string> files(const std::string& name) const {
    std::map<std::string, std::string> bytes;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / name)) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream out;
      out << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      bytes[fs::relative(entry.path(), root_ / name).string()] = out.str();
    }
    return bytes;
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
};

TEST_F(PoolTest, ManyWorkersWriteTheBytesOfOne) {
  Listener listener;
  RecordWriter one(with_workers(1)), four(with_workers(4));
  for (const std::size_t tokens : {7U, 3U, 12U}) {
    const auto paths = one.write(run_of(tokens), *folder("one"), listener);
    EXPECT_EQ(four.write(run_of(tokens), *folder("four"), listener).size(), paths.size());
    EXPECT_EQ(paths.size(), 2 * tokens + 2) << "a picture and numbers for each, the overview, the manifest";
    EXPECT_EQ(files("four"), files("one"));
  }
}

TEST_F(PoolTest, RecordsAreTakenInTheirOrder) {
  RecordPool pool(with_workers(4));
  std::vector<std::int64_t> taken;
  const auto take = [&] {
    while (auto outcome = pool.take()) {
      EXPECT_EQ(outcome->entry.error, std::nullopt);
      EXPECT_EQ(outcome->ends_batch, nullptr);
      taken.push_back(outcome->entry.line);
    }
  };
  for (std::int64_t line = 0; line < 20; ++line) {
    RecordOutcome outcome;
    outcome.entry.line = line;
    if (line % 5 == 4) {
      pool.add(std::move(outcome));
      continue;
    }
    while (!pool.wait_for_room()) take();
    // The first of each five takes longest.
    pool.add(std::move(outcome), run_of(line % 5 == 0 ? 20 : 2), folder(std::to_string(line)));
  }
  for (; !pool.empty(); pool.wait_for_outcome()) take();
  ASSERT_EQ(taken.size(), 20U);
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
  EXPECT_EQ(files("5"), files("15"));
  EXPECT_EQ(files("5").size(), 42U);
}

TEST_F(PoolTest, WhatIsLeftWhenItEndsIsWholeOrNotThere) {
  {
    RecordPool pool(with_workers(3));
    for (int i = 0; i < 6; ++i) pool.add({}, run_of(26), folder(std::to_string(i)));
    while (!pool.wait_for_room()) {
    }
  }
  int whole = 0;
  for (int i = 0; i < 6; ++i) {
    const fs::path folder = root_ / std::to_string(i);
    if (!fs::exists(folder)) continue;
    ++whole;
    EXPECT_TRUE(fs::exists(folder / "manifest.json")) << i;
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "tokens"), {}), 52) << i;
  }
  EXPECT_GE(whole, 3) << "three of six were done when there was room for one more";
}

}  // namespace
}  // namespace attnviz::run
