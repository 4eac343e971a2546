// sheepop convert: a GGUF file to another element type, or to a Hugging Face folder.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file_writer.h"
#include "cli/command.h"
#include "cli/model_flags.h"
#include "model/convert.h"
#include "tokenize/tokenizer_json_writer.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kShardBytes = 5'000'000'000;

void WriteText(const fs::path& path, std::string_view text) {
  FileWriter file(path);
  file.Write(text);
  file.Commit();
}

class Convert final : public Command {
 public:
  void Register(CLI::App& app) override {
    app.add_option("input", input_, "a GGUF file")->required()->type_name("IN");
    app.add_option("-o,--output", output_, "what to write: a name ending in .gguf, else a new Hugging Face folder")
        ->required()
        ->type_name("OUT");
    app.add_option("--type", type_, "of matrices: f32, f16, bf16, q8_0, q4_0, q4_1, q4_k or q6_k (default: as they are)")
        ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q4_k", "q6_k"}))
        ->type_name("TYPE");
  }

  int Run(Console& console) override {
    const Checkpoint checkpoint = Checkpoint::Open(FindModel(input_));
    if (!checkpoint.gguf()) {
      throw Error(ErrorCategory::kUnsupported, "{} is a Hugging Face folder; only GGUF files can be converted", input_);
    }
    const bool gguf = fs::path(output_).extension() == ".gguf";
    const auto type = type_.empty() ? std::nullopt : DTypeFromName(type_);
    const Conversion conversion(checkpoint, gguf ? Conversion::Form::kGguf : Conversion::Form::kFolder, type);
    for (const std::string& note : conversion.notes()) console.Note(note);
    ThreadPool pool(PhysicalCores());
    const ConvertProgress progress = [&](const std::string& tensor, size_t done, size_t all) {
      console.Progress(fmt::format("{}/{} {}", done + 1, all, tensor));
    };
    if (gguf) {
      Metadata metadata = checkpoint.gguf()->metadata();
      for (const Metadata::Entry& entry : conversion.metadata().entries()) metadata.Set(entry.key, entry.type, entry.value);
      conversion.WriteGguf(output_, metadata, pool, progress);
    } else {
      WriteFolder(checkpoint.gguf()->metadata(), conversion, pool, progress);
    }
    console.Progress("");
    if (console.json) console.PrintJson(boost::json::object{{"output", output_}});
    return 0;
  }

 private:
  void WriteFolder(const Metadata& metadata, const Conversion& conversion, ThreadPool& pool,
                   const ConvertProgress& progress) const {
    const fs::path output(output_);
    if (fs::exists(output) && !(fs::is_directory(output) && fs::is_empty(output))) {
      throw Error(ErrorCategory::kInvalidArgument, "{} exists already and is no empty folder; name another", output_);
    }
    const std::string tokenizer = TokenizerJson(metadata), tokenizer_config = TokenizerConfigJson(metadata);
    const fs::path temporary = output_ + ".partial-" + std::to_string(::getpid());
    fs::create_directories(temporary);
    try {
      WriteText(temporary / "tokenizer.json", tokenizer);
      WriteText(temporary / "tokenizer_config.json", tokenizer_config);
      boost::json::object config = conversion.hf_config(), generation;
      for (const char* name : {"bos", "eos"}) {
        const auto id = metadata.Int(fmt::format("tokenizer.ggml.{}_token_id", name));
        if (id && *id >= 0) generation[fmt::format("{}_token_id", name)] = *id;
      }
      for (const auto& [key, value] : generation) config[key] = value;
      WriteText(temporary / "config.json", boost::json::serialize(config) + "\n");
      WriteText(temporary / "generation_config.json", boost::json::serialize(generation) + "\n");
      conversion.WriteSafetensors(temporary, kShardBytes, pool, progress);
      fs::rename(temporary, output);
    } catch (...) {
      std::error_code ignored;
      fs::remove_all(temporary, ignored);
      throw;
    }
  }

  std::string input_, output_, type_;
};

}  // namespace

std::unique_ptr<Command> MakeConvert() { return std::make_unique<Convert>(); }

}  // namespace sheepop::cli
