#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/sha256.h"
#include "checkpoint/gguf_writer.h"
#include "tokenize/tokenizer_source.h"
#include "train/model_file.h"
#include "train/trainer.h"

namespace sheepop {
namespace {

using Type = Metadata::GgufType;

constexpr std::string_view kOptionPrefix = "sheepop.train.option.";
constexpr const char* kStepKey = "sheepop.train.step";
constexpr const char* kCorpusKey = "sheepop.train.corpus";
constexpr const char* kDocumentsKey = "sheepop.train.documents";
constexpr const char* kTokenizerKey = "sheepop.train.tokenizer";
constexpr const char* kFirstMoment = "sheepop.first_moment";
constexpr const char* kSecondMoment = "sheepop.second_moment";

const Metadata& MetadataOf(const Checkpoint& checkpoint) {
  if (!checkpoint.gguf()) {
    throw Error(ErrorCategory::kUnsupported, "{} is no training checkpoint", checkpoint.path().string());
  }
  return checkpoint.gguf()->metadata();
}

// SHA-256, in hexadecimal, of every token and of which are learned.
std::string FingerprintOf(const TokenDocuments& documents) {
  constexpr size_t kChunk = 65536;
  Sha256 hash;
  std::vector<Token> tokens;
  const auto add = [&](const void* data, size_t bytes) { hash.Update({static_cast<const char*>(data), bytes}); };
  for (size_t i = 0; i < documents.count(); ++i) {
    const uint64_t size = documents.size(i);
    const std::span<const uint8_t> learned = documents.learned(i);
    add(&size, sizeof size);
    for (uint64_t begin = 0; begin < size; begin += tokens.size()) {
      tokens.resize(std::min<uint64_t>(kChunk, size - begin));
      documents.Copy(i, begin, tokens);
      add(tokens.data(), tokens.size() * sizeof(Token));
    }
    add(learned.data(), learned.size());
  }
  return hash.Hex();
}

std::string CheckpointName(int64_t step) { return fmt::format("checkpoint-{:010}.gguf", step); }

std::vector<std::filesystem::path> Checkpoints(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint-") && name.ends_with(".gguf")) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

Metadata Trainer::FileMetadata() const {
  Metadata metadata;
  if (run_.source.metadata.entries().empty()) {
    SetConfig(run_.config, metadata);
  } else {
    metadata = run_.source.metadata;
    // It may have learned more positions than its file says.
    metadata.Set(run_.config.architecture + ".context_length", Type::kUint32,
                 static_cast<uint64_t>(run_.config.context));
  }
  for (const Metadata::Entry& entry : run_.vocabulary.entries()) metadata.Set(entry.key, entry.type, entry.value);
  return metadata;
}

std::vector<ExtraTensor> Trainer::SourceTensors() const {
  std::vector<ExtraTensor> extra;
  for (const SourceModel::Tensor& tensor : run_.source.tensors) extra.push_back({tensor.name, tensor.values});
  return extra;
}

void Trainer::WriteModel(const std::filesystem::path& path) const {
  WriteModelFile(path, run_.config, parameters_, FileMetadata(), SourceTensors());
}

const std::string& Trainer::CorpusFingerprint() const {
  if (corpus_.empty()) corpus_ = FingerprintOf(*run_.documents);
  return corpus_;
}

std::filesystem::path Trainer::WriteCheckpoint() {
  Metadata metadata = FileMetadata();
  metadata.Set(kCorpusKey, Type::kString, CorpusFingerprint());
  metadata.Set(kDocumentsKey, Type::kUint64, uint64_t{run_.documents->count()});
  metadata.Set(kTokenizerKey, Type::kString, TokenizerFingerprint(run_.vocabulary));
  metadata.Set(kStepKey, Type::kInt64, step_);
  metadata.Set("sheepop.train.seconds", Type::kFloat64, seconds_);
  metadata.Set("sheepop.train.recent_loss", Type::kFloat64, recent_loss_);
  metadata.Set("sheepop.train.recent_steps", Type::kInt64, recent_steps_);
  for (const OptionRow& row : kTrainRows) {
    metadata.Set(std::string(kOptionPrefix) + std::string(row.name), Type::kString, kTrainTable.Get(run_.options, row));
  }
  curve_.Save(metadata);
  std::vector<ExtraTensor> extra = SourceTensors();
  extra.push_back({kFirstMoment, optimizer_.first()});
  extra.push_back({kSecondMoment, optimizer_.second()});
  const std::filesystem::path path = run_.folder / CheckpointName(step_);
  WriteModelFile(path, run_.config, parameters_, metadata, extra, true);
  WriteRecords();
  DropOldCheckpoints();
  return path;
}

void Trainer::WriteRecords() const {
  curve_.WriteJsonLines(run_.folder / "metrics.jsonl");
  const Plot plot = DrawLoss(curve_, run_.name, run_.beside);
  const auto write = [&](const char* name, const std::string& bytes) {
    FileWriter writer(run_.folder / name);
    writer.Write(bytes);
    writer.Commit();
  };
  write("loss.svg", plot.Svg());
  write("loss.png", plot.Png());
}

// Those of later steps are of the run in whose place this one began anew.
void Trainer::DropOldCheckpoints() const {
  std::vector<std::filesystem::path> all = Checkpoints(run_.folder);
  for (; !all.empty() && all.back().filename() > CheckpointName(step_); all.pop_back()) {
    std::filesystem::remove(all.back());
  }
  const auto keep = static_cast<size_t>(run_.options.keep);
  for (size_t i = 0; i + keep < all.size(); ++i) std::filesystem::remove(all[i]);
}

std::optional<std::filesystem::path> Trainer::LatestCheckpoint(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> all = Checkpoints(folder);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

TrainOptions Trainer::OptionsOf(const Checkpoint& checkpoint) {
  TrainOptions options;
  for (const OptionRow& row : kTrainRows) {
    const std::string* text = MetadataOf(checkpoint).String(std::string(kOptionPrefix) + std::string(row.name));
    if (!text) {
      throw Error(ErrorCategory::kCorrupt, "{}: no option {}: this is a model, not a training checkpoint",
                  checkpoint.path().string(), row.name);
    }
    kTrainTable.Set(options, row, *text);
  }
  return options;
}

std::optional<TrainOptions> Trainer::OptionsOfRun(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> all = Checkpoints(folder);
  for (size_t i = all.size(); i-- > 0;) {
    try {
      return OptionsOf(Checkpoint::Open(all[i]));
    } catch (const Error& error) {
      if (error.category() != ErrorCategory::kCorrupt) throw;  // ResumeLatest tells of the damaged ones
    }
  }
  return std::nullopt;
}

void Trainer::RequireSameSource(const Checkpoint& checkpoint) const {
  const Metadata& metadata = MetadataOf(checkpoint);
  const std::string* tokenizer = metadata.String(kTokenizerKey);
  const std::string* corpus = metadata.String(kCorpusKey);
  if (tokenizer && *tokenizer != TokenizerFingerprint(run_.vocabulary)) {
    throw Error(ErrorCategory::kUnsupported,
                "{} was learned with another tokenizer than this run's, its numbers stand for other tokens: give that "
                "tokenizer (where "
                "none is given, it is made of the corpus, which then changed), or --restart to begin anew",
                checkpoint.path().string());
  }
  if (!corpus || *corpus == CorpusFingerprint()) return;
  const int64_t step = metadata.RequireInt(kStepKey);
  throw Error(
      ErrorCategory::kUnsupported,
      "{} was learned from another corpus (of {} documents, this one has {}), {}: --from a model of that run, with "
      "another -o, learns on from this corpus; --restart begins anew",
      checkpoint.path().string(), metadata.Int(kDocumentsKey).value_or(0), run_.documents->count(),
      step >= run_.options.steps ? fmt::format("and is finished after its {} steps", step)
                                 : fmt::format("and stopped after step {} of {}", step, run_.options.steps));
}

std::optional<std::filesystem::path> Trainer::ResumeLatest(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> all = Checkpoints(folder);
  const bool any = !all.empty();
  for (; !all.empty(); all.pop_back()) {
    const std::filesystem::path& path = all.back();
    try {
      const Checkpoint checkpoint = Checkpoint::Open(path);
      RequireDigest(checkpoint);
      Resume(checkpoint);
      return path;
    } catch (const Error& error) {
      if (error.category() != ErrorCategory::kCorrupt) throw;
      std::filesystem::path aside = path;
      aside += ".damaged";
      std::error_code ignored;
      std::filesystem::rename(path, aside, ignored);
      listener_.OnWarning(
          {"damaged_checkpoint", path.string(), "",
           fmt::format("{}; it is now {}, and the one before it is tried", error.what(), aside.filename().string())});
    }
  }
  if (!any) return std::nullopt;
  throw Error(ErrorCategory::kCorrupt, "{} holds no checkpoint that can be read; --restart begins anew",
              folder.string());
}

void Trainer::Resume(const Checkpoint& checkpoint) {
  const TrainOptions then = OptionsOf(checkpoint);
  for (const OptionRow& row : kTrainRows) {
    if (row.traits.fingerprint && kTrainTable.Get(then, row) != kTrainTable.Get(run_.options, row)) {
      throw Error(ErrorCategory::kInvalidArgument,
                  "{} is {}, the checkpoint's run has {}: a resumed run keeps its options; --restart begins anew",
                  row.long_flag(), kTrainTable.Get(run_.options, row), kTrainTable.Get(then, row));
    }
  }
  RequireSameSource(checkpoint);
  const Metadata& metadata = MetadataOf(checkpoint);
  ReadWeights(checkpoint, run_.config, parameters_);
  ReadExtra(checkpoint, kFirstMoment, optimizer_.first());
  ReadExtra(checkpoint, kSecondMoment, optimizer_.second());
  curve_ = Curve::Load(metadata);
  step_ = metadata.RequireInt(kStepKey);
  seconds_ = metadata.RequireFloat("sheepop.train.seconds");
  recent_loss_ = metadata.RequireFloat("sheepop.train.recent_loss");
  recent_steps_ = metadata.RequireInt("sheepop.train.recent_steps");
  network_->PackWeights();
}

}  // namespace sheepop
