// A program outside of the project: draws numbers of its own with the installed library.
#include <attnviz/aggregate.h>
#include <attnviz/render.h>
#include <attnviz/report.h>

#include <iostream>

int main() {
  attnviz::Heatmap heatmap;
  heatmap.title = "two by three";
  heatmap.weights = {2, 3, {0.1F, 0.2F, 0.7F, 0.5F, 0.25F, 0.25F}};
  attnviz::Painter painter(attnviz::RenderOptions{});
  const auto png = attnviz::encode_png(painter.heatmap(heatmap));
  attnviz::Reductions reductions(attnviz::ReductionOptions{});
  std::cout << attnviz::version() << ' '
            << (png.size() > 100 && reductions.finish().audit.empty() ? "works" : "fails") << '\n';
}
