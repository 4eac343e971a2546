// For tests: whether a text is one of a grammar's, and random walks through it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sample/grammar/automaton.h"
#include "sample/notation/notation.h"

namespace sheepop::notation {

class TestGrammar {
 public:
  using Add = std::function<grammar::Symbol(grammar::Grammar&)>;
  explicit TestGrammar(const Add& add) {
    auto grammar = std::make_unique<grammar::Grammar>();
    const grammar::Symbol start = add(*grammar);
    rules_ = grammar->rules();
    terminals_ = grammar->terminals();
    automaton_ = std::make_unique<grammar::Automaton>(std::move(grammar), start);
  }

  static TestGrammar Gbnf(std::string_view text) {
    return TestGrammar([&](grammar::Grammar& grammar) {
      schema::SchemaNotes notes;
      return AddGbnf(text, grammar, notes);
    });
  }
  static TestGrammar Lark(std::string_view text) {
    return TestGrammar([&](grammar::Grammar& grammar) {
      schema::SchemaNotes notes;
      return AddLark(text, {}, grammar, notes);
    });
  }

  bool Accepts(std::string_view text) {
    auto state = automaton_->Start();
    for (const char byte : text) state = automaton_->Next(state, static_cast<uint8_t>(byte));
    return state != grammar::Automaton::kDead && automaton_->Accepts(state);
  }

  // How many bytes of the text can begin a word.
  size_t Fits(std::string_view text) {
    auto state = automaton_->Start();
    for (size_t i = 0; i < text.size(); ++i) {
      state = automaton_->Next(state, static_cast<uint8_t>(text[i]));
      if (state == grammar::Automaton::kDead) return i;
    }
    return text.size();
  }

  // A text of at most `most` bytes, at random: some byte may always follow, or the text may end.
  std::string Walk(std::mt19937& random, size_t most) {
    std::string text;
    auto state = automaton_->Start();
    while (text.size() < most) {
      const ByteSet allowed = automaton_->Allowed(state);
      if (automaton_->Accepts(state) && (allowed.empty() || random() % 4 == 0)) break;
      if (allowed.empty()) {
        ADD_FAILURE() << "nothing may follow " << text;
        break;
      }
      uint8_t byte = 0;
      do {
        byte = static_cast<uint8_t>(random());
      } while (!allowed.Has(byte));
      state = automaton_->Next(state, byte);
      EXPECT_NE(state, grammar::Automaton::kDead) << text;
      text += static_cast<char>(byte);
    }
    return text;
  }

  size_t rules() const { return rules_; }
  size_t terminals() const { return terminals_; }
  grammar::Automaton& automaton() { return *automaton_; }

 private:
  std::unique_ptr<grammar::Automaton> automaton_;
  size_t rules_ = 0, terminals_ = 0;
};

// The message of the Error that reading throws; its category is expected to be `category`.
inline std::string Refusal(const std::function<void()>& read, ErrorCategory category) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(Name(error.category()), Name(category)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace sheepop::notation
