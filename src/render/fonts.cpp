#include "render/fonts.h"

#include <fcntl.h>
#include <hb-ot.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "attnviz/core.h"
#include "render/embedded_font.h"
#include "render/system_fonts.h"
#include "render/unicode.h"

namespace attnviz::render {

FontFile::FontFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory != MAP_FAILED) {
      bytes_ = {static_cast<const std::uint8_t*>(memory), size};
      mapped_ = true;
    }
  }
  ::close(file);
}

FontFile::~FontFile() {
  if (mapped_) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

Face::Face(FT_Library library, std::unique_ptr<FontFile> file) : file_(std::move(file)) {
  const std::span<const std::uint8_t> bytes = file_->bytes();
  if (bytes.empty() ||
      FT_New_Memory_Face(library, bytes.data(), static_cast<FT_Long>(bytes.size()), 0, &face_) != 0) {
    face_ = nullptr;
    return;
  }
  if (!FT_IS_SCALABLE(face_) || FT_Select_Charmap(face_, FT_ENCODING_UNICODE) != 0) {
    FT_Done_Face(face_);
    face_ = nullptr;
    return;
  }
  hb_blob_t* blob =
      hb_blob_create(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()),
                     HB_MEMORY_MODE_READONLY, nullptr, nullptr);
  hb_face_ = hb_face_create(blob, 0);
  hb_blob_destroy(blob);
}

Face::~Face() {
  for (const auto& [size, font] : hb_fonts_) hb_font_destroy(font);
  hb_face_destroy(hb_face_);
  if (face_ != nullptr) FT_Done_Face(face_);
}

bool Face::has(char32_t code) const { return FT_Get_Char_Index(face_, code) != 0; }

FT_Face Face::at_size(int size) {
  if (size_ != size) {
    FT_Set_Pixel_Sizes(face_, 0, static_cast<FT_UInt>(size));
    size_ = size;
  }
  return face_;
}

hb_font_t* Face::shaper(int size) {
  hb_font_t*& font = hb_fonts_[size];
  if (font == nullptr) {
    font = hb_font_create(hb_face_);
    hb_ot_font_set_funcs(font);
    hb_font_set_scale(font, size * 64, size * 64);
  }
  return font;
}

Fonts::Fonts(const std::vector<std::string>& first, bool system) : system_(system) {
  if (FT_Init_FreeType(&library_) != 0)
    throw Error(ErrorKind::kOutput, "FreeType cannot start: not enough memory");
  for (const std::string& path : first) {
    faces_.push_back(std::make_unique<Face>(library_, std::make_unique<FontFile>(path)));
    if (faces_.back()->valid()) continue;
    faces_.clear();
    FT_Done_FreeType(library_);
    throw Error(ErrorKind::kUsage,
                "'" + path + "' is not a font that can be read; give a .ttf, .otf or .ttc file");
  }
  faces_.push_back(std::make_unique<Face>(library_, std::make_unique<FontFile>(embedded_font())));
  own_ = static_cast<int>(faces_.size());
}

Fonts::~Fonts() {
  faces_.clear();
  FT_Done_FreeType(library_);
}

const std::vector<std::string>& Fonts::order(hb_script_t script) {
  if (!listed_) {
    listed_ = true;
    if (system_) system_paths_ = list_system_fonts();
  }
  const auto [at, fresh] = orders_.try_emplace(script);
  if (fresh) at->second = fallback_order(system_paths_, script);
  return at->second;
}

int Fonts::open(const std::string& path) {
  const auto [at, fresh] = opened_.try_emplace(path, -1);
  if (fresh) {
    auto face = std::make_unique<Face>(library_, std::make_unique<FontFile>(path));
    if (face->valid()) {
      at->second = static_cast<int>(faces_.size());
      faces_.push_back(std::move(face));
    }
  }
  return at->second;
}

int Fonts::find_all(std::span<const char32_t> codes, hb_script_t script) {
  const auto has_all = [&](int index) {
    return std::all_of(codes.begin(), codes.end(),
                       [&](char32_t code) { return steers_shaping(code) || face(index).has(code); });
  };
  for (int i = 0; i < own_; ++i) {
    if (has_all(i)) return i;
  }
  if (!system_) return -1;
  for (const std::string& path : order(script)) {
    const int index = open(path);
    if (index >= 0 && has_all(index)) return index;
  }
  return -1;
}

int Fonts::find(std::span<const char32_t> codes, hb_script_t script) {
  if (codes.size() == 1 && codes[0] < 0x7F && own_ == 1) return 0;
  const auto [at, fresh] = found_.try_emplace({script, std::u32string(codes.begin(), codes.end())}, -1);
  if (!fresh) return at->second;
  int index = find_all(codes, script);
  if (index < 0 && codes.size() > 1) index = find_all(codes.first(1), script);
  at->second = index;
  return index;
}

}  // namespace attnviz::render
