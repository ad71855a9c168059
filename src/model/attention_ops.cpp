#include "model/attention_ops.h"

#include "model/tiled.h"

namespace attnviz::model {

namespace {

using torch::jit::Stack;

c10::intrusive_ptr<CaptureSession> session_of(const c10::IValue& capsule) {
  return c10::static_intrusive_pointer_cast<CaptureSession>(capsule.toCapsule());
}

// Takes the last `count` values of the stack.
std::vector<c10::IValue> take(Stack& stack, std::size_t count) {
  std::vector<c10::IValue> values(std::make_move_iterator(stack.end() - static_cast<std::ptrdiff_t>(count)),
                                  std::make_move_iterator(stack.end()));
  torch::jit::drop(stack, count);
  return values;
}

at::Tensor optional_tensor(const c10::IValue& value) {
  return value.isTensor() ? value.toTensor() : at::Tensor();
}

// Attention [heads, queries, width] whose rows go to `session`, where there is one that wants them. The layer
// has `padding` more keys, which no query sees.
at::Tensor attend(const AttentionInputs& inputs, CaptureSession* session, std::size_t site,
                  const RowHandler& also = {}, std::int64_t padding = 0) {
  if (session == nullptr) return attend_in_tiles(inputs, also);
  const CaptureSession::Firing firing =
      session->begin(site, inputs.query.size(0), inputs.query.size(1), inputs.key.size(1) + padding);
  if (!firing.wanted) return attend_in_tiles(inputs, also);
  return attend_in_tiles(inputs, [&](std::int64_t first, const at::Tensor& weights) {
    session->rows(firing, first, weights);
    if (also) also(first, weights);
  });
}

// [B, T, H·D] -> [B·H, T, D]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2).flatten(0, 1);
}

struct Projections {
  at::Tensor qkv_weight, qkv_bias, proj_weight, proj_bias;
};

// Heads of query, key and value [B·H, T, D]; one product where all three are the same.
AttentionInputs project(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                        std::int64_t heads, const Projections& projections) {
  AttentionInputs inputs;
  std::vector<at::Tensor> parts;
  if (query.is_same(key) && key.is_same(value)) {
    parts = at::linear(query, projections.qkv_weight, projections.qkv_bias).chunk(3, -1);
  } else {
    const std::vector<at::Tensor> weights = projections.qkv_weight.chunk(3, 0);
    const std::vector<at::Tensor> biases = projections.qkv_bias.chunk(3, 0);
    parts = {at::linear(query, weights[0], biases[0]), at::linear(key, weights[1], biases[1]),
             at::linear(value, weights[2], biases[2])};
  }
  inputs.query = split_heads(parts[0], heads);
  inputs.key = split_heads(parts[1], heads);
  inputs.value = split_heads(parts[2], heads);
  return inputs;
}

// The native operators hide where their mask is true: [T, T] (type 0), [1, T] (type 1), [1, H, T, T] (type
// 2). Masks of numbers, which newer versions pass, are added.
at::Tensor visible(const at::Tensor& mask, const c10::IValue& type) {
  if (!mask.defined()) return mask;
  const at::Tensor rows = type.isInt() && type.toInt() == 1 && mask.dim() == 2 ? mask.unsqueeze(1) : mask;
  return rows.scalar_type() == torch::kBool ? rows.logical_not() : rows;
}

void require_batch_of_one(const at::Tensor& x) {
  if (x.size(0) != 1) {
    throw Error(ErrorKind::kInput, "the model runs its attention on " + std::to_string(x.size(0)) +
                                       " sequences at once; attnviz needs a batch of 1");
  }
}

// A nested tensor of batch size 1 as [1, T, C].
at::Tensor dense(const at::Tensor& x) { return x.is_nested() ? x.to_padded_tensor(0.0) : x; }

at::Tensor nested_like(const at::Tensor& x, const at::Tensor& like) {
  if (!like.is_nested()) return x;
  return at::_nested_tensor_from_mask(x, at::ones({x.size(0), x.size(1)}, x.options().dtype(torch::kBool)));
}

struct NativeResult {
  at::Tensor output;   // [1, Q, C]
  at::Tensor weights;  // [1, Q, K] or [1, H, Q, K], only when asked for
};

struct NativeOptions {
  std::int64_t heads = 1;
  at::Tensor visible;
  bool need_weights = false;
  bool average = false;
  std::int64_t padding = 0;  // Positions at the end whose keys are hidden.
};

NativeResult native_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                              const Projections& projections, const NativeOptions& options,
                              CaptureSession& session, std::size_t site) {
  require_batch_of_one(query);
  AttentionInputs inputs = project(query, key, value, options.heads, projections);
  inputs.mask = options.visible;
  const std::int64_t keys = inputs.key.size(1) - options.padding;
  inputs.key = inputs.key.narrow(1, 0, keys);
  inputs.value = inputs.value.narrow(1, 0, keys);
  NativeResult result;
  RowHandler keep;
  if (options.need_weights) {
    const std::int64_t kept = options.average ? 1 : options.heads;
    result.weights = at::empty({kept, query.size(1), key.size(1)}, inputs.query.options());
    keep = [&](std::int64_t first, const at::Tensor& weights) {
      result.weights.narrow(1, first, weights.size(1))
          .copy_(options.average ? weights.mean(0, true) : weights);
    };
  }
  const at::Tensor mixed = attend(inputs, &session, site, keep, options.padding);
  result.output = at::linear(mixed.transpose(0, 1).flatten(1).unsqueeze(0), projections.proj_weight,
                             projections.proj_bias);
  if (options.need_weights && !options.average) result.weights = result.weights.unsqueeze(0);
  return result;
}

struct EncoderLayer {
  Projections attention;
  bool gelu, norm_first;
  double eps;
  at::Tensor norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2;
  at::Tensor ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2;
};

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

at::Tensor feed_forward(const EncoderLayer& layer, const at::Tensor& x) {
  const at::Tensor hidden = at::linear(x, layer.ffn_weight_1, layer.ffn_bias_1);
  return at::linear(layer.gelu ? at::gelu(hidden) : at::relu(hidden), layer.ffn_weight_2, layer.ffn_bias_2);
}

at::Tensor encode(const EncoderLayer& layer, const at::Tensor& source, const NativeOptions& options,
                  CaptureSession& session, std::size_t site) {
  at::Tensor x = source;
  const at::Tensor seen = layer.norm_first ? norm(x, layer.norm_weight_1, layer.norm_bias_1, layer.eps) : x;
  x = x + native_attention(seen, seen, seen, layer.attention, options, session, site).output;
  if (!layer.norm_first) x = norm(x, layer.norm_weight_1, layer.norm_bias_1, layer.eps);
  const at::Tensor fed = layer.norm_first ? norm(x, layer.norm_weight_2, layer.norm_bias_2, layer.eps) : x;
  x = x + feed_forward(layer, fed);
  return layer.norm_first ? x : norm(x, layer.norm_weight_2, layer.norm_bias_2, layer.eps);
}

// [..., T, D] -> [heads, T, D] with `heads` heads, each repeated where there are fewer.
at::Tensor heads_of(const at::Tensor& x, std::int64_t heads, bool grouped) {
  const at::Tensor flat = x.dim() == 2 ? x.unsqueeze(0) : x.flatten(0, -3);
  if (flat.size(0) == heads) return flat;
  if (grouped && flat.size(0) > 0 && heads % flat.size(0) == 0) {
    return flat.repeat_interleave(heads / flat.size(0), 0);
  }
  return flat.expand({heads, flat.size(1), flat.size(2)});
}

}  // namespace

at::Tensor sdpa(const SdpaArguments& arguments, CaptureSession* session, std::size_t site) {
  const at::Tensor& query = arguments.query;
  const bool batched =
      query.dim() > 3 && c10::multiply_integers(query.sizes().slice(0, query.dim() - 3)) != 1;
  if (session != nullptr && batched) require_batch_of_one(query);
  AttentionInputs inputs;
  inputs.query = query.dim() == 2 ? query.unsqueeze(0) : query.flatten(0, -3);
  const std::int64_t heads = inputs.query.size(0);
  inputs.key = heads_of(arguments.key, heads, arguments.grouped);
  inputs.value = heads_of(arguments.value, heads, arguments.grouped);
  inputs.mask = arguments.mask;
  inputs.causal = arguments.causal;
  inputs.scale = arguments.scale;
  std::vector<std::int64_t> shape = query.sizes().vec();
  shape.back() = arguments.value.size(-1);
  return attend(inputs, session, site).view(shape);
}

void run_capture_weights(Stack& stack) {
  const std::vector<c10::IValue> values = take(stack, 3);
  const auto session = session_of(values[0]);
  session->guard(
      [&] { session->written_out(static_cast<std::size_t>(values[1].toInt()), values[2].toTensor()); });
}

void run_capture_sdpa(Stack& stack) {
  const std::vector<c10::IValue> values = take(stack, 9);
  SdpaArguments arguments{values[2].toTensor(),       values[3].toTensor(), values[4].toTensor(),
                          optional_tensor(values[5]), values[6].toBool(),   std::nullopt,
                          values[8].toBool()};
  if (values[7].isDouble()) arguments.scale = values[7].toDouble();
  const auto session = session_of(values[0]);
  stack.emplace_back(session->guard(
      [&] { return sdpa(arguments, session.get(), static_cast<std::size_t>(values[1].toInt())); }));
}

void run_capture_native(Stack& stack) {
  const std::vector<c10::IValue> values = take(stack, 15);
  const at::Tensor& given = values[2].toTensor();
  const at::Tensor query = dense(given);
  const at::Tensor key = values[3].toTensor().is_same(given) ? query : dense(values[3].toTensor());
  const at::Tensor value = values[4].toTensor().is_same(given) ? query : dense(values[4].toTensor());
  const Projections projections{values[7].toTensor(), values[8].toTensor(), values[9].toTensor(),
                                values[10].toTensor()};
  const NativeOptions options{values[6].toInt(), visible(optional_tensor(values[11]), values[14]),
                              values[12].toBool(), values[13].toBool()};
  const auto session = session_of(values[0]);
  const NativeResult result = session->guard([&] {
    return native_attention(query, key, value, projections, options, *session,
                            static_cast<std::size_t>(values[1].toInt()));
  });
  stack.emplace_back(nested_like(result.output, given));
  stack.emplace_back(result.weights);
}

void run_capture_encoder_layer(Stack& stack) {
  const std::vector<c10::IValue> v = take(stack, 22);
  const auto tensor = [&](std::size_t i) { return v[i].toTensor(); };
  const EncoderLayer layer{{tensor(5), tensor(6), tensor(7), tensor(8)},
                           v[9].toBool(),
                           v[10].toBool(),
                           v[11].toDouble(),
                           tensor(12),
                           tensor(13),
                           tensor(14),
                           tensor(15),
                           tensor(16),
                           tensor(17),
                           tensor(18),
                           tensor(19)};
  NativeOptions options{v[4].toInt(), visible(optional_tensor(v[20]), v[21]), false, false};
  const auto session = session_of(v[0]);
  const auto site = static_cast<std::size_t>(v[1].toInt());
  stack.emplace_back(session->guard([&] {
    at::Tensor x = dense(tensor(2));
    const bool padded = tensor(2).is_nested() && session->padding.defined() && !options.visible.defined();
    if (!padded) return nested_like(encode(layer, x, options, *session, site), tensor(2));
    const std::int64_t kept = x.size(1);
    options.padding = session->padding.size(1);
    x = encode(layer, at::cat({x, session->padding}, 1), options, *session, site);
    session->padding = x.narrow(1, kept, options.padding);
    return nested_like(x.narrow(1, 0, kept), tensor(2));
  }));
}

void run_nested_from_mask(Stack& stack) {
  const std::vector<c10::IValue> values = take(stack, 4);
  const at::Tensor& states = values[1].toTensor();
  const at::Tensor& mask = values[2].toTensor();
  const auto session = session_of(values[0]);
  stack.emplace_back(session->guard([&] {
    require_batch_of_one(states);
    at::Tensor nested = at::_nested_tensor_from_mask(states, mask, values[3].toBool());
    // Whatever the mask looks like, as many rows are kept from the beginning as it has true elements.
    const auto kept = mask.sum().item<std::int64_t>();
    session->padding = kept < states.size(1) ? states.narrow(1, kept, states.size(1) - kept) : at::Tensor();
    return nested;
  }));
}

}  // namespace attnviz::model
