// What layers read of the token itself (per-layer embeddings), and the number that multiplies the stream behind each.
#include <cmath>

#include "model/decoder_pass.h"

namespace sheepop {

// A layer's part is the mean, times sqrt(2), of what a table holds of the token and what a product makes of its embedding.
void DecoderPass::ReadLayerInputs() {
  const size_t width = config_.layer_input, all = config_.layers * width;
  ReadStream();
  const Product product{&weights_.matrix(Role::kLayerInputProjection),
                        nullptr,
                        {work_.layer_inputs_.values(), work_.layer_inputs_.stride(), false}};
  Multiply({&product, 1}, work_.normed_.Input(rows_.size()));
  const float* norm = weights_.vector(Role::kLayerInputNorm);
  ForEachRow(rows_.size(), [&](size_t r) {
    float* inputs = work_.layer_inputs_.row(r);
    kernels_.vector.scale(1 / std::sqrt(static_cast<float>(config_.hidden)), all, inputs);
    std::vector<float> of_token(all);
    weights_.ReadRow(static_cast<size_t>(rows_[r].token), of_token);
    kernels_.vector.scale(std::sqrt(static_cast<float>(width)), all, of_token.data());
    for (float* x = inputs; x < inputs + all; x += width) {
      kernels_.vector.rms_norm(x, norm, width, config_.norm_epsilon, x);
    }
    kernels_.vector.add(of_token.data(), all, inputs);
    kernels_.vector.scale(1 / std::sqrt(2.0F), all, inputs);
  });
}

void DecoderPass::AddLayerInput(size_t layer) {
  const size_t width = config_.layer_input;
  if (width == 0) return;
  ReadStream();
  const Product gate{&weights_.matrix(Role::kLayerInputGate, layer),
                     nullptr,
                     {work_.layer_input_.values(), work_.layer_input_.stride(), false}};
  Multiply({&gate, 1}, work_.normed_.Input(rows_.size()));
  ForEachRow(rows_.size(), [&](size_t r) {
    float* x = work_.layer_input_.row(r);
    Activate(x, work_.layer_inputs_.row(r) + layer * width, width, x);
    work_.layer_input_.Quantise(kernels_.matmul, r);
  });
  const Product output{&weights_.matrix(Role::kLayerInputOutput, layer), nullptr, BranchOutput(Into::kBranch)};
  Multiply({&output, 1}, work_.layer_input_.Input(rows_.size()));
  AddNormedBranch(Role::kPostLayerInputNorm, layer);
}

void DecoderPass::ScaleStream(size_t layer) {
  const float* scale = weights_.vector(Role::kLayerScale, layer);
  if (!scale) return;
  ForEachRow(rows_.size(), [&](size_t r) { kernels_.vector.scale(*scale, config_.hidden, work_.stream_.row(r)); });
}

}  // namespace sheepop
