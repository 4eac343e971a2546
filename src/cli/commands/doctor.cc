// sheepop doctor: what this machine, and a model on it, will do.
#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/memory.h"
#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/commands/model_summary_text.h"
#include "cli/flags/flag_set.h"
#include "generate/loaded_model.h"
#include "hub/models.h"
#include "ingest/converter_programs.h"
#include "ingest/converters.h"
#include "model/architecture.h"
#include "model/checkpoint_config.h"
#include "model/kv_cache.h"
#include "model/weight_bytes.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

// What a model takes: weights as the kernels hold them, and the cache of one sequence that fills its context.
struct ModelNeeds {
  std::string path;
  size_t weights = 0, cache = 0, context = 0;
  std::vector<Warning> warnings;
};

ModelNeeds NeedsOf(const Checkpoint& checkpoint) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  const ModelConfig config = ConfigOf(checkpoint);
  ModelNeeds needs;
  needs.path = checkpoint.path().string();
  needs.weights =
      WeightBytes(config, checkpoint.tensors(), checkpoint.gguf() ? architecture.locate_gguf : architecture.locate_hf);
  needs.context = config.context;
  needs.cache = KvShapeOf(config, kernel::KvType::kF16).BytesPerPosition() * config.context;
  const auto tokenizer = TokenizerOf(checkpoint);
  RequireRows(*tokenizer, config.vocab, needs.path);
  needs.warnings = config.warnings;
  for (Warning& warning : tokenizer->Warnings(needs.path)) needs.warnings.push_back(std::move(warning));
  if (!ChatTemplateOf(checkpoint)) {
    needs.warnings.push_back({"no_chat_template", needs.path, "",
                              fmt::format("{} has no chat template: chat needs --template FILE", needs.path)});
  }
  if (const size_t free = AvailableMemory(); free > 0 && needs.weights + needs.cache > free) {
    needs.warnings.push_back(
        {"memory", needs.path, std::to_string(needs.weights + needs.cache),
         fmt::format("{} needs {} with its whole context of {} positions, {} are free: a smaller --context{}",
                     needs.path, BytesText(needs.weights + needs.cache), needs.context, BytesText(free),
                     needs.weights > free ? ", and a smaller model or weight type, too" : "")});
  }
  return needs;
}

class Doctor final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags
        .Positional("model", model_,
                    "a .gguf file, a Hugging Face folder, or the name of a pulled model (default: none)")
        .As("MODEL");
  }

  int Run(Console& console) override {
    const std::vector<ConverterProgram> programs = ConverterPrograms();
    const Converters converters{IngestOptions()};
    std::optional<ModelNeeds> needs;
    if (!model_.empty()) needs = NeedsOf(Checkpoint::Open(FindModel(model_)));
    for (const ConverterProgram& program : programs) {
      if (program.found) continue;
      console.Warn({"missing_program", program.name, program.package,
                    fmt::format("{} is not installed, so that ingest fails on documents that need it: apt install {}",
                                program.name, program.package)});
    }
    if (needs) {
      for (const Warning& warning : needs->warnings) console.Warn(warning);
    }
    console.json ? console.PrintJson(ToJson(programs, converters, needs))
                 : console.PrintText(ToText(programs, converters, needs));
    return 0;
  }

 private:
  static json::object ToJson(const std::vector<ConverterProgram>& programs, const Converters& converters,
                             const std::optional<ModelNeeds>& needs) {
    json::array isas, found;
    for (const Isa isa : AvailableIsas()) isas.emplace_back(Name(isa));
    for (const ConverterProgram& program : programs) {
      found.push_back({{"program", program.name}, {"package", program.package}, {"found", program.found}});
    }
    json::object out{
        {"machine",
         {{"isa", Name(AvailableIsas().back())},
          {"isas", std::move(isas)},
          {"cores", PhysicalCores()},
          {"memory_bytes", TotalMemory()},
          {"free_bytes", AvailableMemory()}}},
        {"converters", std::move(found)},
        {"ocr_languages", json::array(converters.ocr_languages().begin(), converters.ocr_languages().end())}};
    json::array families;
    for (const Architecture* family : AllArchitectures()) {
      json::array types;
      for (const HfType& type : family->hf_types) types.emplace_back(type.model_type);
      families.push_back(
          {{"architecture", family->name}, {"models", family->models}, {"model_types", std::move(types)}});
    }
    out["families"] = std::move(families);
    if (needs) {
      out["model"] = {{"path", needs->path},
                      {"weight_bytes", needs->weights},
                      {"cache_bytes", needs->cache},
                      {"context", needs->context}};
    }
    return out;
  }

  static std::string ToText(const std::vector<ConverterProgram>& programs, const Converters& converters,
                            const std::optional<ModelNeeds>& needs) {
    std::vector<std::string> isas, found, missing;
    for (const Isa isa : AvailableIsas()) isas.emplace_back(Name(isa));
    for (const ConverterProgram& program : programs) (program.found ? found : missing).push_back(program.name);
    std::string out =
        fmt::format("kernels     {} (of {})\ncores       {}\nmemory      {}, {} free\n", isas.back(),
                    fmt::join(isas, ", "), PhysicalCores(), BytesText(TotalMemory()), BytesText(AvailableMemory()));
    out += fmt::format("converters  {}\n", fmt::join(found, ", "));
    if (!missing.empty()) out += fmt::format("missing     {}\n", fmt::join(missing, ", "));
    std::vector<std::string_view> families;
    for (const Architecture* family : AllArchitectures()) families.push_back(family->name);
    out += fmt::format("families    {}\n", fmt::join(families, ", "));
    out += fmt::format("OCR reads   {}\n", fmt::join(converters.ocr_languages(), ", "));
    if (needs) {
      out += fmt::format("model       {}: {} of weights, {} for a context of {} positions\n", needs->path,
                         BytesText(needs->weights), BytesText(needs->cache), needs->context);
    }
    return out;
  }

  std::string model_;
};

}  // namespace

std::unique_ptr<Command> MakeDoctor() { return std::make_unique<Doctor>(); }

}  // namespace sheepop::cli
