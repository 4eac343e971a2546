#include "ingest/ingest.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>

#include "base/cpu.h"
#include "base/error.h"
#include "base/folder_lock.h"
#include "base/utf8.h"
#include "ingest/compare/comparison.h"
#include "ingest/converters.h"
#include "ingest/corpus_writer.h"
#include "ingest/file_index.h"
#include "ingest/name_table.h"
#include "ingest/part_store.h"
#include "ingest/readers/reader.h"
#include "ingest/record_sink.h"
#include "ingest/sources.h"

namespace sheepop {
namespace {

using Stage = IngestProgress::Stage;

class Progress {
 public:
  explicit Progress(ProgressSink* sink) : sink_(sink) {}

  void Begin(Stage stage, uint64_t files, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    state_ = {};
    state_.stage = stage;
    state_.files_total = files;
    state_.bytes_total = bytes;
    begin_ = Clock::now();
    Show(true);
  }

  void Done(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++state_.files_done;
    state_.bytes_done += bytes;
    Show(state_.files_done == state_.files_total);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Show(bool always) {
    const auto now = Clock::now();
    if (!sink_ || (!always && now - shown_ < std::chrono::milliseconds(100))) return;
    shown_ = now;
    state_.seconds = std::chrono::duration<double>(now - begin_).count();
    // A file costs something even when it is empty: a kilobyte's worth.
    const auto cost = [](uint64_t files, uint64_t bytes) { return static_cast<double>(bytes + 1024 * files); };
    const double done = cost(state_.files_done, state_.bytes_done), all = cost(state_.files_total, state_.bytes_total);
    state_.eta_seconds = done > 0 && state_.seconds > 0.5 ? state_.seconds * (all - done) / done : -1;
    sink_->OnProgress(state_);
  }

  ProgressSink* sink_;
  std::mutex mutex_;
  IngestProgress state_;
  Clock::time_point begin_, shown_;
};

void RemoveLeftovers(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().find(".partial-") != std::string::npos) std::filesystem::remove(entry.path());
  }
  std::filesystem::remove_all(folder / ".cache/work");
}

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Reads one file into a part of the store; what failed only for now goes to a part of the work folder.
class FileReader {
 public:
  FileReader(const ReadContext& context, const PartStore& store, FileIndex& index)
      : context_(context), store_(store), index_(index), steps_(BuildCleanSteps(context.options.clean)) {}

  struct Result {
    std::filesystem::path part;
    std::string key;  // "" when the part will not be kept
    bool cached = false;
  };

  Result Read(const FoundFile& file) const {
    const std::string name = BaseName(file.path);
    const std::string known = index_.Find(file.path, file.stamp);
    if (!known.empty()) {
      const std::string key = store_.KeyOf(known, name);
      if (store_.Has(key)) return {store_.PathOf(key), key, true};
    }
    Source source;
    source.name = name;
    try {
      source.blob = Blob::OfFile(file.path);
      source.sha256 = Hash(source.blob);
    } catch (const Error& error) {
      return Failed(std::move(source), error.what());
    }
    const std::string key = store_.KeyOf(source.sha256, name);
    const Blob blob = source.blob;
    const std::string sha256 = source.sha256;
    if (!store_.Has(key)) {
      PartWriter writer = store_.Write(key, context_.work);
      RecordSink sink(context_.options, steps_, &writer);
      ReadInput(source, context_, sink);
      if (sink.records() == 0) sink.Drop(NewDocument(source), "no_text", "holds no documents");
      if (!blob.Unchanged()) return Failed(std::move(source), "changed while it was read; the next run reads it again");
      if (sink.transient()) return {writer.CommitAside(context_.work), "", false};
      writer.Commit();
    }
    index_.Add(file.path, blob.stamp(), sha256);
    return {store_.PathOf(key), key, false};
  }

 private:
  static std::string Hash(const Blob& blob) {
    Sha256 hash;
    blob.ForEachPiece([&](std::string_view piece) {
      hash.Update(piece);
      return true;
    });
    return hash.Hex();
  }

  Result Failed(Source source, const std::string& reason) const {
    source.sniffed.kind = DocumentKind::kUnsupported;
    PartWriter writer("", context_.work.NewPath("part"));
    RecordSink sink(context_.options, steps_, &writer);
    sink.Fail(NewDocument(source), kReadStep, reason, true);
    return {writer.CommitAside(context_.work), "", false};
  }

  const ReadContext& context_;
  const PartStore& store_;
  FileIndex& index_;
  CleanSteps steps_;
};

// The parts of a corpus in its order, after reading.
struct Parts {
  std::vector<FoundFile> files;
  std::vector<std::filesystem::path> paths;
};

void Compare(const Parts& parts, Comparison& comparison, Progress& progress) {
  progress.Begin(Stage::kComparing, 2 * parts.paths.size(), 0);
  Fingerprint print;
  uint64_t document = 0;
  for (const auto& path : parts.paths) {
    for (PrintReader reader(path); reader.Next(print);) comparison.AddDocument(document++, print);
    progress.Done(0);
  }
  comparison.FinishDocuments();
  document = 0;
  for (const auto& path : parts.paths) {
    for (PrintReader reader(path); reader.Next(print);) comparison.AddParts(document++, print);
    progress.Done(0);
  }
  comparison.FinishParts();
}

// Takes repeated documents and paragraphs out and hands everything to the writer.
class Finisher {
 public:
  Finisher(Comparison& comparison, CorpusWriter& writer, WorkFolder& work)
      : comparison_(comparison), writer_(writer), names_(work) {}

  void Add(const std::string& path, PartRecord record) {
    const std::string source = SourceName(path, record.document.member);
    if (record.fate == DocumentFate::kTaken) {
      names_.Add(source);
      if (const auto duplicate = comparison_.DuplicateOf(document_)) {
        DropDuplicate(record, *duplicate);
      } else {
        TellPassages(source, record.document.text);
        RemoveParagraphs(record);
      }
      ++document_;
    }
    writer_.Add(source, record);
  }

 private:
  void DropDuplicate(PartRecord& record, const Comparison::Duplicate& duplicate) {
    record.fate = DocumentFate::kDropped;
    record.step = duplicate.exact ? "exact_duplicates" : "near_duplicates";
    record.reason =
        (duplicate.exact ? "the same text as " : "nearly the same text as ") + names_.Get(duplicate.original);
    ++(duplicate.exact ? writer_.report().exact_duplicates : writer_.report().near_duplicates);
  }

  void RemoveParagraphs(PartRecord& record) {
    const auto repeated = comparison_.RepeatedParagraphs(document_);
    if (repeated.empty()) return;
    std::string& text = record.document.text;
    const auto spans = ParagraphSpans(text);
    std::string kept;
    size_t done = 0;
    uint64_t removed = 0;
    IngestReport& report = writer_.report();
    for (const auto& paragraph : repeated) {
      if (paragraph.index >= spans.size()) continue;
      const auto [begin, end] = spans[paragraph.index];
      ++report.duplicate_paragraphs;
      report.duplicate_paragraph_characters += CountCharacters(std::string_view(text).substr(begin, end - begin));
      // With the blank line behind it; the one before it stays.
      kept.append(text, done, begin - done);
      done = paragraph.index + 1 < spans.size() ? spans[paragraph.index + 1].first : text.size();
      ++removed;
    }
    if (removed == 0) return;
    kept.append(text, done, std::string::npos);
    text = std::move(kept);
    record.changes["duplicate_paragraphs"] = removed;
    if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20; })) {
      record.fate = DocumentFate::kDropped;
      record.step = "duplicate_paragraphs";
      record.reason = "all its paragraphs are in earlier documents";
    }
  }

  // The first eighty bytes or so, in one line.
  static std::string Beginning(std::string_view paragraph) {
    paragraph.remove_prefix(std::min(paragraph.find_first_not_of(" \t\n"), paragraph.size()));
    std::string words;
    for (const char c : paragraph.substr(0, 80)) {
      const char shown = c == '\n' || c == '\t' ? ' ' : c;
      if (shown != ' ' || !words.ends_with(' ')) words.push_back(shown);
    }
    words.resize(words.size() - IncompleteUtf8Suffix(words));
    return words;
  }

  // The beginning of the paragraph, if it is near: the first run that agrees is seldom the passage's first.
  static size_t PassageBegin(std::string_view text, size_t run) {
    constexpr size_t kNear = 400;
    const size_t blank = text.substr(0, run).rfind("\n\n");
    const size_t begin = blank == std::string_view::npos ? 0 : blank + 2;
    return run - begin <= kNear ? begin : run;
  }

  // Before anything is taken out, so that the places are those of the text as it was read.
  void TellPassages(const std::string& source, std::string_view text) {
    for (const SharedRuns& shared : comparison_.PassagesOf(document_)) {
      const size_t begin = PassageBegin(text, std::min<size_t>(shared.begin, text.size()));
      const std::string_view passage = text.substr(begin, shared.end - begin);
      writer_.report().shared_passages.push_back(
          {names_.Get(shared.earlier), source, CountCharacters(passage), Beginning(passage)});
    }
  }

  Comparison& comparison_;
  CorpusWriter& writer_;
  NameTable names_;
  uint64_t document_ = 0;
};

PartRecord RecordOf(const SkippedInput& skipped) {
  PartRecord record;
  record.document.kind = DocumentKind::kUnsupported;
  record.fate = skipped.fate;
  record.step = "find";
  record.reason = skipped.reason;
  return record;
}

IngestReport WriteCorpus(const IngestOptions& options, const Parts& parts, const std::vector<SkippedInput>& skipped,
                         Comparison& comparison, WorkFolder& work, Progress& progress) {
  progress.Begin(Stage::kWriting, parts.paths.size(), 0);
  CorpusWriter writer(options);
  Finisher finisher(comparison, writer, work);
  size_t next_skipped = 0;
  const auto add_skipped = [&](const std::string* until) {
    for (; next_skipped < skipped.size() && (!until || skipped[next_skipped].path < *until); ++next_skipped) {
      finisher.Add(DisplayName(skipped[next_skipped].path), RecordOf(skipped[next_skipped]));
    }
  };
  PartRecord record;
  for (size_t i = 0; i < parts.paths.size(); ++i) {
    add_skipped(&parts.files[i].path);
    const std::string path = DisplayName(parts.files[i].path);
    for (PartReader reader(parts.paths[i]); reader.Next(record);) finisher.Add(path, std::move(record));
    progress.Done(0);
  }
  add_skipped(nullptr);
  return writer.Commit();
}

}  // namespace

std::string_view Name(IngestProgress::Stage stage) {
  switch (stage) {
    case Stage::kFinding: return "finding";
    case Stage::kReading: return "reading";
    case Stage::kComparing: return "comparing";
    case Stage::kWriting: return "writing";
  }
  return "";
}

IngestReport Ingest(const IngestOptions& options, ProgressSink* sink) {
  Validate(options);
  const std::filesystem::path cache = options.output / ".cache";
  const FolderLock lock(options.output);
  std::filesystem::create_directories(cache);
  RemoveLeftovers(options.output);
  Progress progress(sink);
  progress.Begin(Stage::kFinding, 0, 0);
  FoundSources found = FindSources(options.inputs, options.output);

  WorkFolder work(cache / "work");
  const Converters converters(options);
  const PartStore store(cache / "parts", kIngestTable.Fingerprint(options) + converters.versions());
  FileIndex index(cache / "index");
  TaskPool pool(options.workers > 0 ? options.workers : Processors());
  const ReadContext context{options, converters, pool, work};
  const FileReader reader(context, store, index);

  Parts parts{std::move(found.files), {}};
  parts.paths.resize(parts.files.size());
  std::vector<size_t> order(parts.files.size());  // the largest first: a late one would keep a single worker busy
  uint64_t bytes = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    bytes += parts.files[i].stamp.size;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return parts.files[a].stamp.size > parts.files[b].stamp.size; });
  progress.Begin(Stage::kReading, parts.files.size(), bytes);
  std::mutex mutex;
  std::set<std::string> keys;
  uint64_t cached = 0;
  pool.ForEach(order.size(), [&](size_t n) {
    const size_t i = order[n];
    const FileReader::Result result = reader.Read(parts.files[i]);
    parts.paths[i] = result.part;
    {
      const std::lock_guard guard(mutex);
      if (!result.key.empty()) keys.insert(result.key);
      cached += result.cached;
    }
    progress.Done(parts.files[i].stamp.size);
  });

  Comparison comparison(options, work);
  Compare(parts, comparison, progress);
  IngestReport report = WriteCorpus(options, parts, found.skipped, comparison, work, progress);
  report.files = parts.files.size();
  report.files_from_cache = cached;
  index.Compact(parts.files);
  store.KeepOnly(keys);
  return report;
}

}  // namespace sheepop
