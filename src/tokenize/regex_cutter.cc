#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <new>

#include "base/error.h"
#include "tokenize/onigmo_pattern.h"
#include "tokenize/splitter.h"

namespace sheepop {
namespace {

struct Segment {
  size_t begin, end;
  bool match;
};

void MergeMatches(std::vector<Segment>& segments, SplitBehavior behavior) {
  std::vector<Segment> merged;
  const bool backwards = behavior == SplitBehavior::kMergedWithNext;
  if (backwards) std::reverse(segments.begin(), segments.end());
  bool previous_match = false;
  for (const Segment& segment : segments) {
    const bool join = behavior == SplitBehavior::kContiguous ? segment.match == previous_match
                                                             : segment.match && !previous_match;
    if (join && !merged.empty()) {
      merged.back().begin = std::min(merged.back().begin, segment.begin);
      merged.back().end = std::max(merged.back().end, segment.end);
    } else {
      merged.push_back(segment);
    }
    previous_match = segment.match;
  }
  if (backwards) std::reverse(merged.begin(), merged.end());
  segments = std::move(merged);
}

// Find(text, from) -> the next match as [begin, end), begin == npos when there is none.
template <class Find>
void CutBy(const Find& find, const SplitRule& rule, std::string_view text, std::vector<std::string_view>& words) {
  std::vector<Segment> segments;
  const auto emit = [&](size_t begin, size_t end, bool match) {
    if (begin == end) return;
    match = match != rule.invert;
    if (rule.behavior == SplitBehavior::kIsolated || (rule.behavior == SplitBehavior::kRemoved && !match)) {
      words.push_back(text.substr(begin, end - begin));
    } else if (rule.behavior != SplitBehavior::kRemoved) {
      segments.push_back({begin, end, match});
    }
  };
  size_t done = 0, from = 0;
  while (from < text.size()) {
    const auto [begin, end] = find(text, from);
    if (begin == std::string_view::npos) break;
    emit(done, begin, false);
    emit(begin, end, true);
    done = end;
    from = end;
    if (begin == end) {
      do ++from;
      while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xC0) == 0x80);
    }
  }
  emit(done, text.size(), false);
  if (segments.empty()) return;
  MergeMatches(segments, rule.behavior);
  for (const Segment& s : segments) words.push_back(text.substr(s.begin, s.end - s.begin));
}

struct CodeFree { void operator()(pcre2_code* code) const { pcre2_code_free(code); } };
struct DataFree { void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); } };
struct StackFree { void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); } };
struct MatchContextFree { void operator()(pcre2_match_context* c) const { pcre2_match_context_free(c); } };
struct CompileContextFree { void operator()(pcre2_compile_context* c) const { pcre2_compile_context_free(c); } };

template <class Pointer>
Pointer NotNull(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

std::string MessageOf(int code) {
  PCRE2_UCHAR buffer[256];
  if (pcre2_get_error_message(code, buffer, sizeof buffer) < 0) return "unknown error";
  return reinterpret_cast<const char*>(buffer);
}

class RegexCutter final : public Cutter {
 public:
  RegexCutter(std::string_view pattern, const SplitRule& rule) : pattern_(pattern), rule_(rule) {
    const std::string translated = PcrePatternFromOnigmo(pattern);
    const std::unique_ptr<pcre2_compile_context, CompileContextFree> context(
        NotNull(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                              context.get()));
    if (!code_) {
      throw Error(ErrorCategory::kUnsupported, "split pattern '{}' does not compile: {} at byte {} of '{}'", pattern,
                  MessageOf(error), offset, translated);
    }
    // Without a JIT the interpreter runs the same pattern, slower.
    jit_ = pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE) == 0;
  }

  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    const std::unique_ptr<pcre2_match_data, DataFree> data(
        NotNull(pcre2_match_data_create_from_pattern(code_.get(), nullptr)));
    Stack stack;
    const auto find = [&](std::string_view subject, size_t from) { return Find(subject, from, data.get(), stack); };
    CutBy(find, rule_, text, words);
  }

 private:
  struct Stack {
    std::unique_ptr<pcre2_match_context, MatchContextFree> context;
    std::unique_ptr<pcre2_jit_stack, StackFree> stack;
  };

  int Match(std::string_view text, size_t from, pcre2_match_data* data, pcre2_match_context* context) const {
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    if (jit_) return pcre2_jit_match(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data, context);
    return pcre2_match(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data, context);
  }

  std::pair<size_t, size_t> Find(std::string_view text, size_t from, pcre2_match_data* data, Stack& stack) const {
    int found = Match(text, from, data, stack.context.get());
    if (found == PCRE2_ERROR_JIT_STACKLIMIT && !stack.stack) {
      // The machine's 32 KiB were not enough: rare, so only then is a heap stack made.
      constexpr size_t kSmall = size_t{64} << 10, kLarge = size_t{64} << 20;
      stack.context.reset(NotNull(pcre2_match_context_create(nullptr)));
      stack.stack.reset(NotNull(pcre2_jit_stack_create(kSmall, kLarge, nullptr)));
      pcre2_jit_stack_assign(stack.context.get(), nullptr, stack.stack.get());
      found = Match(text, from, data, stack.context.get());
    }
    if (found == PCRE2_ERROR_NOMATCH) return {std::string_view::npos, 0};
    if (found < 0) {
      throw Error(ErrorCategory::kLimit, "split pattern '{}' gave up at byte {} of {}: {}", pattern_, from, text.size(),
                  MessageOf(found));
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
    // \K can put the start behind the end or before the last match.
    const size_t begin = std::clamp<size_t>(bounds[0], from, text.size());
    return {begin, std::clamp<size_t>(bounds[1], begin, text.size())};
  }

  std::string pattern_;
  SplitRule rule_;
  std::unique_ptr<pcre2_code, CodeFree> code_;
  bool jit_ = false;
};

class LiteralCutter final : public Cutter {
 public:
  LiteralCutter(std::string_view literal, const SplitRule& rule) : literal_(literal), rule_(rule) {}
  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    const auto find = [&](std::string_view subject, size_t from) -> std::pair<size_t, size_t> {
      const size_t begin = literal_.empty() ? std::string_view::npos : subject.find(literal_, from);
      return {begin, begin + literal_.size()};
    };
    CutBy(find, rule_, text, words);
  }

 private:
  std::string literal_;
  SplitRule rule_;
};

}  // namespace

std::unique_ptr<const Cutter> MakeRegexCutter(std::string_view pattern, const SplitRule& rule) {
  return std::make_unique<RegexCutter>(pattern, rule);
}

std::unique_ptr<const Cutter> MakeLiteralCutter(std::string_view literal, const SplitRule& rule) {
  return std::make_unique<LiteralCutter>(literal, rule);
}

}  // namespace sheepop
