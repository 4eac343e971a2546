// Where the parameters of a model lie in a checkpoint, under the names that most families share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_source.h"
#include "model/config.h"
#include "model/parameters.h"

namespace sheepop {

// Where one parameter lies.
struct Location {
  std::string tensor;
  bool slice = false;  // only rows [row_begin, row_begin + rows) of a larger tensor (fused q, k, v)
  size_t row_begin = 0;
  bool transposed = false;           // stored [cols, rows]
  float offset = 0;                  // added to every value (a norm's weight stored less 1)
  size_t row_step = 1;               // with a slice; 2: every second row from row_begin on
  bool logarithm = false;            // stored are the logarithms of the values less their sign, which is negative
  std::vector<uint64_t> shape = {};  // of a tensor whose values in order are a vector; empty: it is one
  // The tensor has an axis in front that the parameter has not, of `entries`: all else is said of entry number `entry`.
  size_t entry = 0, entries = 0;  // 0: it has none

  // The tensor's rows [part_begin, part_begin + part_rows) alone: all else, how it is stored too, is said of them.
  size_t part_begin = 0, part_rows = 0;  // 0: all

  size_t row(size_t r) const { return row_begin + r * row_step; }
};

// The entry or the part of the tensor that `location` names, or the whole of it. Throws kCorrupt where it has other entries or
// ends before the part does.
TensorInfo EntryOf(const Location& location, const TensorInfo& tensor);

// Whether products with the parameter may be scaled by a number of their own, which lies in ScaleName: "T.scale" beside
// "T.weight". Tables that are looked up in are not.
bool MayBeScaled(const Parameter& parameter);
std::string ScaleName(const Location& location);
// What products with a matrix are multiplied by, as files of NVFP4 state it: of one number or, where a tensor has entries, of one
// for each. 1 where `scale` is null. Throws kCorrupt where it has another shape or is no number.
float ScaleOf(const Location& location, const TensorInfo* scale);

// A tensor of this shape, whose values in order are the parameter.
Location Flat(std::string tensor, std::vector<uint64_t> shape);

// How a family answers, for one form of checkpoint. `source` may be empty, where a checkpoint is to be written.
using Locate = Location (*)(const ModelConfig&, const Parameter&, const TensorSource& source);

// A parameter under its own GGUF name. Queries, keys and values may be rows of one tensor, attn_qkv, in that order; experts'
// may stand where older files have them, one tensor an expert, and where newer ones do, gate above up.
Location LocateGguf(const ModelConfig&, const Parameter&, const TensorSource&);
// The name under which a folder holds the tensor that a folder of text alone names so ("model.norm.weight"): a model that
// reads images, too, has its language model's under a name of its own. The same where none is there.
std::string NameInHf(const TensorSource&, const std::string& name);
// "model.layers.N.self_attn.q_proj.weight" and so on.
Location LocateHf(const ModelConfig&, const Parameter&, const TensorSource&);

// What a family calls the parts of its mixture in a folder, behind "model.layers.N.".
struct HfExpertNames {
  std::string_view router = "mlp.gate.weight";
  std::string_view choice_bias = "mlp.gate.e_score_correction_bias";
  std::string_view experts = "mlp.experts";  // then ".E.", and ".weight" behind one of these:
  std::string_view gate = "gate_proj", up = "up_proj", down = "down_proj";
  // All experts' in one tensor [experts, rows, cols], gate above up.
  std::string_view gate_up_of_all = "mlp.experts.gate_up_proj", down_of_all = "mlp.experts.down_proj";
  bool together = false;                          // files have no other form
  std::string_view shared = "mlp.shared_expert";  // then ".gate_proj.weight" and so on
  std::string_view shared_input = "mlp.shared_expert_gate.weight";
};
// LocateHf for families with experts: one tensor an expert, or one of all where `source` has that.
Location LocateHfExperts(const HfExpertNames&, const ModelConfig&, const Parameter&, const TensorSource& source);

}  // namespace sheepop
