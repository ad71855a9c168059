#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "attnviz/run.h"
#include "run/checks.h"

namespace attnviz::run {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16U;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

LineReader::LineReader(const std::string& path) : path_(path), block_(kBlock, '\0') {
  file_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(errno);
}

LineReader::~LineReader() { ::close(file_); }

void LineReader::fail(int code) const {
  throw Error(ErrorKind::kInput, "cannot read '" + path_ + "': " + std::generic_category().message(code));
}

bool LineReader::fill(const Listener& listener) {
  for (;;) {
    stop_if_cancelled(listener);
    const ssize_t count = ::read(file_, block_.data(), block_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    begin_ = 0;
    end_ = static_cast<std::size_t>(count);
    return count > 0;
  }
}

bool LineReader::next(const Listener& listener) {
  do {
    if (!read_line(listener)) return false;
    ++number_;
  } while (!too_long_ && is_blank(line_));
  return true;
}

bool LineReader::read_line(const Listener& listener) {
  line_.clear();
  too_long_ = false;
  for (bool any = false;; any = true) {
    if (begin_ == end_ && !fill(listener)) return any;
    const std::string_view rest = std::string_view(block_).substr(begin_, end_ - begin_);
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    too_long_ = too_long_ || line_.size() + length > kLongestLine;
    if (too_long_) {
      line_ = {};
    } else {
      line_.append(rest.substr(0, length));
    }
    begin_ += length;
    if (length == rest.size()) continue;
    ++begin_;
    return true;
  }
}

std::optional<std::int64_t> LineReader::count() const {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string block(kBlock, '\0');
  std::int64_t lines = 0;
  bool blank = true;
  off_t at = ::lseek(file_, 0, SEEK_CUR);
  for (ssize_t count = 0; (count = ::pread(file_, block.data(), block.size(), at)) > 0; at += count) {
    for (const char c : std::string_view(block).substr(0, static_cast<std::size_t>(count))) {
      if (c == '\n') lines += blank ? 0 : 1;
      blank = c == '\n' || (blank && (c == ' ' || c == '\t' || c == '\r'));
    }
  }
  return lines + (blank ? 0 : 1);
}

}  // namespace attnviz::run
