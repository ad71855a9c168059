#include "render/system_fonts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <tuple>
#include <utility>

namespace attnviz::render {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> kFolders = {"/usr/share/fonts", "/usr/local/share/fonts"};

/// Noto names its fonts by script, mostly in Unicode's words; these are the scripts of today's texts.
constexpr std::array<std::pair<hb_script_t, std::string_view>, 40> kScripts = {{
    {HB_SCRIPT_DEVANAGARI, "Devanagari"},
    {HB_SCRIPT_BENGALI, "Bengali"},
    {HB_SCRIPT_GURMUKHI, "Gurmukhi"},
    {HB_SCRIPT_GUJARATI, "Gujarati"},
    {HB_SCRIPT_ORIYA, "Oriya"},
    {HB_SCRIPT_TAMIL, "Tamil"},
    {HB_SCRIPT_TELUGU, "Telugu"},
    {HB_SCRIPT_KANNADA, "Kannada"},
    {HB_SCRIPT_MALAYALAM, "Malayalam"},
    {HB_SCRIPT_SINHALA, "Sinhala"},
    {HB_SCRIPT_THAI, "Thai"},
    {HB_SCRIPT_LAO, "Lao"},
    {HB_SCRIPT_KHMER, "Khmer"},
    {HB_SCRIPT_MYANMAR, "Myanmar"},
    {HB_SCRIPT_ETHIOPIC, "Ethiopic"},
    {HB_SCRIPT_GEORGIAN, "Georgian"},
    {HB_SCRIPT_ARMENIAN, "Armenian"},
    {HB_SCRIPT_ARABIC, "Arabic"},
    {HB_SCRIPT_HEBREW, "Hebrew"},
    {HB_SCRIPT_SYRIAC, "Syriac"},
    {HB_SCRIPT_THAANA, "Thaana"},
    {HB_SCRIPT_NKO, "NKo"},
    {HB_SCRIPT_ADLAM, "Adlam"},
    {HB_SCRIPT_TIFINAGH, "Tifinagh"},
    {HB_SCRIPT_MONGOLIAN, "Mongolian"},
    {HB_SCRIPT_TIBETAN, "Tibetan"},
    {HB_SCRIPT_CHEROKEE, "Cherokee"},
    {HB_SCRIPT_YI, "Yi"},
    {HB_SCRIPT_JAVANESE, "Javanese"},
    {HB_SCRIPT_BALINESE, "Balinese"},
    {HB_SCRIPT_SUNDANESE, "Sundanese"},
    {HB_SCRIPT_CHAM, "Cham"},
    {HB_SCRIPT_TAI_LE, "TaiLe"},
    {HB_SCRIPT_OL_CHIKI, "OlChiki"},
    {HB_SCRIPT_MEETEI_MAYEK, "MeeteiMayek"},
    {HB_SCRIPT_VAI, "Vai"},
    {HB_SCRIPT_COPTIC, "Coptic"},
    {HB_SCRIPT_GOTHIC, "Gothic"},
    {HB_SCRIPT_RUNIC, "Runic"},
    {HB_SCRIPT_CANADIAN_SYLLABICS, "CanadianAboriginal"},
}};

bool is_cjk(hb_script_t script) {
  return script == HB_SCRIPT_HAN || script == HB_SCRIPT_HIRAGANA || script == HB_SCRIPT_KATAKANA ||
         script == HB_SCRIPT_HANGUL || script == HB_SCRIPT_BOPOMOFO;
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Regular upright cuts; a bold or a slanted one would stand out among labels.
bool is_plain(std::string_view name) {
  constexpr std::array<std::string_view, 16> kCuts = {
      "Bold", "Italic", "Oblique", "Light",   "Thin",    "Medium",     "Black", "Condensed",
      "Semi", "Extra",  "Mono",    "Slanted", "Display", "ColorEmoji", "csur",  "sample"};
  return std::none_of(kCuts.begin(), kCuts.end(), [&](std::string_view cut) { return has(name, cut); });
}

bool is_font_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".ttf" || extension == ".otf" || extension == ".ttc";
}

/// Lower is asked earlier.
int rank(std::string_view name, hb_script_t script, std::string_view script_name) {
  const auto starts = [&](std::string_view start) { return name.substr(0, start.size()) == start; };
  if (starts("unifont")) return 90;
  if (!script_name.empty() && starts("NotoSans" + std::string(script_name) + "-")) return 0;
  if (!script_name.empty() && starts("NotoSerif" + std::string(script_name) + "-")) return 1;
  if (starts("NotoSansCJK")) return is_cjk(script) ? 2 : 14;
  if (starts("NotoSans-")) return 10;
  if (starts("NotoSansSymbols-")) return 11;
  if (starts("NotoSansSymbols2-")) return 12;
  if (starts("NotoSansMath-")) return 13;
  if (starts("NotoEmoji")) return 15;
  if (starts("Symbola")) return 16;
  if (starts("NotoSans")) return 20;
  return starts("Noto") ? 30 : 40;
}

}  // namespace

std::vector<std::string> list_system_fonts() {
  std::vector<std::string> fonts;
  for (const char* folder : kFolders) {
    std::error_code error;  // a folder that is not there, or not ours to read, has no fonts
    fs::recursive_directory_iterator files(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && files != fs::recursive_directory_iterator(); files.increment(error)) {
      const std::string path = files->path().string();
      if (is_font_file(files->path()) && is_plain(name_of(path))) fonts.push_back(path);
    }
  }
  std::sort(fonts.begin(), fonts.end(), [](const std::string& a, const std::string& b) {
    return std::pair(name_of(a), a) < std::pair(name_of(b), b);
  });
  return fonts;
}

std::vector<std::string> fallback_order(const std::vector<std::string>& fonts, hb_script_t script) {
  std::string_view script_name;
  for (const auto& [known, name] : kScripts) {
    if (known == script) script_name = name;
  }
  std::vector<std::string> order = fonts;
  std::stable_sort(order.begin(), order.end(), [&](const std::string& a, const std::string& b) {
    return rank(name_of(a), script, script_name) < rank(name_of(b), script, script_name);
  });
  return order;
}

}  // namespace attnviz::render
