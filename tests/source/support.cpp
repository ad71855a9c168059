#include "source/support.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <cstdlib>
#include <fstream>

#include "attnviz/source.h"

namespace attnviz::source::zoo {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "attnviz-source-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& bytes) const {
  std::ofstream(folder_ / name, std::ios::binary) << bytes;
}

std::string data_path(const std::string& name) { return ATTNVIZ_SOURCE_DIR "/tests/model/data/" + name; }

namespace {

std::string sentence_of_loading(const std::string& path) {
  const std::unique_ptr<ModelSource> source = ModelSource::open(path);
  try {
    source->load(torch::kCPU);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string known = source->explain(error.what());
    return known.empty() ? "torch says something else" : known;
  }
  return {};
}

}  // namespace

std::string refusal(const std::string& path) {
  std::string sentence;
  try {
    sentence = sentence_of_loading(path);
  } catch (const Error& error) {
    sentence = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << sentence;
    EXPECT_NE(sentence, "");
  }
  EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  EXPECT_LT(sentence.size(), 600U) << sentence;
  return sentence;
}

}  // namespace attnviz::source::zoo
