/// Names of options, both ways, and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attnviz/render.h"

namespace attnviz::render {
namespace {

using ::testing::HasSubstr;

template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Options, EveryNameReadsBack) {
  for (const char* name : {"viridis", "magma", "inferno", "plasma", "cividis", "grey"}) {
    EXPECT_EQ(to_string(parse_colormap(name)), name);
  }
  EXPECT_EQ(parse_colormap("gray"), Colormap::kGrey);
  for (const char* name : {"sqrt", "linear", "log"}) EXPECT_EQ(to_string(parse_color_scale(name)), name);
  for (const char* name : {"light", "dark"}) EXPECT_EQ(to_string(parse_theme(name)), name);
  for (const char* name : {"run", "map", "0.25", "1"}) EXPECT_EQ(to_string(parse_scale_top(name)), name);
}

TEST(Options, WrongNamesAreRefusedWithTheChoices) {
  EXPECT_THAT(refusal([] { parse_colormap("jet"); }),
              HasSubstr("viridis, magma, inferno, plasma, cividis, grey"));
  EXPECT_THAT(refusal([] { parse_colormap("jet"); }), HasSubstr("'jet'"));
  EXPECT_THAT(refusal([] { parse_color_scale("Sqrt"); }), HasSubstr("sqrt, linear, log"));
  EXPECT_THAT(refusal([] { parse_theme(""); }), HasSubstr("light, dark"));
}

TEST(Options, ATopIsRunMapOrAWeight) {
  EXPECT_EQ(parse_scale_top("run").kind, ScaleTop::Kind::kRun);
  EXPECT_EQ(parse_scale_top("map").kind, ScaleTop::Kind::kMap);
  EXPECT_DOUBLE_EQ(parse_scale_top("0.125").value, 0.125);
  for (const char* wrong : {"", "0", "-1", "nan", "inf", "0.5x", "1e7", "maps"}) {
    EXPECT_THAT(refusal([&] { parse_scale_top(wrong); }), HasSubstr("run, map, or a weight")) << wrong;
  }
}

TEST(Options, AFileThatIsNoFontIsRefusedByName) {
  RenderOptions options;
  options.fonts = {ATTNVIZ_TEST_DATA "/CMakeLists.txt"};
  EXPECT_THAT(refusal([&] { Painter painter(options); }), HasSubstr("CMakeLists.txt"));
  options.fonts = {"there/is/none.ttf"};
  EXPECT_THAT(refusal([&] { Painter painter(options); }), HasSubstr("there/is/none.ttf"));
}

}  // namespace
}  // namespace attnviz::render
