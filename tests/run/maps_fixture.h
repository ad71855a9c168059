/// Runs a model into a scratch folder and reads what it left there.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "run/fakes.h"
#include "scratch_folder.h"

namespace attnviz::testing {

namespace fs = std::filesystem;
using nlohmann::json;

class Recorder final : public Listener {
 public:
  std::vector<std::string> warnings;
  std::int64_t last_done = 0;
  bool stop = false;
  void warning(std::string_view sentence) override { warnings.emplace_back(sentence); }
  void progress(std::string_view, std::int64_t done, std::int64_t) override { last_done = done; }
  bool cancelled() const override { return stop; }
};

template <typename FakeModel>
class MapsTest : public ::testing::Test {
 protected:
  ExportResult run(const InputRecord& record, const ExportOptions& options = {},
                   const std::string& name = "maps") {
    OutputDirectory folder(root_ / name, OutputDirectory::IfNotEmpty::kReplace);
    return export_maps(model_, {&letters_}, record, options, {}, folder, listener_);
  }
  json read(const std::string& name) const { return json::parse(bytes(name)); }
  std::string bytes(const std::string& name) const {
    std::ifstream in(root_ / name, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  ErrorKind refusal(const InputRecord& record, const ExportOptions& options = {}) {
    try {
      run(record, options);
    } catch (const Error& error) {
      refused_ = error.what();
      return error.kind();
    }
    ADD_FAILURE() << "not refused";
    return ErrorKind::kInterrupted;
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
  std::string refused_;  ///< The sentence of the last refusal().
  FakeModel model_;
  LetterTokenizer letters_;
  Recorder listener_;
};

}  // namespace attnviz::testing
