#include "model/checkpoint_config.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "checkpoint/hf_folder.h"
#include "model/file_type.h"

namespace sheepop {
namespace {

std::string_view ModelTypeOf(const HfFolder& folder) {
  const boost::json::value* type = folder.config.if_contains("model_type");
  if (!type || !type->is_string()) throw Error(ErrorCategory::kCorrupt, "config.json has no model_type");
  return type->get_string();
}

std::string_view FormOf(const Checkpoint& checkpoint) { return checkpoint.gguf() ? "metadata" : "config.json:"; }

// More positions than any machine holds are a mistake in the file, which is not found out by trying.
void BoundContext(size_t context, ModelConfig& config) {
  if (config.context <= kMostContext) return;
  if (context == 0) {
    throw Error(ErrorCategory::kUnsupported,
                "the model states a context of {} positions, at most {} can be used: give --context", config.context,
                kMostContext);
  }
  config.context = kMostContext;
}

void WarnOfFileType(const Checkpoint& checkpoint, std::vector<Warning>& warnings) {
  constexpr const char* kKey = "general.file_type";
  const auto stated = checkpoint.gguf() ? checkpoint.gguf()->metadata().Int(kKey) : std::nullopt;
  const auto type = stated ? TypeOfFileType(*stated) : std::nullopt;
  if (!type) return;
  if (std::ranges::find(checkpoint.tensors().tensors(), *type, &TensorInfo::type) !=
      checkpoint.tensors().tensors().end()) {
    return;
  }
  warnings.push_back(
      {"file_type", kKey, std::to_string(*stated),
       fmt::format("metadata {} is {}, which stands for {}: no tensor has that type, each is read as its "
                   "own entry says",
                   kKey, *stated, Info(*type).name)});
}

ModelConfig Read(const Checkpoint& checkpoint, size_t context) {
  std::vector<Warning> warnings;
  for (const KeyReport& report : TableReports(checkpoint)) {
    if (report.treatment == KeyTreatment::kRefused) {
      throw Error(ErrorCategory::kUnsupported, "{} {} is {}, {}", FormOf(checkpoint), report.key, report.value,
                  report.why);
    }
    if (report.treatment != KeyTreatment::kUnknown) continue;
    const std::string form = report.file.empty() ? std::string(FormOf(checkpoint)) : report.file + ":";
    warnings.push_back({"unknown_key", report.key, report.value,
                        fmt::format("{} {} is {}: {}", form, report.key, report.value, report.why)});
  }
  WarnOfFileType(checkpoint, warnings);
  ModelConfig config = ReadFamily(checkpoint, {context});
  config.warnings.insert(config.warnings.begin(), warnings.begin(), warnings.end());
  BoundContext(context, config);
  Validate(config);
  return config;
}

}  // namespace

const Architecture& ArchitectureOf(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    return ArchitectureByName(gguf->metadata().RequireString("general.architecture"));
  }
  return ArchitectureByHfType(ModelTypeOf(*checkpoint.hf()));
}

const HfType& HfTypeOf(const HfFolder& folder) { return HfTypeByName(ModelTypeOf(folder)); }

ModelConfig ReadFamily(const Checkpoint& checkpoint, const ConfigOptions& options) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  if (const GgufFile* gguf = checkpoint.gguf()) {
    return architecture.from_gguf(gguf->metadata(), checkpoint.tensors(), options);
  }
  return architecture.from_hf(checkpoint.hf()->config, checkpoint.tensors(), options);
}

ModelConfig ConfigOf(const Checkpoint& checkpoint, size_t context) {
  const std::string path = checkpoint.path().string();
  try {
    ModelConfig config = Read(checkpoint, context);
    for (Warning& warning : config.warnings) warning.line = fmt::format("{}: {}", path, warning.line);
    return config;
  } catch (const Error& error) {
    throw Error(error.category(), fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace sheepop
