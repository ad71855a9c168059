/// The capturing operators: what runs in place of, or beside, the attention of a model.
#pragma once

#include <torch/script.h>

#include "model/recording.h"

namespace attnviz {

// Schemas; `recording` is the capsule of a Recording, `site` its index.
constexpr const char* kCaptureWeights =
    "attnviz::capture_weights(Any recording, int site, Tensor weights) -> ()";
constexpr const char* kCaptureSdpa =
    "attnviz::scaled_dot_product_attention(Any recording, int site, Tensor query, Tensor key, Tensor value, "
    "Tensor? attn_mask, bool is_causal, float? scale, bool enable_gqa) -> Tensor";
constexpr const char* kCaptureNative =
    "attnviz::native_multi_head_attention(Any recording, int site, Tensor query, Tensor key, Tensor value, "
    "int embed_dim, int num_head, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, "
    "Tensor? mask, bool need_weights, bool average_attn_weights, int? mask_type) -> (Tensor, Tensor)";
constexpr const char* kCaptureEncoderLayer =
    "attnviz::transformer_encoder_layer(Any recording, int site, Tensor src, int embed_dim, int num_heads, "
    "Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool "
    "norm_first, "
    "float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, "
    "Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask, "
    "int? mask_type) -> Tensor";

/// Arguments of scaled_dot_product_attention; leading axes of all tensors broadcast.
struct SdpaArguments {
  at::Tensor query;  ///< [..., queries, width]
  at::Tensor key;    ///< [..., keys, width]
  at::Tensor value;  ///< [..., keys, value width]
  at::Tensor mask;   ///< Undefined: none.
  bool causal = false;
  std::optional<double> scale;
  bool grouped = false;  ///< Fewer heads in key and value, each shared by consecutive query heads.
};

/// The output of scaled_dot_product_attention [..., queries, value width], in tiles. With a recording, the
/// weights go there, as those of `site`; every leading axis but the heads must be 1 then.
at::Tensor sdpa(const SdpaArguments& arguments, Recording* recording, std::size_t site);

/// Operations for the four schemas above.
void run_capture_weights(torch::jit::Stack& stack);
void run_capture_sdpa(torch::jit::Stack& stack);
void run_capture_native(torch::jit::Stack& stack);
void run_capture_encoder_layer(torch::jit::Stack& stack);

}  // namespace attnviz
