#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenize/regex.h"

#include <pcre2.h>

#include <algorithm>
#include <new>

#include "base/error.h"
#include "tokenize/onigmo_pattern.h"

namespace sheepop {
namespace {

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

struct CompileContextFree {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

}  // namespace

void Regex::CodeFree::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }
void RegexSearch::DataFree::operator()(pcre2_real_match_data_8* data) const { pcre2_match_data_free(data); }
void RegexSearch::StackFree::operator()(pcre2_real_jit_stack_8* stack) const { pcre2_jit_stack_free(stack); }
void RegexSearch::ContextFree::operator()(pcre2_real_match_context_8* context) const {
  pcre2_match_context_free(context);
}

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
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
    throw Error(ErrorCategory::kUnsupported, "pattern '{}' does not compile: {} at byte {} of '{}'", pattern,
                MessageOf(error), offset, translated);
  }
  // Without a JIT the interpreter runs the same pattern, slower.
  jit_ = pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE) == 0;
}

RegexSearch::RegexSearch(const Regex& regex, size_t text_size)
    : regex_(regex),
      data_(NotNull(pcre2_match_data_create_from_pattern(regex.code_.get(), nullptr))),
      context_(NotNull(pcre2_match_context_create(nullptr))) {
  // A run of spaces is walked back once by each alternative: honest patterns need a few steps for each byte.
  constexpr uint64_t kBase = 10'000'000, kPerByte = 64;
  const uint64_t limit = std::min<uint64_t>(kBase + kPerByte * text_size, UINT32_MAX);
  pcre2_set_match_limit(context_.get(), static_cast<uint32_t>(limit));
}

RegexSearch::~RegexSearch() = default;

int RegexSearch::Match(std::string_view text, size_t from) {
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const auto match = regex_.jit_ ? pcre2_jit_match : pcre2_match;
  return match(regex_.code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
}

RegexSearch::Range RegexSearch::Find(std::string_view text, size_t from) {
  int found = Match(text, from);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT && !stack_) {
    // The machine's 32 KiB were not enough: rare, so only then is a stack made on the heap.
    constexpr size_t kSmall = size_t{64} << 10, kLarge = size_t{64} << 20;
    stack_.reset(NotNull(pcre2_jit_stack_create(kSmall, kLarge, nullptr)));
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
    found = Match(text, from);
  }
  if (found == PCRE2_ERROR_NOMATCH) return {std::string_view::npos, 0};
  if (found < 0) {
    throw Error(ErrorCategory::kLimit, "pattern '{}' gave up at byte {} of {}: {}", regex_.pattern_, from, text.size(),
                MessageOf(found));
  }
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_.get());
  // \K can put the start behind the end or before the last match.
  const size_t begin = std::clamp<size_t>(bounds[0], from, text.size());
  return {begin, std::clamp<size_t>(bounds[1], begin, text.size())};
}

namespace {

class RegexReplaceStep final : public NormalizerStep {
 public:
  RegexReplaceStep(std::string_view pattern, std::string to) : regex_(pattern), to_(std::move(to)) {}

  bool Apply(std::string_view text, std::string& out) const override {
    bool changed = false;
    while (!text.empty()) {
      const size_t valid = ValidUtf8Prefix(text);
      changed |= ApplyToValid(text.substr(0, valid), out);
      const size_t invalid = InvalidUtf8Prefix(text.substr(valid));
      out.append(text.substr(valid, invalid));
      text.remove_prefix(valid + invalid);
    }
    if (!changed) out.clear();
    return changed;
  }

 private:
  bool ApplyToValid(std::string_view text, std::string& out) const {
    RegexSearch search(regex_, text.size());
    bool changed = false;
    size_t done = 0;
    ForEachMatch(
        text, [&](std::string_view subject, size_t from) { return search.Find(subject, from); },
        [&](size_t begin, size_t end) {
          out.append(text.substr(done, begin - done)).append(to_);
          done = end;
          changed = true;
        });
    out.append(text.substr(done));
    return changed;
  }

  Regex regex_;
  std::string to_;
};

}  // namespace

std::unique_ptr<const NormalizerStep> MakeRegexReplaceStep(std::string_view pattern, std::string to) {
  return std::make_unique<RegexReplaceStep>(pattern, std::move(to));
}

}  // namespace sheepop
