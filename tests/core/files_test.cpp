#include "core/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "scratch_folder.h"

namespace attnviz::files {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }

  const attnviz::testing::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(FilesTest, AreReadWithEveryByte) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7);
  const Content content = read(path("bytes", bytes), bytes.size());
  EXPECT_EQ(content.error, 0);
  EXPECT_TRUE(content.bytes == bytes);
  EXPECT_EQ(read(path("empty", ""), 0).error, 0);
}

TEST_F(FilesTest, OfMoreBytesThanMayBeAreTooLarge) {
  EXPECT_EQ(read(path("ten", "0123456789"), 10).error, 0);
  EXPECT_EQ(read(path("ten", "0123456789"), 9).error, EFBIG);
  EXPECT_EQ(read("/dev/zero", 1000).error, EFBIG) << "without an end";
}

TEST_F(FilesTest, ThatCannotBeReadSayWhy) {
  EXPECT_EQ(read((folder_ / "none").string(), 10).error, ENOENT);
  EXPECT_EQ(read(folder_.string(), 10).error, EISDIR);
}

TEST_F(FilesTest, MayBePipes) {
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "through a pipe"; });
  EXPECT_EQ(read(pipe, 100).bytes, "through a pipe");
  writer.join();
}

}  // namespace
}  // namespace attnviz::files
