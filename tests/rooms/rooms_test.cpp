// Reads every #include of the product, and the table of src/README.md, which says who may include whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Room {
  std::set<std::string> rooms;    ///< It may include these, and itself.
  std::set<std::string> vendors;  ///< Third parties, as vendor_of() names them.
};

/// The cells of a row of a Markdown table, without the spaces around them.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  for (std::size_t begin = 1; begin < row.size();) {
    const std::size_t end = std::min(row.find('|', begin), row.size());
    const std::string cell = row.substr(begin, end - begin);
    const std::size_t first = cell.find_first_not_of(' ');
    cells.push_back(first == std::string::npos ? ""
                                               : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    begin = end + 1;
  }
  return cells;
}

/// "core, render" → each of them; what follows a semicolon is for readers, and "nothing" and "none" are none.
std::vector<std::string> names_in(const std::string& cell) {
  std::vector<std::string> names;
  std::istringstream list(cell.substr(0, cell.find(';')));
  for (std::string name; std::getline(list, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    if (name != "nothing" && name != "none") names.push_back(name);
  }
  return names;
}

/// The table under "## Rooms" of src/README.md.
std::map<std::string, Room> read_table() {
  std::map<std::string, Room> table;
  std::ifstream in(fs::path(ATTNVIZ_SOURCE_DIR) / "src/README.md");
  std::string line;
  while (std::getline(in, line) && line != "## Rooms") continue;
  while (std::getline(in, line) && !line.starts_with("## ")) {
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != 4) continue;
    Room room;
    for (const std::string& other : names_in(cells[2])) {
      if (other != "all above") room.rooms.insert(other);
      for (const auto& [above, unused] : table) {
        if (other == "all above") room.rooms.insert(above);
      }
    }
    for (const std::string& vendor : names_in(cells[3])) room.vendors.insert(vendor);
    table.emplace(cells[0].substr(1, cells[0].size() - 2), std::move(room));
  }
  return table;
}

const std::map<std::string, Room>& rooms() {
  static const std::map<std::string, Room> table = read_table();
  return table;
}

/// Who a header in angle brackets comes from: "" is the standard library or POSIX, "?" is nobody we know.
std::string vendor_of(const std::string& header) {
  static const std::map<std::string, std::string> by_prefix = {{"torch/", "torch"},
                                                               {"ATen/", "torch"},
                                                               {"c10/", "torch"},
                                                               {"caffe2/", "torch"},
                                                               {"unicode/", "ICU"},
                                                               {"nlohmann/", "JSON"},
                                                               {"simdjson", "JSON"},
                                                               {"openssl/", "OpenSSL"},
                                                               {"CLI/", "CLI11"},
                                                               {"stb", "stb"},
                                                               {"isa-l", "ISA-L"},
                                                               {"igzip", "ISA-L"},
                                                               {"minizip/", "minizip"},
                                                               {"oniguruma", "Oniguruma"},
                                                               {"hb", "HarfBuzz"},
                                                               {"harfbuzz/", "HarfBuzz"},
                                                               {"ft2build", "FreeType"},
                                                               {"freetype/", "FreeType"},
                                                               {"libdeflate", "libdeflate"},
                                                               {"sys/", ""}};
  for (const auto& [prefix, vendor] : by_prefix) {
    if (header.starts_with(prefix)) return vendor;
  }
  static const std::set<std::string> posix = {"dlfcn.h", "fcntl.h", "strings.h", "unistd.h"};
  return header.find('.') == std::string::npos || posix.contains(header) ? "" : "?";
}

struct Include {
  fs::path file;
  std::string room;
  std::string header;
  bool quoted = false;
};

std::vector<Include> includes_of(const fs::path& file, const std::string& room) {
  std::vector<Include> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const std::size_t word = line.find("include", hash);
    const std::size_t open = line.find_first_of("\"<", hash);
    if (word == std::string::npos || open == std::string::npos || open < word) continue;
    const std::size_t close = line.find_first_of("\">", open + 1);
    found.push_back({file, room, line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return found;
}

std::vector<Include> all_includes() {
  const fs::path source = ATTNVIZ_SOURCE_DIR;
  std::vector<Include> all;
  for (const auto& [room, unused] : rooms()) {
    std::vector<fs::path> files;
    if (const fs::path header = source / "include/attnviz" / (room + ".h"); fs::exists(header))
      files.push_back(header);
    for (const auto& entry : fs::recursive_directory_iterator(source / "src" / room)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cpp" || extension == ".h" || extension == ".c") files.push_back(entry.path());
    }
    for (const fs::path& file : files) {
      for (Include& include : includes_of(file, room)) all.push_back(std::move(include));
    }
  }
  return all;
}

/// "attnviz/core.h" and "core/x.h" are of core; "" for a name that is of no room.
std::string room_of(std::string header) {
  if (header == "attnviz/export.h") return "core";
  if (header.starts_with("attnviz/")) {
    header = header.substr(8);
    return header.substr(0, header.find('.'));
  }
  const std::size_t slash = header.find('/');
  return slash == std::string::npos ? "" : header.substr(0, slash);
}

TEST(Rooms, AreReadFromTheTable) {
  EXPECT_EQ(rooms().size(), 10U);
  EXPECT_TRUE(rooms().at("core").rooms.empty() && rooms().at("core").vendors.empty());
  EXPECT_EQ(rooms().at("diff").rooms, (std::set<std::string>{"core", "render", "report"}));
  EXPECT_EQ(rooms().at("cli").rooms.size(), 9U) << "all above";
  EXPECT_TRUE(rooms().at("tokenizer").vendors.contains("ICU"));
}

TEST(Rooms, UseEveryThirdPartyThatTheTableGivesThem) {
  std::map<std::string, std::set<std::string>> used;
  for (const Include& include : all_includes()) {
    if (!include.quoted) used[include.room].insert(vendor_of(include.header));
  }
  for (const auto& [name, room] : rooms()) {
    for (const std::string& vendor : room.vendors)
      EXPECT_TRUE(used[name].contains(vendor)) << name << " does not use " << vendor;
  }
}

TEST(Rooms, AreAllThere) {
  std::size_t files = 0;
  for (const Include& include : all_includes()) files += include.file.empty() ? 0 : 1;
  EXPECT_GT(files, 100U) << "the reader found hardly any include";
  for (const auto& entry : fs::directory_iterator(fs::path(ATTNVIZ_SOURCE_DIR) / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(rooms().contains(entry.path().filename().string()))
        << entry.path() << " is not in the table of rooms";
  }
}

TEST(Rooms, IncludeOnlyTheRoomsTheyMay) {
  for (const Include& include : all_includes()) {
    if (!include.quoted || include.header == "attnviz/export.h") continue;
    const std::string other = room_of(include.header);
    ASSERT_TRUE(rooms().contains(other))
        << include.file << " includes \"" << include.header << "\", which is of no room";
    EXPECT_TRUE(other == include.room || rooms().at(include.room).rooms.contains(other))
        << include.file << " (" << include.room << ") may not include " << include.header;
  }
}

TEST(Rooms, OtherRoomsAreSeenThroughTheirPublicHeader) {
  for (const Include& include : all_includes()) {
    if (!include.quoted || include.header.starts_with("attnviz/")) continue;
    if (include.header == "core/utf8.h" || include.header == "core/files.h")
      continue;  // Shared by all rooms, of no use to callers of the library.
    EXPECT_EQ(room_of(include.header), include.room) << include.file << " includes " << include.header;
  }
}

TEST(Rooms, IncludeOnlyTheThirdPartiesTheyMay) {
  for (const Include& include : all_includes()) {
    if (include.quoted) continue;
    const std::string vendor = vendor_of(include.header);
    EXPECT_TRUE(vendor.empty() || rooms().at(include.room).vendors.contains(vendor))
        << include.file << " (" << include.room << ") may not include <" << include.header << ">";
  }
}

TEST(Rooms, PublicHeadersNameNoThirdParty) {
  for (const Include& include : all_includes()) {
    if (include.file.parent_path().filename() != "attnviz" || include.quoted) continue;
    EXPECT_EQ(vendor_of(include.header), "") << include.file << " includes <" << include.header << ">";
  }
}

TEST(Rooms, JsonStaysInSourceFilesAndStbInOneOfThem) {
  std::set<fs::path> stb;
  for (const Include& include : all_includes()) {
    const std::string vendor = include.quoted ? "" : vendor_of(include.header);
    if (vendor == "JSON") {
      EXPECT_EQ(include.file.extension(), ".cpp") << include.file;
    }
    if (vendor == "stb") stb.insert(include.file);
  }
  EXPECT_EQ(stb.size(), 1U);
}

}  // namespace
