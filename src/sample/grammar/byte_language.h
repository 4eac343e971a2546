// A regular (or at least deterministic) language of byte strings, as an automaton that is built as far as it is walked:
// the terminals of a grammar. One thread at a time; the grammar that owns it sees to that.
//
// Dead means dead: a state other than kDead has at least one word ahead of it, so that whoever follows the automaton byte
// by byte never runs into a dead end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/byte_set.h"

namespace sheepop::grammar {

class ByteLanguage {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;

  virtual ~ByteLanguage() = default;

  // kDead where the language has no word at all.
  virtual State Start() = 0;
  // From a state that is not dead; kDead where no word goes on so. The same state for the same bytes, always. Throws
  // kLimit, naming the bound, where the automaton would grow beyond it.
  virtual State Next(State state, uint8_t byte) = 0;
  // Whether the bytes that led here are a word.
  virtual bool Accepts(State state) = 0;
  // The bytes with a Next that is not dead.
  virtual ByteSet Allowed(State state) = 0;

  // How many plain characters may follow, whichever they are: every string of that many or fewer leads to a state that
  // is not dead. At most `most`. 0 is always right, only slow: tokens made of plain characters are then walked one by one.
  virtual size_t PlainRun(State /*state*/, size_t /*most*/) { return 0; }

  // No more plain characters than this may follow in a row, in this language and in what may stand behind its word.
  // SIZE_MAX is always right, only slow.
  virtual size_t PlainMost(State /*state*/) { return SIZE_MAX; }

  // The bytes that led here, of languages that remember them (CapturingLanguage); the rest throw
  // kInternal.
  virtual std::string Text(State state);

  // Of all that has been built, roughly.
  virtual size_t bytes() const = 0;
};

// Plain characters: those that a JSON string writes as themselves, whatever the language: U+0020 to U+10FFFF without the
// quotation mark, the reverse solidus, U+007F and the surrogates.
constexpr bool IsPlain(char32_t c) {
  return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && (c < 0xD800 || c > 0xDFFF) && c <= 0x10FFFF;
}

}  // namespace sheepop::grammar
