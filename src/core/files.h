/// Files as bytes, the one reader of all rooms. What a failure means, and how it is said, is for each of
/// them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace attnviz::files {

/// What was read.
struct Content {
  std::string bytes;
  int error = 0;  ///< As errno has it; EFBIG: there are more bytes than may be. 0: `bytes` are all.
};

/// What is left to read of an open file; `most` bytes at most.
inline Content read_open(int file, std::size_t most) {
  Content content;
  std::string chunk(std::size_t{1} << 16U, '\0');
  for (;;) {
    const ssize_t count = ::read(file, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) content.error = errno;
    if (count <= 0) return content;
    content.bytes.append(chunk, 0, static_cast<std::size_t>(count));
    if (content.bytes.size() > most) {
      content.error = EFBIG;
      return content;
    }
  }
}

/// The file at `path`, which may be a pipe as well; a folder is EISDIR.
inline Content read(const std::string& path, std::size_t most) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {.error = errno};
  Content content = read_open(file, most);
  ::close(file);
  return content;
}

}  // namespace attnviz::files
