// sheepop convert: GGUF files and Hugging Face folders to each other, and to other element types.
#include "model/convert.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <filesystem>
#include <memory>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file_writer.h"
#include "base/output_path.h"
#include "checkpoint/hf_folder.h"
#include "cli/command.h"
#include "cli/flags/model_flags.h"
#include "hub/models.h"
#include "tokenize/convert_settings.h"
#include "tokenize/tokenizer.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kShardBytes = 5'000'000'000;
constexpr std::string_view kTypes[] = {"f32",  "f16",  "bf16", "q8_0",  "q4_0", "q4_1", "q5_0", "q5_1",
                                       "q4_k", "q5_k", "q6_k", "mxfp4", "q2_0", "q1_0", "tq2_0"};

void WriteText(const fs::path& path, std::string_view text) {
  FileWriter file(path);
  file.Write(text);
  file.Commit();
}

class Convert final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags.Positional("input", input_, "a .gguf file, a Hugging Face folder, or the name of a pulled model")
        .As("IN")
        .Required();
    flags.Value("-o,--output", output_, "what to write: a name ending in .gguf, else a new Hugging Face folder")
        .As("OUT")
        .Required();
    flags
        .Each("--type",
              fmt::format("of matrices: {}; folders hold the first three (default: as they are, blocks as f32 in "
                          "folders)",
                          fmt::join(kTypes, ", ")),
              [this](std::string_view flag, std::string_view text) {
                type_ = ReadChoice(flag, text, fmt::format("{}", fmt::join(kTypes, "|")));
              })
        .As("TYPE")
        .OneOf(fmt::format("{}", fmt::join(kTypes, "|")));
    flags.Switch("--force", force_, "replace the .gguf file of --output when it exists");
  }

  int Run(Console& console) override {
    const fs::path input = FindModel(input_);
    const bool gguf = fs::path(output_).extension() == ".gguf";
    CheckOutput(input, gguf);
    const Checkpoint checkpoint = Checkpoint::Open(input);
    const auto type = type_.empty() ? std::nullopt : DTypeFromName(type_);
    const Conversion conversion(checkpoint, gguf ? Conversion::Form::kGguf : Conversion::Form::kFolder, type);
    for (const Warning& warning : conversion.config().warnings) console.Warn(warning);
    std::vector<std::string> notes = conversion.notes();
    ThreadPool pool(PhysicalCores());
    const ConvertProgress progress = [&](const std::string& tensor, size_t done, size_t all) {
      console.Progress(fmt::format("{}/{} {}", done + 1, all, tensor));
    };
    if (gguf) {
      Metadata metadata = checkpoint.gguf() ? checkpoint.gguf()->metadata()
                                            : GgufSettings(*checkpoint.hf(), conversion.config().vocab, notes);
      for (const Metadata::Entry& entry : conversion.metadata().entries()) {
        metadata.Set(entry.key, entry.type, entry.value);
      }
      const Tokenizer written = Tokenizer::FromGguf(metadata);  // what is written can be read
      for (const Warning& warning : written.Warnings(input.string())) console.Warn(warning);
      conversion.WriteGguf(output_, metadata, pool, progress);
    } else {
      const FolderSettings settings =
          checkpoint.gguf() ? HfSettings(checkpoint.gguf()->metadata()) : HfSettings(*checkpoint.hf());
      WriteFolder(settings, conversion, pool, progress);
    }
    console.Progress("");
    for (const Warning& warning : conversion.warnings()) console.Warn(warning);
    if (console.json) {
      console.PrintJson(boost::json::object{{"output", output_}, {"notes", boost::json::value_from(notes)}});
    } else {
      for (const std::string& note : notes) console.PrintText(note + "\n");
      console.PrintText(fmt::format("{} is written; try: sheepop inspect {}\n", output_, output_));
    }
    return 0;
  }

 private:
  void CheckOutput(const fs::path& input, bool gguf) const {
    const fs::path output(output_);
    std::error_code none;
    RefuseInput(output, input);
    if (gguf && !fs::is_directory(output, none)) return RefuseExisting(output, force_);
    if (!gguf && (!fs::exists(output, none) || (fs::is_directory(output, none) && fs::is_empty(output, none)))) {
      return;
    }
    throw Error(ErrorCategory::kIo, "{} exists already and is {}; name another", output_,
                gguf ? "a folder" : "no empty folder");
  }

  void WriteFolder(const FolderSettings& settings, const Conversion& conversion, ThreadPool& pool,
                   const ConvertProgress& progress) const {
    fs::path output = fs::path(output_).lexically_normal();
    if (!output.has_filename()) output = output.parent_path();
    output = FollowLinks(output);
    const fs::path temporary = fmt::format("{}.partial-{}", output.string(), ::getpid());
    CreateFolder(temporary);
    try {
      for (const auto& [name, text] : settings.files) WriteText(temporary / name, text);
      boost::json::object config = conversion.hf_config();
      for (const auto& [key, value] : settings.ids) config[key] = value;
      WriteText(temporary / "config.json", boost::json::serialize(config) + "\n");
      conversion.WriteSafetensors(temporary, kShardBytes, pool, progress);
      std::error_code failure;
      fs::rename(temporary, output, failure);
      if (failure) throw Error(ErrorCategory::kIo, "cannot write {}: {}", output_, failure.message());
    } catch (...) {
      std::error_code ignored;
      fs::remove_all(temporary, ignored);
      throw Naming(output, temporary, AsError(std::current_exception()));
    }
  }

  // The error with the folder that was asked for, in place of the one that was written to meanwhile.
  static Error Naming(const fs::path& output, const fs::path& temporary, const Error& error) {
    std::string message = error.what();
    if (const size_t at = message.find(temporary.string()); at != std::string::npos) {
      message.replace(at, temporary.string().size(), output.string());
    }
    return Error(error.category(), message);
  }

  static void CreateFolder(const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) throw Error(ErrorCategory::kIo, "cannot make the folder {}: {}", folder.string(), failure.message());
  }

  std::string input_, output_, type_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeConvert() { return std::make_unique<Convert>(); }

}  // namespace sheepop::cli
