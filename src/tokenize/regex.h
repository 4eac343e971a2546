// Regular expressions in the dialect of tokenizer.json (Oniguruma with Ruby's syntax), run by PCRE2 and its JIT.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tokenize/normalizer.h"
#include "tokenize/valid_text.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

namespace sheepop {

// Immutable, shared between threads. Throws kUnsupported, with the pattern and the place, for what PCRE2 cannot compile or
// would read differently.
class Regex {
 public:
  explicit Regex(std::string_view pattern);

 private:
  friend class RegexSearch;
  struct CodeFree {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::string pattern_;
  std::unique_ptr<pcre2_real_code_8, CodeFree> code_;
  bool jit_ = false;
};

// The memory of one search; of one thread.
class RegexSearch {
 public:
  RegexSearch(const Regex& regex, size_t text_size);  // the size of the largest text that will be searched
  ~RegexSearch();
  struct Range {
    size_t begin, end;  // begin == npos: no match
  };
  // The first match in `text`, valid UTF-8, that begins at `from` or later. Throws kLimit when the pattern backtracks
  // without end.
  Range Find(std::string_view text, size_t from);

 private:
  struct DataFree {
    void operator()(pcre2_real_match_data_8* data) const;
  };
  struct StackFree {
    void operator()(pcre2_real_jit_stack_8* stack) const;
  };
  struct ContextFree {
    void operator()(pcre2_real_match_context_8* context) const;
  };
  int Match(std::string_view text, size_t from);

  const Regex& regex_;
  std::unique_ptr<pcre2_real_match_data_8, DataFree> data_;
  std::unique_ptr<pcre2_real_match_context_8, ContextFree> context_;
  std::unique_ptr<pcre2_real_jit_stack_8, StackFree> stack_;
};

// Calls visit(begin, end) for each match in turn. find(text, from) -> a Range.
template <class Find, class Visit>
void ForEachMatch(std::string_view text, const Find& find, const Visit& visit) {
  for (size_t from = 0; from < text.size();) {
    const RegexSearch::Range range = find(text, from);
    if (range.begin == std::string_view::npos) return;
    visit(range.begin, range.end);
    from = range.end;
    if (range.begin < range.end) continue;
    do ++from;  // past the character behind an empty match
    while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xC0) == 0x80);
  }
}

// Replaces each match by `to`, taken literally.
std::unique_ptr<const NormalizerStep> MakeRegexReplaceStep(std::string_view pattern, std::string to);

}  // namespace sheepop
