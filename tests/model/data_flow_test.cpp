// Where values come from, on graphs written as IR; and what is kept of torch's messages.
#include "model/data_flow.h"

#include <gtest/gtest.h>
#include <torch/csrc/jit/ir/irparser.h>

#include "model/border.h"
#include "model/program.h"

namespace attnviz::model {

namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

std::shared_ptr<Graph> parse(const std::string& text) {
  auto graph = std::make_shared<Graph>();
  torch::jit::parseIR(text, graph.get());
  return graph;
}

// What reaches the output of a graph whose inputs are the source and the target.
Origin reaches_output(const std::string& text) {
  const auto graph = parse(text);
  const DataFlow flow(*graph, {{graph->inputs()[0], kFromSource}, {graph->inputs()[1], kFromTarget}});
  return flow.of(graph->outputs()[0]);
}

std::vector<Node*> of_kind(Graph& graph, const char* name) {
  std::vector<Node*> found;
  for (Node* node : all_nodes(graph)) {
    if (is_aten(node, name)) found.push_back(node);
  }
  return found;
}

}  // namespace

TEST(DataFlow, FollowsContentButNotShapesOrComparisons) {
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %1 : Tensor = aten::matmul(%a, %b)
  return (%1))IR"),
            kFromSource | kFromTarget);
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %0 : Tensor = aten::eq(%a, %b)
  %1 : Tensor = aten::zeros_like(%a)
  %2 : Tensor = aten::matmul(%0, %1)
  return (%2))IR"),
            0U);
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %1 : Tensor = aten::type_as(%a, %b)
  return (%1))IR"),
            kFromSource);
}

TEST(DataFlow, KeepsTheElementsOfATupleApart) {
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %0 : (Tensor, Tensor) = prim::TupleConstruct(%a, %b)
  %1 : Tensor, %2 : Tensor = prim::TupleUnpack(%0)
  return (%2))IR"),
            kFromTarget);
}

TEST(DataFlow, GoesRoundALoopUntilNothingChanges) {
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %n : int = prim::Constant[value=3]()
  %t : bool = prim::Constant[value=1]()
  %x : Tensor, %y : Tensor = prim::Loop(%n, %t, %a, %a)
    block0(%i : int, %p : Tensor, %q : Tensor):
      %r : Tensor = aten::relu(%q)
      -> (%t, %r, %b)
  return (%x))IR"),
            kFromSource | kFromTarget);
}

TEST(DataFlow, SeesWhatIsWrittenInPlaceThroughAView) {
  EXPECT_EQ(reaches_output(R"IR(
graph(%a : Tensor, %b : Tensor):
  %d : int = prim::Constant[value=0]()
  %f : bool = prim::Constant[value=0]()
  %z : Tensor = aten::zeros_like(%a, %d, %d, %d, %f, %d)
  %v : Tensor = aten::select(%z, %d, %d)
  %w : Tensor = aten::copy_(%v, %b, %f)
  return (%z))IR"),
            kFromTarget);
}

TEST(Origins, LookThroughBranchesAndLists) {
  const auto graph = parse(R"IR(
graph(%a : Tensor, %b : Tensor, %c : bool):
  %x : Tensor = prim::If(%c)
    block0():
      -> (%a)
    block1():
      %l : Tensor[] = prim::ListConstruct(%a, %b)
      %i : int = prim::Constant[value=-1]()
      %e : Tensor = aten::__getitem__(%l, %i)
      -> (%e)
  return (%x))IR");
  const std::vector<Value*> found = origins(graph->outputs()[0]);
  EXPECT_EQ(found, (std::vector<Value*>{graph->inputs()[0], graph->inputs()[1]}));
}

TEST(Branches, OfOneIfNeverBothRun) {
  const auto graph = parse(R"IR(
graph(%a : Tensor, %c : bool):
  %x : Tensor = prim::If(%c)
    block0():
      %r : Tensor = aten::relu(%a)
      -> (%r)
    block1():
      %s : Tensor = aten::relu(%a)
      -> (%s)
  %t : Tensor = aten::relu(%x)
  return (%t))IR");
  const std::vector<Node*> nodes = of_kind(*graph, "relu");
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_FALSE(can_both_run(nodes[0], nodes[1]));
  EXPECT_TRUE(can_both_run(nodes[0], nodes[2]));
  EXPECT_TRUE(can_both_run(nodes[1], nodes[1]));
}

TEST(Summaries, KeepTheInnermostMessageOnOneLine) {
  EXPECT_EQ(
      summary_of("The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript "
                 "(most recent call last):\nRuntimeError: shapes differ\nmore"),
      "shapes differ");
  EXPECT_EQ(summary_of("a plain message\nException raised from f at g.cpp:1"), "a plain message");
  EXPECT_EQ(summary_of(""), "");
}

TEST(MakeTensorsOn, WritesTheDeviceWhereATraceSaysCpuOrNothingIsSaid) {
  const auto graph = parse(R"IR(
graph(%x : Tensor):
  %n : int = prim::Constant[value=4]()
  %none : NoneType = prim::Constant()
  %cpu : Device = prim::Constant[value="cpu"]()
  %no : bool = prim::Constant[value=0]()
  %a : Tensor = aten::arange(%n, %none, %none, %cpu, %no)
  %b : Tensor = aten::arange(%n, %none, %none, %none, %no)
  %c : Tensor = aten::zeros_like(%x, %none, %none, %none, %none, %none)
  return (%a, %b, %c))IR");
  make_tensors_on(c10::Device("meta"), *graph);
  torch::jit::Stack stack = {torch::ones({2})};
  torch::jit::InterpreterState(torch::jit::Code(graph, "made")).run(stack);
  EXPECT_TRUE(stack[0].toTensor().is_meta());
  EXPECT_TRUE(stack[1].toTensor().is_meta());
  EXPECT_TRUE(stack[2].toTensor().is_cpu());
}

}  // namespace attnviz::model
