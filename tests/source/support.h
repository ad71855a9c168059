/// What tests of files need: a folder to write into, the archives of the zoo, and the sentence of an error.
#pragma once

#include <filesystem>
#include <string>

#include "attnviz/core.h"

namespace attnviz::source::zoo {

/// A folder of its own that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string path() const { return folder_.string(); }
  void write(const std::string& name, const std::string& bytes) const;

 private:
  std::filesystem::path folder_;
};

/// An archive of the zoo, which tests/model/make_zoo.py made.
std::string data_path(const std::string& name);

/// The sentence with which loading `path` or work on it ends; empty when there is no error.
template <class Work>
std::string sentence_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// The sentence with which opening the model at `path`, or loading it, ends; empty when both work. Anything
/// but Error(kInput), and sentences that are long or of several lines, fail the test.
std::string refusal(const std::string& path);

}  // namespace attnviz::source::zoo
