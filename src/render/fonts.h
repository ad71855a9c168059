/// Font files, opened when first needed, and which of them has a character.
#pragma once

#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace attnviz::render {

/// A font file mapped into memory; the embedded one is borrowed.
class FontFile {
 public:
  explicit FontFile(std::span<const std::uint8_t> borrowed) : bytes_(borrowed) {}
  /// An empty file where `path` cannot be read.
  explicit FontFile(const std::string& path);
  ~FontFile();
  FontFile(const FontFile&) = delete;
  FontFile& operator=(const FontFile&) = delete;
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
  bool mapped_ = false;
};

/// One font at every size: FreeType draws its glyphs, HarfBuzz shapes with it. No hinting.
class Face {
 public:
  /// `valid()` is false when `file` holds no outline font that FreeType and HarfBuzz read.
  Face(FT_Library library, std::unique_ptr<FontFile> file);
  ~Face();
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;
  bool valid() const noexcept { return face_ != nullptr; }
  bool has(char32_t code) const;
  /// FreeType's face, set to `size` pixels.
  FT_Face at_size(int size);
  /// HarfBuzz's font in units of 1/64 pixel.
  hb_font_t* shaper(int size);

 private:
  std::unique_ptr<FontFile> file_;
  FT_Face face_ = nullptr;
  int size_ = 0;
  hb_face_t* hb_face_ = nullptr;
  std::map<int, hb_font_t*> hb_fonts_;
};

/// The fonts of one Painter: those asked for, the embedded one, then the system's.
class Fonts {
 public:
  /// Throws kUsage for one of `first` that is no font.
  Fonts(const std::vector<std::string>& first, bool system);
  ~Fonts();

  /// Index of the first font that has all of `codes` (one grapheme) or, where none has, the first of them;
  /// -1: none.
  int find(std::span<const char32_t> codes, hb_script_t script);
  Face& face(int index) { return *faces_[static_cast<std::size_t>(index)]; }

 private:
  int find_all(std::span<const char32_t> codes, hb_script_t script);
  int open(const std::string& path);
  const std::vector<std::string>& order(hb_script_t script);

  FT_Library library_ = nullptr;
  std::vector<std::unique_ptr<Face>> faces_;
  int own_ = 0;  ///< The first so many faces are asked always.
  bool system_;
  std::vector<std::string> system_paths_;
  bool listed_ = false;
  std::unordered_map<std::string, int> opened_;  ///< Index into `faces_`, -1: no font.
  std::map<hb_script_t, std::vector<std::string>> orders_;
  std::map<std::pair<hb_script_t, std::u32string>, int> found_;
};

}  // namespace attnviz::render
