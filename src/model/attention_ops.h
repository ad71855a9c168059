/// The capturing operators: what runs in place of, or beside, the attention of a model.
#pragma once

#include <torch/script.h>

#include "model/capture_session.h"

namespace attnviz::model {

// Schemas; `session` is the capsule of a CaptureSession, `site` its index.
constexpr const char* kCaptureWeights =
    "attnviz::capture_weights(Any session, int site, Tensor weights) -> ()";
constexpr const char* kCaptureSdpa =
    "attnviz::scaled_dot_product_attention(Any session, int site, Tensor query, Tensor key, Tensor value, "
    "Tensor? attn_mask, bool is_causal, float? scale, bool enable_gqa) -> Tensor";
constexpr const char* kCaptureNative =
    "attnviz::native_multi_head_attention(Any session, int site, Tensor query, Tensor key, Tensor value, "
    "int embed_dim, int num_head, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, "
    "Tensor? mask, bool need_weights, bool average_attn_weights, int? mask_type) -> (Tensor, Tensor)";
constexpr const char* kCaptureEncoderLayer =
    "attnviz::transformer_encoder_layer(Any session, int site, Tensor src, int embed_dim, int num_heads, "
    "Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool "
    "norm_first, "
    "float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, "
    "Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask, "
    "int? mask_type) -> Tensor";

constexpr const char* kNestedFromMask =
    "attnviz::nested_tensor_from_mask(Any session, Tensor t, Tensor mask, bool mask_check) -> Tensor";

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

/// The output of scaled_dot_product_attention [..., queries, value width], in tiles. With a session, the
/// weights go there, as those of `site`; every leading axis but the heads must be 1 then.
at::Tensor sdpa(const SdpaArguments& arguments, CaptureSession* session, std::size_t site);

/// Operations for the schemas above.
void run_capture_weights(torch::jit::Stack& stack);
void run_capture_sdpa(torch::jit::Stack& stack);
void run_capture_native(torch::jit::Stack& stack);
void run_capture_encoder_layer(torch::jit::Stack& stack);
void run_nested_from_mask(torch::jit::Stack& stack);

}  // namespace attnviz::model
