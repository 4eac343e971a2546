// A model in training to and from files: GGUF that llama.cpp loads, with optimiser state and the run's record as extra
// tensors and metadata when it is a checkpoint.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/metadata.h"
#include "model/config.h"
#include "train/parameter_store.h"

namespace sheepop {

// The metadata keys of a configuration that training makes: its rotary frequencies are those of a base alone.
void SetConfig(const ModelConfig& config, Metadata& metadata);

struct ExtraTensor {
  std::string name;
  std::span<const float> values;
};

// What a model that is continued passes on besides its weights: its own configuration keys, and the tensors that
// belong to no parameter (factors of rotary frequencies), so that what is written is the same model with other weights.
struct SourceModel {
  struct Tensor {
    std::string name;
    std::vector<float> values;
  };
  Metadata metadata;  // without tokenizer.* and without what tells the type of the old weights
  std::vector<Tensor> tensors;
};

// Throws kUnsupported for what is no GGUF file.
SourceModel ReadSource(const Checkpoint& checkpoint);

// Weights in fp32 under their GGUF names, then the extra tensors [n], then where wanted a digest of them all. Written to a temporary file, synced, renamed.
// Throws kIo; the old file is then untouched.
void WriteModelFile(const std::filesystem::path& path, const ModelConfig& config, const ParameterStore& parameters,
                    const Metadata& metadata, std::span<const ExtraTensor> extra = {}, bool digest = false);

// The configuration that a file or folder holds. Throws kUnsupported for what cannot be trained.
ModelConfig ReadConfig(const Checkpoint& checkpoint);

// Every parameter, dequantised to fp32. Throws kCorrupt, naming the tensor, when one is missing or has another shape.
void ReadWeights(const Checkpoint& checkpoint, const ModelConfig& config, ParameterStore& parameters);

// One extra tensor. Throws kCorrupt when it is missing or has another size.
void ReadExtra(const Checkpoint& checkpoint, const std::string& name, std::span<float> out);

}  // namespace sheepop
