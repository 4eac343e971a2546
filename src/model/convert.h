// A checkpoint to the other form or another element type: which tensors there will be, and their values row by row.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/tensor_spec.h"
#include "model/architecture.h"
#include "model/config.h"

namespace sheepop {

// Called with the tensor that comes next, and how many of all are done.
using ConvertProgress = std::function<void(const std::string& tensor, size_t done, size_t all)>;

// The plan of one conversion. Element types: without `type` each tensor keeps its own, but folders hold F32 for blocks,
// so that nothing is lost. With `type`, matrices get it; vectors and the table of positions stay F32. A 4- or
// 5-bit type leaves the output matrix (the embedding where they are one) at Q8_0, or Q6_K beside K types. Where rows
// are not whole blocks: Q4_K becomes Q5_0, Q5_K Q5_1 and Q6_K Q8_0, and anything else F16.
// Keeps a reference to the checkpoint. Not thread-safe.
class Conversion {
 public:
  enum class Form { kGguf, kFolder };

  // kUnsupported when the form cannot state the model or hold the type; what the readers throw.
  Conversion(const Checkpoint& checkpoint, Form form, std::optional<DType> type);

  const ModelConfig& config() const { return config_; }
  const Metadata& metadata() const { return metadata_; }            // of the GGUF form, without the tokenizer
  boost::json::object hf_config() const;                            // of the folder form, without token ids
  const std::vector<std::string>& notes() const { return notes_; }  // one line for each choice a person should know

  // Of what was written: values that are no numbers.
  const std::vector<Warning>& warnings() const { return warnings_; }

  // `metadata` holds metadata() and the tokenizer.
  void WriteGguf(const std::filesystem::path& path, const Metadata& metadata, ThreadPool& pool,
                 const ConvertProgress& progress) const;
  // model.safetensors in `folder`, or parts of at most `shard_bytes` and their index. Returns the files' names.
  std::vector<std::string> WriteSafetensors(const std::filesystem::path& folder, uint64_t shard_bytes, ThreadPool& pool,
                                            const ConvertProgress& progress) const;

 private:
  struct Piece {
    Parameter parameter;
    Location from, to;
    TensorInfo source;  // what `from` names, or its entry
    float scale = 1;    // of the values of `source`
  };
  struct Target {
    TensorSpec spec;
    std::vector<Piece> pieces;  // by their first row
    std::vector<float> values;  // of what is no parameter
    bool scaled = false;        // the pieces' scales stand in a tensor of their own, not in the values
  };
  void QuantiseNamed(const TensorSpec& spec, std::span<const float> values, std::span<std::byte> out) const;
  template <typename Writer>
  void Write(const Target& target, Writer& writer, ThreadPool& pool) const;

  Location From(const Parameter& parameter) const;
  void AddTarget(const Parameter& parameter, Location to);
  void AddGguf();
  void AddScales();
  void ChooseType(Target& target);
  DType CommonType() const;
  DType Wanted(const Target& target);
  void CheckSource(const Piece& piece) const;
  void CheckResult();
  size_t SourceRow(const Piece& piece, size_t row) const;
  size_t SourceHead(size_t value_head) const;
  // Moves the values of a row, given as bytes of so many a head.
  void ReorderHeads(std::span<std::byte> row, size_t head_bytes) const;
  bool MovesBlocks(const Target& target) const;
  void TellOfSplitBlocks();
  std::vector<float> Entry(const Target& target, size_t entry) const;
  std::vector<float> Part(const Target& target, const Piece& piece) const;
  void Rows(const Piece& piece, bool scaled, size_t begin, size_t rows, float* out) const;

  const Checkpoint& checkpoint_;
  Form form_;
  std::optional<DType> type_;
  const Architecture* architecture_ = nullptr;
  ModelConfig config_;
  Metadata metadata_;
  bool reordered_ =
      false;  // value heads of delta nets stand otherwise in the target: in turn, or those of a key together
  bool repaired_ = false;  // rotary pairs lie otherwise in the target: neighbours, or halves of what is turned
  std::vector<Target> targets_;
  std::set<std::string, std::less<>> source_tensors_;     // that are parameters
  std::map<std::string, size_t, std::less<>> target_of_;  // by the tensor's name
  std::vector<std::string> notes_;
  mutable std::vector<Warning> warnings_;
};

}  // namespace sheepop
