// Written-out attention: softmax(scores) times values, where the scores are a product of two tensors that
// both depend on the text. That, and that the values depend on the text too, is what tells it from a softmax
// over classes, over experts, in a pooling layer or in a gate.
#include <algorithm>
#include <array>
#include <optional>

#include "model/forms/form.h"

namespace attnviz::model {

using torch::jit::Node;
using torch::jit::Value;

namespace {

constexpr std::array<std::string_view, 3> kSoftmaxes = {"softmax", "_softmax", "_safe_softmax"};

// What may lie between softmax and the product with the values: all of it keeps or hides weights.
constexpr std::array<std::string_view, 38> kKeepWeights = {
    "dropout",   "feature_dropout", "alpha_dropout", "to",         "type_as",   "float",    "half",
    "bfloat16",  "double",          "_to_copy",      "contiguous", "clone",     "detach",   "alias",
    "view",      "reshape",         "transpose",     "permute",    "unsqueeze", "squeeze",  "expand",
    "expand_as", "flatten",         "unflatten",     "movedim",    "swapaxes",  "swapdims", "slice",
    "select",    "narrow",          "masked_fill",   "nan_to_num", "mul",       "div",      "t",
    "view_as",   "reshape_as",      "_unsafe_view"};

// What may lie between the scores' product and softmax, beyond the above.
constexpr std::array<std::string_view, 16> kKeepScores = {
    "add",     "sub", "rsub",   "tanh", "clamp",           "clamp_min", "clamp_max", "maximum",
    "minimum", "cat", "gather", "pad",  "constant_pad_nd", "neg",       "copy",      "masked_scatter"};

constexpr std::array<std::string_view, 9> kCasts = {"dropout",  "to",     "type_as",  "float",     "half",
                                                    "bfloat16", "double", "_to_copy", "contiguous"};

// A product of two tensors that sums over one axis.
struct Product {
  Value* left = nullptr;
  Value* right = nullptr;
};

std::vector<Value*> operands_of_einsum(Node* node) {
  std::vector<Value*> operands;
  for (Value* list : origins(node->input(1))) {
    if (list->node()->kind() != c10::prim::ListConstruct) continue;
    operands.assign(list->node()->inputs().begin(), list->node()->inputs().end());
  }
  return operands;
}

std::optional<Product> product_of(Node* node) {
  if (is_aten(node, "matmul") || is_aten(node, "bmm") || is_aten(node, "mm")) {
    return Product{node->input(0), node->input(1)};
  }
  if (is_aten(node, "baddbmm") || is_aten(node, "addmm")) return Product{node->input(1), node->input(2)};
  if (is_aten(node, "einsum")) {
    const std::vector<Value*> operands = operands_of_einsum(node);
    if (operands.size() == 2) return Product{operands[0], operands[1]};
  }
  return std::nullopt;
}

// Searches backwards from `value` through operators that `passes`; `found` decides on every other.
template <class Passes, class Found>
void search_back(Value* value, std::unordered_set<Value*>& seen, const Passes& passes, const Found& found) {
  for (Value* origin : origins(value)) {
    if (!seen.insert(origin).second) continue;
    Node* node = origin->node();
    if (found(node) || !passes(node)) continue;
    if (is_aten(node, "cat")) {
      for (Value* list : origins(node->input(0))) {
        for (Value* element : list->node()->inputs()) search_back(element, seen, passes, found);
      }
      continue;
    }
    for (Value* input : node->inputs()) {
      if (input->type()->isSubtypeOf(*c10::TensorType::get())) search_back(input, seen, passes, found);
    }
  }
}

std::vector<Node*> softmaxes_behind(Value* weights) {
  std::unordered_set<Value*> seen;
  std::vector<Node*> found;
  search_back(
      weights, seen, [](Node* node) { return is_one_of(node, kKeepWeights) || is_aten(node, "where"); },
      [&](Node* node) {
        if (!is_one_of(node, kSoftmaxes)) return false;
        found.push_back(node);
        return true;
      });
  return found;
}

// The product of queries and keys behind the input of a softmax.
std::optional<Product> scores_behind(Node* softmax, const Instrumentation& instrumentation) {
  std::unordered_set<Value*> seen;
  std::optional<Product> scores;
  search_back(
      softmax->input(0), seen,
      [](Node* node) {
        return is_one_of(node, kKeepWeights) || is_one_of(node, kKeepScores) || is_aten(node, "where") ||
               is_aten(node, "baddbmm");
      },
      [&](Node* node) {
        const std::optional<Product> product = product_of(node);
        if (!product || !instrumentation.depends_on_text(product->left) ||
            !instrumentation.depends_on_text(product->right)) {
          return false;
        }
        if (!scores) scores = product;
        return true;
      });
  return scores;
}

// Which axes of the weights are of the queries, and which of the keys, counted from the back.
struct OperandAxes {
  std::vector<int> query;
  int key = -1;
};

std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) letters += c;
  }
  return letters;
}

// Axes from the back of the operand `weights` of "bhqk,bhkd->bhqd": k is summed, q is kept and not in the
// values. An ellipsis stands for leading axes.
std::optional<OperandAxes> axes_of_equation(const std::string& equation, bool left) {
  const auto comma = equation.find(',');
  const auto arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow) return std::nullopt;
  const std::string first = letters_of(std::string_view(equation).substr(0, comma));
  const std::string second = letters_of(std::string_view(equation).substr(comma + 1, arrow - comma - 1));
  const std::string out = letters_of(std::string_view(equation).substr(arrow + 2));
  const std::string& weights = left ? first : second;
  const std::string& values = left ? second : first;
  const auto in = [](const std::string& letters, char c) { return letters.find(c) != std::string::npos; };
  OperandAxes axes;
  int keys = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int axis = static_cast<int>(i) - static_cast<int>(weights.size());
    if (in(values, weights[i]) && !in(out, weights[i])) {
      axes.key = axis;
      ++keys;
    }
    if (!in(values, weights[i]) && in(out, weights[i])) axes.query.push_back(axis);
  }
  if (keys != 1 || axes.query.empty()) return std::nullopt;
  return axes;
}

std::optional<OperandAxes> axes_of_operand(Node* node, bool left) {
  if (!is_aten(node, "einsum")) return left ? OperandAxes{{-2}, -1} : OperandAxes{{-1}, -2};
  const auto equation = torch::jit::toIValue(node->input(0));
  if (!equation.has_value() || !equation->isString()) return std::nullopt;
  return axes_of_equation(equation->toStringRef(), left);
}

bool drops_weights(Node* node) {
  if (!is_aten(node, "dropout")) return false;
  const auto train = torch::jit::toIValue(node->input(2));
  return train.has_value() && train->isBool() && train->toBool();
}

// Steps back over casts, so that weights are taken with the precision that softmax gave them.
Value* before_casts(Value* weights) {
  while (is_one_of(weights->node(), kCasts) && weights->uses().size() == 1 &&
         !drops_weights(weights->node())) {
    weights = weights->node()->input(0);
  }
  return weights;
}

bool taken_already(Node* softmax, Node* node, Instrumentation& instrumentation) {
  return std::any_of(instrumentation.taken().begin(), instrumentation.taken().end(), [&](const auto& taken) {
    return taken.first == softmax && can_both_run(taken.second, node);
  });
}

bool instrument_operand(Node* node, const Product& product, bool left, Instrumentation& instrumentation) {
  Value* weights = left ? product.left : product.right;
  const Value* values = left ? product.right : product.left;
  if (!instrumentation.depends_on_text(values)) return false;
  const std::vector<Node*> softmaxes = softmaxes_behind(weights);
  for (Node* softmax : softmaxes) {
    const std::optional<Product> scores = scores_behind(softmax, instrumentation);
    const std::optional<OperandAxes> axes = axes_of_operand(node, left);
    if (!scores || !axes) continue;
    if (taken_already(softmax, node, instrumentation)) return true;
    Site site;
    site.capture = "softmax";
    site.query_axes = axes->query;
    site.key_axis = axes->key;
    const std::array<Value*, 2> made_from = {scores->left, scores->right};
    site.scope = scope_of(node, made_from);
    const std::size_t index = instrumentation.add_site(scores->left, scores->right, site);
    const std::array<Value*, 1> inputs = {before_casts(weights)};
    instrumentation.insert_before(node, "attnviz::capture_weights", index, inputs, 0);
    for (Node* one : softmaxes) instrumentation.taken().emplace_back(one, node);
    return true;
  }
  return false;
}

}  // namespace

bool instrument_softmax(Node* node, Instrumentation& instrumentation) {
  const std::optional<Product> product = product_of(node);
  if (!product) return false;
  return instrument_operand(node, *product, true, instrumentation) ||
         instrument_operand(node, *product, false, instrumentation);
}

}  // namespace attnviz::model
