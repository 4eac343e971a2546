// The automaton of a grammar: bytes in, what may follow out. A state is the set of all ways in which the bytes so far can
// be read, each a place in a terminal and a stack of what is expected behind it; equal sets are one state, so that what
// was found out about a state holds wherever it comes again. States are made when they are first reached.
//
// Exact: a state that is not dead has a word of the grammar ahead. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_set.h"
#include "sample/grammar/grammar.h"

namespace sheepop::grammar {

struct AutomatonLimits {
  size_t ways = 4096;               // in which the bytes so far can be read; kLimit beyond
  size_t expansions = 100'000;      // of rules between two bytes; kLimit beyond
  size_t bytes = size_t{64} << 20;  // of states, before all are forgotten and made again: a new epoch
};

class Automaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;
  static constexpr State kUnmade = UINT32_MAX;

  // Left recursion in `grammar` must have been taken out (see WithoutLeftRecursion); kLimit otherwise, by `expansions`.
  Automaton(std::unique_ptr<Grammar> grammar, Symbol start, AutomatonLimits limits = {});
  ~Automaton();

  // Begins a new epoch if the states have outgrown their limit: all states of before are then invalid.
  void Tidy();
  // For a text that has just been followed anew from its start: it and as much again has room before the next epoch.
  // Throws kLimit where that is more than eight times the limit.
  void MakeRoom();
  uint64_t epoch() const;

  State Start();  // kDead where the grammar has no word
  State Next(State state, uint8_t byte);
  bool Accepts(State state);  // whether the text may end here
  ByteSet Allowed(State state);
  // Next of each byte, [256], kUnmade where it was not asked for yet; valid until Tidy.
  const State* Row(State state);
  size_t PlainRun(State state, size_t most);  // as ByteLanguage's, like the next
  size_t PlainMost(State state);

  // The rules being followed, for people: the names of the terminals or of the rules that they came from, at most `most`.
  std::vector<std::string> Following(State state, size_t most = 5);

  size_t bytes() const;  // with the grammar's

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace sheepop::grammar
