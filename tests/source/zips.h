/// Zip files for the tests, right and wrong ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attnviz::source::zoo {

/// An entry to write. What is not given is as it should be.
struct Part {
  std::string name;
  std::string content;
  std::optional<std::uint32_t> checksum;
  std::optional<std::uint32_t> size;  ///< Told of the content, packed and not.
  std::optional<std::string> told;    ///< The name in the directory.
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::uint32_t unpacked_more = 0;  ///< Added to the unpacked size alone.
};

/// A zip file of these entries, whose contents are written as they are.
std::string make_zip(const std::vector<Part>& parts);

/// The entries of a file, unpacked.
std::vector<Part> parts_of(const std::string& path);

/// The entry of `parts` whose name ends like this.
Part& part(std::vector<Part>& parts, const std::string& ending);

/// `parts` without the entries whose names end like this.
std::vector<Part> without(std::vector<Part> parts, const std::string& ending);

}  // namespace attnviz::source::zoo
