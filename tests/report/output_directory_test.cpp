#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "attnviz/report.h"
#include "scratch_folder.h"

namespace attnviz::report {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, gone at the end.
class OutputDirectoryTest : public ::testing::Test {
 protected:
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }
  static void put(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::string refusal(const fs::path& path, OutputDirectory::IfNotEmpty policy) {
    try {
      OutputDirectory folder(path, policy);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kOutput);
      return error.what();
    }
    return "";
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path root_ = scratch_.path();
  static constexpr auto kRefuse = OutputDirectory::IfNotEmpty::kRefuse;
  static constexpr auto kReplace = OutputDirectory::IfNotEmpty::kReplace;
};

TEST_F(OutputDirectoryTest, WritesBytesAsTheyAreAndLeavesNothingElse) {
  OutputDirectory folder(root_ / "a" / "b", kRefuse);
  const std::string bytes("\0\xFF\n", 3);
  EXPECT_EQ(folder.write("tokens/x.png", bytes), (root_ / "a/b/tokens/x.png").string());
  EXPECT_EQ(content(root_ / "a/b/tokens/x.png"), bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "a/b/tokens"), {}), 1);
  folder.write("tokens/x.png", "new");
  EXPECT_EQ(content(root_ / "a/b/tokens/x.png"), "new");
}

TEST_F(OutputDirectoryTest, AFolderThatNothingWasWrittenToGoesAgainIfItWasNew) {
  { OutputDirectory folder(root_ / "new" / "er", kRefuse); }
  EXPECT_FALSE(fs::exists(root_ / "new"));
  fs::create_directory(root_ / "old");
  { OutputDirectory folder(root_ / "old", kRefuse); }
  EXPECT_TRUE(fs::exists(root_ / "old"));
}

TEST_F(OutputDirectoryTest, RefusesAFolderThatHoldsAnything) {
  put(root_ / "maps" / "mine.txt", "mine");
  const std::string sentence = refusal(root_ / "maps", kRefuse);
  EXPECT_NE(sentence.find("is not empty"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("--force"), std::string::npos);
  EXPECT_EQ(content(root_ / "maps/mine.txt"), "mine");
}

TEST_F(OutputDirectoryTest, ReplaceRemovesAnEarlierRunAndNothingOfOthers) {
  put(root_ / "maps/manifest.json", R"({"schema": "attnviz.manifest/1"})");
  const std::vector<std::string> ours = {"tokens/00001-a.png", "tokens/00001-a.json",
                                         "tokens/00002.json",  "tokens/00003-b.png.attnviz-part",
                                         "overview.png",       "attention.npz"};
  const std::vector<std::string> others = {"mine.txt", "tokens/notes.md", "tokens/12345-notes.txt",
                                           "tokens/20240101-photos/1.png"};
  for (const std::string& name : ours) put(root_ / "maps" / name, "old");
  for (const std::string& name : others) put(root_ / "maps" / name, "mine");
  OutputDirectory folder(root_ / "maps", kReplace);
  EXPECT_EQ(folder.write("tokens/00009.json", "new"), (root_ / "maps/tokens/00009.json").string());
  for (const std::string& name : ours) EXPECT_EQ(content(root_ / "maps" / name), "old") << name;
  EXPECT_TRUE(fs::exists(root_ / "maps/manifest.json"));
  folder.write("manifest.json", "whole");
  for (const std::string& name : ours) EXPECT_FALSE(fs::exists(root_ / "maps" / name)) << name;
  for (const std::string& name : others) EXPECT_EQ(content(root_ / "maps" / name), "mine") << name;
  EXPECT_EQ(content(root_ / "maps/tokens/00009.json"), "new");
  EXPECT_EQ(content(root_ / "maps/manifest.json"), "whole");
  EXPECT_FALSE(fs::exists(root_ / "maps/.attnviz-part"));
}

TEST_F(OutputDirectoryTest, ReplaceLeavesTheEarlierRunUnlessTheNewOneIsWhole) {
  put(root_ / "maps/manifest.json", R"({"schema": "attnviz.manifest/1"})");
  put(root_ / "maps/tokens/00001-a.json", "old");
  put(root_ / "maps/.attnviz-part/tokens/00007.json", "of a run that was killed");
  {
    OutputDirectory folder(root_ / "maps", kReplace);
    EXPECT_FALSE(fs::exists(root_ / "maps/.attnviz-part"));
    folder.write("tokens/00001-a.json", "new");
  }
  EXPECT_EQ(content(root_ / "maps/tokens/00001-a.json"), "old");
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(root_ / "maps"), {}), 3);
  { OutputDirectory(root_ / "new", kReplace).write("tokens/00001-a.json", "new"); }
  EXPECT_FALSE(fs::exists(root_ / "new"));
}

TEST_F(OutputDirectoryTest, ReplaceFailsBeforeItTouchesARunThatItCannotReplace) {
  put(root_ / "maps/manifest.json", R"({"schema": "attnviz.manifest/1"})");
  put(root_ / "maps/tokens/00001-a.json", "old");
  fs::create_directories(root_ / "maps/tokens/00002-b.json");
  OutputDirectory folder(root_ / "maps", kReplace);
  folder.write("tokens/00002-b.json", "new");
  try {
    folder.write("manifest.json", "whole");
    ADD_FAILURE() << "a folder was replaced by a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kOutput);
    EXPECT_NE(std::string(error.what()).find("00002-b.json"), std::string::npos) << error.what();
  }
  EXPECT_EQ(content(root_ / "maps/tokens/00001-a.json"), "old");
  EXPECT_TRUE(fs::exists(root_ / "maps/manifest.json"));
}

TEST_F(OutputDirectoryTest, ReplaceRefusesFoldersOfOthers) {
  put(root_ / "theirs/manifest.json", R"({"mine": 1})");
  EXPECT_NE(refusal(root_ / "theirs", kReplace).find("did not write"), std::string::npos);
  put(root_ / "elsewhere/00001-keep.json", "mine");
  fs::create_directory(root_ / "linked");
  fs::create_directory_symlink(root_ / "elsewhere", root_ / "linked/tokens");
  EXPECT_NE(refusal(root_ / "linked", kReplace).find("link"), std::string::npos);
  put(root_ / "blocked/tokens", "mine");
  EXPECT_NE(refusal(root_ / "blocked", kReplace).find("a file named 'tokens'"), std::string::npos);
  put(root_ / "batch/manifest.json", R"({"schema": "attnviz.batch/1"})");
  EXPECT_NE(refusal(root_ / "batch", kReplace).find("maps of a batch"), std::string::npos);
  EXPECT_EQ(content(root_ / "elsewhere/00001-keep.json"), "mine");
}

TEST_F(OutputDirectoryTest, ReplaceTakesTheFilesOfARunAndOfADiffOnly) {
  const std::vector<std::string> names = {"00001.png",
                                          "00001-a.json",
                                          "123456-A_b-9.png",
                                          "00001-a.png.attnviz-part",
                                          "0001-a.png",
                                          "00001-a.txt",
                                          "00001-a b.png",
                                          "00001-.png",
                                          "a00001-a.png",
                                          "00001-a.json.bak",
                                          "00001-a.npz",
                                          "00001-a.PNG",
                                          "00001-é.png",
                                          "00001-" + std::string(24, 'x') + ".png",
                                          "00001-" + std::string(25, 'x') + ".png"};
  const std::set<std::string> ours = {names[0], names[1], names[2], names[3], names[13]};
  for (const std::string& name : names) put(root_ / "maps/tokens" / name, "x");
  put(root_ / "maps/diff.json", R"({"schema": "attnviz.diff/1"})");
  OutputDirectory(root_ / "maps", kReplace).write("manifest.json", "whole");
  for (const std::string& name : names)
    EXPECT_EQ(fs::exists(root_ / "maps/tokens" / name), !ours.contains(name)) << name;
  EXPECT_FALSE(fs::exists(root_ / "maps/diff.json"));
}

TEST_F(OutputDirectoryTest, ReplaceTakesALinkAndNotWhatItLeadsTo) {
  put(root_ / "mine.png", "mine");
  fs::create_directory(root_ / "maps");
  fs::create_symlink(root_ / "mine.png", root_ / "maps/overview.png");
  OutputDirectory(root_ / "maps", kReplace).write("manifest.json", "whole");
  EXPECT_FALSE(fs::exists(fs::symlink_status(root_ / "maps/overview.png")));
  EXPECT_EQ(content(root_ / "mine.png"), "mine");
}

TEST_F(OutputDirectoryTest, BytesAreReadFromFilesAndNothingElse) {
  put(root_ / "empty", "");
  put(root_ / "nul", std::string("a\0b", 3));
  EXPECT_EQ(read_bytes(root_ / "empty"), "");
  EXPECT_EQ(read_bytes(root_ / "nul"), std::string("a\0b", 3));
  EXPECT_EQ(read_bytes(root_ / "none"), std::nullopt);
  EXPECT_EQ(read_bytes(root_), std::nullopt) << "a folder";
}

TEST_F(OutputDirectoryTest, SaysWhyAPathIsNoFolder) {
  put(root_ / "file", "x");
  EXPECT_NE(refusal(root_ / "file", kRefuse).find("cannot create"), std::string::npos);
  EXPECT_NE(refusal(root_ / "file" / "maps", kRefuse).find("cannot create"), std::string::npos);
}

TEST_F(OutputDirectoryTest, AFileThatCannotBeFinishedLeavesNothing) {
  OutputDirectory folder(root_ / "maps", kRefuse);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{1024, old.rlim_max};
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  try {
    folder.write("big.json", std::string(4096, 'x'));
    ADD_FAILURE() << "the write was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kOutput);
    EXPECT_NE(std::string(error.what()).find("big.json"), std::string::npos);
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_TRUE(fs::is_empty(root_ / "maps"));
}

TEST_F(OutputDirectoryTest, WritesAFileInPiecesThatComeBackToItsBegin) {
  OutputDirectory folder(root_ / "maps", kRefuse);
  folder.write("attention.npz", [](const WriteAt& write) {
    write(0, "????");
    write(4, "tail");
    write(0, "head");
  });
  EXPECT_EQ(content(root_ / "maps/attention.npz"), "headtail");
}

TEST_F(OutputDirectoryTest, AFileWhoseContentThrowsLeavesNothing) {
  OutputDirectory folder(root_ / "maps", kRefuse);
  const auto content = [](const WriteAt& write) {
    write(0, "half");
    throw Error(ErrorKind::kInterrupted, "stopped");
  };
  EXPECT_THROW(folder.write("attention.npz", content), Error);
  EXPECT_TRUE(fs::is_empty(root_ / "maps"));
}

}  // namespace
}  // namespace attnviz::report
