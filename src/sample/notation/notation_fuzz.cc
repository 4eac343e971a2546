#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "sample/grammar/automaton.h"
#include "sample/notation/notation.h"

// A grammar that is read, in either form, has a text ahead of each place that a walk comes to. The first byte says where
// the walk goes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sheepop::grammar::Automaton;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  auto grammar = std::make_unique<sheepop::grammar::Grammar>();
  sheepop::schema::SchemaNotes notes;
  try {
    const auto start = sheepop::notation::AddGrammar(text, {}, *grammar, notes);
    Automaton automaton(std::move(grammar), start, {.ways = 256, .expansions = 10'000});
    Automaton::State state = automaton.Start();
    if (state == Automaton::kDead) __builtin_trap();
    uint32_t draw = data[0];
    for (int steps = 0; steps < 64; ++steps) {
      const sheepop::ByteSet allowed = automaton.Allowed(state);
      if (allowed.empty() && !automaton.Accepts(state)) __builtin_trap();
      if (allowed.empty()) break;
      uint8_t byte = 0;
      do {
        draw = draw * 1664525 + 1013904223;
        byte = static_cast<uint8_t>(draw >> 24);
      } while (!allowed.Has(byte));
      state = automaton.Next(state, byte);
      if (state == Automaton::kDead) __builtin_trap();
    }
  } catch (const sheepop::Error&) {
  }
  return 0;
}
