#include "data/held_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text_file.h"
#include "data/corpus_reader.h"
#include "data/folded_words.h"
#include "data/shared_passages.h"

namespace sheepop {
namespace {

// Which of the documents that it is asked about are held out.
class Choice {
 public:
  Choice(const std::string& input, const HeldOut& held_out)
      : input_(input), held_out_(held_out), fits_(held_out.names.size()) {}

  bool Holds(const std::string& id, const std::string& source, std::string_view text) {
    ++documents_;
    const std::string name = id.empty() ? source : id + " " + source;
    bool held = held_out_.names.empty() && DrawnToHoldOut(text, held_out_.share);
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (name.find(held_out_.names[i]) == std::string_view::npos) continue;
      fits_[i] = held = true;
    }
    learned_ += !held;
    return held;
  }

  void Check() const {
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (fits_[i]) continue;
      throw Error(ErrorCategory::kInvalidArgument,
                  "--held-out {} fits none of the {} documents of {}; of a corpus, `sheepop corpus search` and its "
                  "report.json name them; of a single text, --held-out-share holds out the end",
                  held_out_.names[i], documents_, input_);
    }
    if (learned_ > 0 || held_out_.names.empty()) return;
    throw Error(ErrorCategory::kInvalidArgument,
                "--held-out {} leaves nothing to learn of the {} documents of {}; name fewer, or give --held-out-share",
                fmt::join(held_out_.names, " "), documents_, input_);
  }

 private:
  const std::string& input_;
  const HeldOut& held_out_;
  std::vector<bool> fits_;
  size_t documents_ = 0, learned_ = 0;
};

using TakeDocument = std::function<void(size_t number, const CorpusDocument&)>;

void ForEachDocument(const std::string& input, const TakeDocument& take) {
  CorpusReader reader(input);
  CorpusDocument document;
  for (size_t number = 0; reader.Next(document); ++number) take(number, document);
}

// Learns all but the end of a text, and holds that out.
TextSplit CutText(const SplitText& whole, std::string_view text, double share, TextSink& sink) {
  const auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - share));
  TextSplit split;
  split.learned.push_back({whole.id, whole.source, 0, cut});
  sink.Learn(text.substr(0, cut));
  if (cut == text.size()) return split;
  split.held_out.push_back({whole.id, whole.source, cut, text.size()});
  sink.HoldOut(text.substr(cut));
  return split;
}

// What is held out of a corpus whose documents are too few, or of too unequal sizes, for a draw of whole ones to leave
// a fair share on both sides: the ends of its longest documents.
constexpr double kLeastOfShare = 0.2, kMostOfShare = 5;
constexpr double kMostOfDocument = 0.2;  // of each that is cut
constexpr size_t kMostUnread = 20;       // fields that are named

// The beginning of the word that `at` lies in; `at` itself where that is far.
size_t WordBegin(std::string_view text, size_t at) {
  constexpr size_t kNear = 100;
  const size_t from = at > kNear ? at - kNear : 0;
  const size_t space = text.substr(from, at - from).find_last_of(" \t\r\n");
  return space == std::string_view::npos ? at : from + space + 1;
}

// Reads a corpus once to see which documents are held out, where only ends of some are once more for those, once for what
// is learned, and once for what is left of what is held out.
class CorpusSplitter {
 public:
  CorpusSplitter(const std::string& input, const HeldOut& held_out, TextSink& sink)
      : input_(input), held_out_(held_out), sink_(sink), choice_(input, held_out) {}

  TextSplit Run() {
    Split();
    split_.unread = std::move(unread_);
    return std::move(split_);
  }

 private:
  void Split() {
    ForEachDocument(input_, [&](size_t, const CorpusDocument& document) {
      for (const std::string& field : document.unread) {
        if (unread_.size() < kMostUnread || unread_.contains(field)) ++unread_[field];
      }
      const bool held = choice_.Holds(document.id, document.source, document.text);
      parts_.push_back({document.text.size(), held ? 0 : document.text.size(), HashOfWords(document.text)});
      if (held) passages_.HoldOut(document.text);
    });
    choice_.Check();
    const bool drawn = held_out_.names.empty() && held_out_.share > 0;
    if (parts_.size() == 1 && held_out_.names.empty()) {
      ForEachDocument(input_, [&](size_t, const CorpusDocument& document) {
        split_ = CutText({document.id, document.source}, document.text, held_out_.share, sink_);
      });
      return;
    }
    if (drawn && !IsFairShare()) HoldOutEnds();
    ForEachDocument(input_, [&](size_t number, const CorpusDocument& document) {
      if (const size_t learned = PartOf(number, document).learned; learned > 0 || document.text.empty())
        Learn(document, learned);
    });
    if (std::ranges::all_of(parts_, [](const Part& part) { return part.learned == part.size; })) {
      return;
    }
    ForEachDocument(input_, [&](size_t number, const CorpusDocument& document) {
      if (const Part& part = PartOf(number, document); part.learned < part.size) HoldOut(document, part.learned);
    });
  }

  // A document's bytes; the first `learned` are, the rest is held out.
  struct Part {
    size_t size, learned;
    uint64_t hash;
  };

  const Part& PartOf(size_t number, const CorpusDocument& document) const {
    if (number < parts_.size() && parts_[number].size == document.text.size()) return parts_[number];
    throw Error(ErrorCategory::kIo, "{} has changed while it was read", input_);
  }

  double Bytes() const {
    return std::accumulate(parts_.begin(), parts_.end(), 0.0,
                           [](double sum, const Part& part) { return sum + static_cast<double>(part.size); });
  }

  bool IsFairShare() const {
    const double held = std::accumulate(parts_.begin(), parts_.end(), 0.0, [](double sum, const Part& part) {
      return sum + static_cast<double>(part.size - part.learned);
    });
    const double share = held / std::max(1.0, Bytes());
    return share >= kLeastOfShare * held_out_.share &&
           share <= std::min(0.5 + held_out_.share / 2, kMostOfShare * held_out_.share);
  }

  void HoldOutEnds() {
    std::vector<size_t> longest(parts_.size());
    std::iota(longest.begin(), longest.end(), size_t{0});
    std::ranges::sort(longest, [&](size_t a, size_t b) {
      return std::pair(parts_[b].size, parts_[a].hash) < std::pair(parts_[a].size, parts_[b].hash);
    });
    double wanted = held_out_.share * Bytes();
    const double most = std::max(kMostOfDocument, held_out_.share);
    for (Part& part : parts_) part.learned = part.size;
    for (const size_t i : longest) {
      const double taken = std::min(wanted, most * static_cast<double>(parts_[i].size));
      parts_[i].learned -= static_cast<size_t>(std::ceil(taken));
      wanted -= taken;
    }
    passages_ = SharedPassages();
    ForEachDocument(input_, [&](size_t number, const CorpusDocument& document) {
      Part& part = parts_[number];
      if (PartOf(number, document).learned == part.size) return;
      part.learned = WordBegin(document.text, part.learned);
      passages_.HoldOut(std::string_view(document.text).substr(part.learned));
    });
  }

  void Learn(const CorpusDocument& document, size_t end) {
    const std::string_view text = std::string_view(document.text).substr(0, end);
    split_.learned.push_back({document.id, document.source, 0, end});
    passages_.Learn(text);
    sink_.Learn(text);
  }

  void HoldOut(const CorpusDocument& document, size_t begin) {
    uint64_t cut = 0;
    const std::string left = passages_.Without(std::string_view(document.text).substr(begin), cut);
    split_.words_cut += cut;
    split_.held_out.push_back({document.id, document.source, begin, document.text.size(), cut});
    if (cut == 0 || left.find_first_not_of(" \t\r\n") != std::string::npos) sink_.HoldOut(left);
  }

  const std::string& input_;
  const HeldOut& held_out_;
  TextSink& sink_;
  Choice choice_;
  std::vector<Part> parts_;  // [documents]
  SharedPassages passages_;
  TextSplit split_;
  std::map<std::string, uint64_t> unread_;
};

}  // namespace

double DrawOf(std::string_view text) { return static_cast<double>(HashOfWords(text) >> 11) * 0x1p-53; }

bool DrawnToHoldOut(std::string_view text, double share) { return DrawOf(text) < share; }

TextSplit ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink) {
  if (input != "-" && (std::filesystem::is_directory(input) || input.ends_with(".zst"))) {
    return CorpusSplitter(input, held_out, sink).Run();
  }
  const auto split = [&](std::string_view text) {
    Choice choice(input, held_out);
    choice.Holds("", input, text);
    choice.Check();
    return CutText({"", input}, text, held_out.share, sink);
  };
  if (!std::filesystem::is_regular_file(input)) return split(ReadFileOrStdin(input));
  const MappedFile file = MappedFile::Open(input);
  return split({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

}  // namespace sheepop
