#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "attnviz/run.h"

namespace attnviz::run {
namespace {

namespace fs = std::filesystem;

class LineReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "attnviz-XXXXXX").string();
    path_ = pattern;
    ::close(::mkstemp(path_.data()));
  }
  void TearDown() override { fs::remove(path_); }

  LineReader& reader_of(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return reader_.emplace(path_);
  }
  std::vector<std::pair<std::int64_t, std::string>> all(const std::string& bytes) {
    LineReader& reader = reader_of(bytes);
    const auto count = reader.count();
    std::vector<std::pair<std::int64_t, std::string>> lines;
    while (reader.next(listener_)) lines.emplace_back(reader.number(), reader.line());
    EXPECT_EQ(count, static_cast<std::int64_t>(lines.size()));
    return lines;
  }

  using Lines = std::vector<std::pair<std::int64_t, std::string>>;
  std::string path_;
  std::optional<LineReader> reader_;
  Listener listener_;
};

TEST_F(LineReaderTest, GivesEveryLineThatIsNotBlankWithItsNumber) {
  EXPECT_EQ(all("a\nbc\n"), (Lines{{1, "a"}, {2, "bc"}}));
  EXPECT_EQ(all("a\nbc"), (Lines{{1, "a"}, {2, "bc"}})) << "without a last line end";
  EXPECT_EQ(all("\n \t\r\na\r\n\n\nb\n\n"), (Lines{{3, "a\r"}, {6, "b"}}));
  EXPECT_EQ(all(""), Lines());
  EXPECT_EQ(all("\n\n"), Lines());
  EXPECT_EQ(all(std::string("a\0b\n", 4)), (Lines{{1, std::string("a\0b", 3)}}));
}

TEST_F(LineReaderTest, LinesMayCrossTheBlocksTheyAreReadIn) {
  for (const std::size_t length : {65535U, 65536U, 65537U, 200'000U}) {
    const std::string line(length, 'x');
    EXPECT_EQ(all(line + "\nb\n" + line), (Lines{{1, line}, {2, "b"}, {3, line}})) << length;
  }
}

TEST_F(LineReaderTest, ALineThatIsTooLongIsSaidSoAndTheNextOneIsRead) {
  std::string lines(kLongestLine + 1, 'x');
  lines += '\n';
  lines.append(kLongestLine, 'y').append("\nb\n");
  LineReader& reader = reader_of(lines);
  ASSERT_TRUE(reader.next(listener_));
  EXPECT_TRUE(reader.too_long());
  EXPECT_EQ(reader.line(), "");
  ASSERT_TRUE(reader.next(listener_));
  EXPECT_FALSE(reader.too_long());
  EXPECT_EQ(reader.line().size(), kLongestLine);
  ASSERT_TRUE(reader.next(listener_));
  EXPECT_EQ(reader.line(), "b");
  EXPECT_FALSE(reader.next(listener_));
}

TEST_F(LineReaderTest, SaysWhatCannotBeRead) {
  const auto refusal = [&](const std::string& path) -> std::string {
    try {
      LineReader reader(path);
      reader.next(listener_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(path_ + ".none"), "cannot read '" + path_ + ".none': No such file or directory");
  EXPECT_EQ(refusal("/"), "cannot read '/': Is a directory");
}

TEST_F(LineReaderTest, StopsWhenTheListenerSaysSo) {
  struct Stopped final : Listener {
    bool cancelled() const override { return true; }
  } stopped;
  try {
    reader_of("a\n").next(stopped);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

}  // namespace
}  // namespace attnviz::run
