
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/quoted.h"
#include "base/text_file.h"
#include "checkpoint/f8_tensors.h"
#include "checkpoint/mxfp4_tensors.h"
#include "checkpoint/safetensors.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kSingle = "model.safetensors";

std::vector<std::string> FileNames(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

bool AnyStartsWith(const std::vector<std::string>& names, std::string_view prefix) {
  return std::ranges::any_of(names, [&](const std::string& name) { return name.starts_with(prefix); });
}

std::vector<std::string> EndingWith(const std::vector<std::string>& names, std::string_view suffix) {
  std::vector<std::string> out;
  std::ranges::copy_if(names, std::back_inserter(out), [&](const std::string& name) { return name.ends_with(suffix); });
  return out;
}

// The folder holds neither of the files that are read: what it holds instead, and what to do.
[[noreturn]] void ThrowNoWeights(const fs::path& folder) {
  const std::vector<std::string> names = FileNames(folder);
  const std::string path = folder.string();
  if (AnyStartsWith(names, "adapter_model.")) {
    throw Error(ErrorCategory::kUnsupported,
                "{} holds an adapter (adapter_model), not a whole model; merge it into its base model first, with "
                "merge_and_unload() of the peft Python package",
                path);
  }
  if (AnyStartsWith(names, "pytorch_model") || AnyStartsWith(names, "consolidated.00.pth")) {
    throw Error(ErrorCategory::kUnsupported,
                "{} holds pickled PyTorch weights only (.bin or .pth), which can run code when opened; get the model's "
                ".safetensors files, or make them with model.save_pretrained(FOLDER, safe_serialization=True) of the "
                "transformers Python package",
                path);
  }
  if (AnyStartsWith(names, "tf_model.") || AnyStartsWith(names, "flax_model.")) {
    throw Error(ErrorCategory::kUnsupported,
                "{} holds TensorFlow or Flax weights only; get the model's .safetensors files", path);
  }
  if (const auto ggufs = EndingWith(names, ".gguf"); !ggufs.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} holds GGUF models; give the file itself: {}", path,
                fmt::join(ggufs, ", "));
  }
  if (const auto others = EndingWith(names, ".safetensors"); !others.empty()) {
    throw Error(ErrorCategory::kNotFound, "{} has neither {} nor {}, only {}; the index is missing, download it too",
                path, kSingle, kWeightIndex, fmt::join(others, ", "));
  }
  throw Error(ErrorCategory::kNotFound,
              "{} has no weights: neither {} nor {} is there; download them from where the model came from", path,
              kSingle, kWeightIndex);
}

// A name that cannot lead out of the folder.
bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

// Tensor name and file name, as the index lists them.
using WeightMap = std::vector<std::pair<std::string, std::string>>;

WeightMap ReadIndex(const fs::path& path) {
  const std::string name = path.string();
  const json::object index = ParseJsonObject(ReadTextFile(path, "a safetensors index"), name);
  const json::value* map = index.if_contains("weight_map");
  if (!map || !map->is_object() || map->get_object().empty()) {
    throw Error(ErrorCategory::kCorrupt, "{}: \"weight_map\" must be an object that is not empty", name);
  }
  WeightMap out;
  for (const auto& [tensor, file] : map->get_object()) {
    const std::string tensor_name(tensor.data(), tensor.size());
    if (!file.is_string()) {
      throw Error(ErrorCategory::kCorrupt, "{}: \"weight_map\" of tensor {} must be a file name", name,
                  Quoted(tensor_name));
    }
    std::string file_name(file.get_string().data(), file.get_string().size());
    if (!IsPlainFileName(file_name)) {
      throw Error(ErrorCategory::kCorrupt, "{}: \"weight_map\" of tensor {} names {}, which is no file of this folder",
                  name, Quoted(tensor_name), Quoted(file_name));
    }
    out.emplace_back(tensor_name, std::move(file_name));
  }
  return out;
}

bool Holds(const SafetensorsFile& file, std::string_view tensor) {
  return std::ranges::find(file.unreadable(), tensor, &UnreadableTensor::name) != file.unreadable().end() ||
         file.Find(tensor);
}

}  // namespace

SafetensorsFolder SafetensorsFolder::Open(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(ErrorCategory::kNotFound, "{} is no folder", folder.string());
  WeightMap map;
  std::set<std::string> names;
  if (fs::exists(folder / kSingle)) {
    names = {kSingle};
  } else if (fs::exists(folder / kWeightIndex)) {
    map = ReadIndex(folder / kWeightIndex);
    for (const auto& [tensor, file] : map) names.insert(file);
  } else {
    ThrowNoWeights(folder);
  }

  SafetensorsFolder out;
  std::unordered_map<std::string_view, size_t> file_of;
  for (const std::string& name : names) {
    file_of.emplace(name, out.files_.size());
    out.files_.push_back(SafetensorsFile::Open(folder / name));
  }
  for (const auto& [tensor, file] : map) {
    if (!Holds(out.files_[file_of.at(file)], tensor)) {
      throw Error(ErrorCategory::kCorrupt, "{}: tensor {} is not in {}, as \"weight_map\" says",
                  (folder / kWeightIndex).string(), Quoted(tensor), Quoted(file));
    }
  }
  ConvertedTensors converted = ReadF8Tensors(out.files_);
  ConvertedTensors mxfp4 = ReadMxfp4Tensors(out.files_);
  std::vector<size_t> file_of_tensor;
  for (size_t file = 0; file < out.files_.size(); ++file) {
    for (const TensorInfo& tensor : out.files_[file].tensors()) {
      if (converted.consumed.contains(tensor.name)) continue;
      out.tensors_.push_back(tensor);
      file_of_tensor.push_back(file);
    }
  }
  for (ConvertedTensors* form : {&converted, &mxfp4}) {
    out.tensors_.insert(out.tensors_.end(), form->tensors.begin(), form->tensors.end());
    std::ranges::move(form->forms, std::back_inserter(out.forms_));
  }
  file_of_tensor.resize(out.tensors_.size(), kNoFile);
  for (size_t i = 0; i < out.tensors_.size(); ++i) {
    const std::string& name = out.tensors_[i].name;
    if (!out.by_name_.emplace(name, Place{file_of_tensor[i], i}).second) {
      throw Error(ErrorCategory::kCorrupt, "{}: tensor {} appears in two files", folder.string(), Quoted(name));
    }
  }
  return out;
}

const TensorInfo* SafetensorsFolder::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return &tensors_[found->second.tensor];
  for (const SafetensorsFile& file : files_) file.Find(name);  // throws when the tensor is there but unreadable
  return nullptr;
}

void SafetensorsFolder::Release(const TensorInfo& tensor) const {
  if (tensor.form) return tensor.form->Release(tensor.form_begin, tensor.form_size);
  const auto found = by_name_.find(tensor.name);
  if (found != by_name_.end() && found->second.file != kNoFile) files_[found->second.file].Release(tensor);
}

std::shared_ptr<const void> SafetensorsFolder::Hold(const TensorInfo& tensor) const {
  const auto found = by_name_.find(tensor.name);
  if (found == by_name_.end() || found->second.file == kNoFile) return nullptr;
  return files_[found->second.file].Hold(tensor);
}

}  // namespace sheepop
