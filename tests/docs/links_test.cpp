// What the Markdown files of the project link to is there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> markdown_files() {
  const fs::path source = ATTNVIZ_SOURCE_DIR;
  std::vector<fs::path> files = {source / "README.md"};
  for (const char* folder : {"examples", "include", "src", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source / folder))
      if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  return files;
}

TEST(Links, OfMarkdownFilesLeadToFilesThatAreThere) {
  static const std::regex link("\\]\\(([^)#]+)(?:#[^)]*)?\\)");
  int links = 0;
  for (const fs::path& file : markdown_files()) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const std::string bytes = text.str();
    for (std::sregex_iterator at(bytes.begin(), bytes.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (target.find("://") != std::string::npos) continue;
      EXPECT_TRUE(fs::exists(file.parent_path() / target)) << file << " links to " << target;
      ++links;
    }
  }
  EXPECT_GE(links, 15);
}

}  // namespace
