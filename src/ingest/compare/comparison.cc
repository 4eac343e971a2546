#include "ingest/compare/comparison.h"

#include <algorithm>
#include <map>

namespace sheepop {
namespace {

struct ExactEntry {
  uint64_t hash[2];
  uint64_t document;
  auto operator<=>(const ExactEntry&) const = default;
};

constexpr unsigned kParagraphBits = 24;
constexpr uint64_t kMaxParagraphs = uint64_t{1} << kParagraphBits;

}  // namespace

struct Comparison::State {
  State(const IngestOptions& o, WorkFolder& w) : options(o), work(w) {}

  const IngestOptions& options;
  WorkFolder& work;
  std::unique_ptr<ExternalSorter<ExactEntry>> exact;
  std::unique_ptr<NearDuplicates> documents, paragraphs;
  std::unique_ptr<SharedPassageFinder> finder;
  std::vector<SharedRuns> passages;  // ascending by document
  std::map<uint64_t, Duplicate> duplicates;
  NearDuplicates::Pair next_paragraph{};
  size_t next_equal = 0;
  bool has_next_paragraph = false;

  void NextParagraph() { has_next_paragraph = paragraphs->Next(next_paragraph, next_equal); }
};

Comparison::Comparison(const IngestOptions& options, WorkFolder& work)
    : state_(std::make_unique<State>(options, work)) {
  if (options.exact_duplicates) state_->exact = std::make_unique<ExternalSorter<ExactEntry>>(work);
  if (options.near_duplicates) state_->documents = std::make_unique<NearDuplicates>(work, kDocumentMatch, 0);
}

Comparison::~Comparison() = default;

void Comparison::AddDocument(uint64_t document, const Fingerprint& print) {
  if (state_->exact) state_->exact->Add({{print.exact[0], print.exact[1]}, document});
  if (state_->documents && print.comparable) state_->documents->Add(document, print.bands);
}

void Comparison::FinishDocuments() {
  auto& duplicates = state_->duplicates;
  if (state_->exact) {
    state_->exact->Sort();
    ExactEntry entry{}, first{};
    bool any = false;
    while (state_->exact->Next(entry)) {
      if (any && entry.hash[0] == first.hash[0] && entry.hash[1] == first.hash[1]) {
        duplicates.emplace(entry.document, Duplicate{true, first.document});
      } else {
        first = entry;
        any = true;
      }
    }
    state_->exact.reset();
  }
  if (state_->documents) {
    state_->documents->Finish();
    NearDuplicates::Pair pair{};
    size_t equal = 0;
    // Ascending, so that a document is dropped for one that stays, never for one that is dropped itself.
    while (state_->documents->Next(pair, equal)) {
      if (!duplicates.contains(pair.earlier)) duplicates.emplace(pair.id, Duplicate{false, pair.earlier});
    }
    state_->documents.reset();
  }
  if (state_->options.duplicate_paragraphs) {
    state_->paragraphs = std::make_unique<NearDuplicates>(state_->work, kParagraphMatch, kParagraphBits);
    state_->finder = std::make_unique<SharedPassageFinder>(state_->work);
  }
}

void Comparison::AddParts(uint64_t document, const Fingerprint& print) {
  if (!state_->paragraphs || state_->duplicates.contains(document)) return;
  for (const ParagraphPrint& paragraph : print.paragraphs) {
    if (paragraph.index < kMaxParagraphs)
      state_->paragraphs->Add(document << kParagraphBits | paragraph.index, paragraph.bands);
  }
  state_->finder->Add(document, print.runs);
}

void Comparison::FinishParts() {
  if (!state_->paragraphs) return;
  state_->paragraphs->Finish();
  state_->NextParagraph();
  state_->passages = state_->finder->Finish();
  state_->finder.reset();
}

std::vector<SharedRuns> Comparison::PassagesOf(uint64_t document) const {
  const auto [first, last] = std::ranges::equal_range(state_->passages, document, {}, &SharedRuns::document);
  return {first, last};
}

std::optional<Comparison::Duplicate> Comparison::DuplicateOf(uint64_t document) const {
  const auto found = state_->duplicates.find(document);
  return found == state_->duplicates.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Comparison::RepeatedParagraph> Comparison::RepeatedParagraphs(uint64_t document) {
  std::vector<RepeatedParagraph> repeated;
  while (state_->has_next_paragraph && state_->next_paragraph.id >> kParagraphBits <= document) {
    const NearDuplicates::Pair& pair = state_->next_paragraph;
    const auto index = static_cast<uint32_t>(pair.id & (kMaxParagraphs - 1));
    const bool mine = pair.id >> kParagraphBits == document;
    if (mine && (repeated.empty() || repeated.back().index != index))
      repeated.push_back({index, pair.earlier >> kParagraphBits});
    state_->NextParagraph();
  }
  return repeated;
}

}  // namespace sheepop
