// For the tests of dialects: a made-up answer in pieces, and streams taken apart.
#pragma once

#include <boost/json/object.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/answer.h"
#include "serve/api/test_support.h"
#include "serve/dialect.h"

namespace sheepop::testing {

inline AnswerHead MadeUpHead() { return {.id = "0123456789abcdefghijklmn", .created = 1'700'000'000, .model = "tiny"}; }

// "Baa, é": three tokens, of which the second ends and the third begins within a character.
inline std::vector<Piece> MadeUpPieces() {
  const auto token = [](Token id, std::string bytes, size_t offset, double logprob) {
    TokenRecord record;
    record.id = id;
    record.bytes = std::move(bytes);
    record.text_offset = offset;
    record.logprob = logprob;
    record.top = {{id, logprob}, {1, -9.5}};
    return record;
  };
  Piece first{.choice = 0, .text = "Baa", .tokens = {token(66, "Baa", 0, -0.25)}};
  Piece second{.choice = 0, .text = ", \u00E9", .tokens = {token(44, ", \xC3", 3, -1.5), token(45, "\xA9", 6, -0.125)}};
  for (Piece* piece : {&first, &second}) piece->deltas = {{AnswerDelta::kText, piece->text, 0, ""}};
  return {std::move(first), std::move(second)};
}

inline ChoiceResult MadeUpResult(FinishReason reason) { return ResultOf(MadeUpPieces(), reason); }

inline Ledger MadeUpLedger() {
  Ledger ledger;
  ledger.seed = 7;
  ledger.prompt_tokens = 20;
  ledger.reused = 16;
  ledger.computed = 4;
  ledger.written = 3;
  ledger.total_s = 2.4;
  ledger.sheepop = {{"seed", 7}};
  return ledger;
}

// The whole stream of that answer.
inline std::string MadeUpStream(Dialect& dialect, const ChoiceResult& result) {
  std::string stream = dialect.Begin(MadeUpHead());
  for (const Piece& piece : MadeUpPieces()) stream += dialect.OnPiece(piece);
  stream += dialect.OnFinish(0, result);
  return stream += dialect.End(MadeUpLedger());
}

struct SentEvent {
  std::string name;
  boost::json::object data;
};

// Throws where a part of the stream is no whole event with a name and one line of JSON.
inline std::vector<SentEvent> NamedEventsOf(std::string_view stream) {
  std::vector<SentEvent> events;
  while (!stream.empty()) {
    const size_t end = stream.find("\n\n"), line = stream.find('\n');
    if (end == stream.npos || !stream.starts_with("event: ") || stream.substr(line + 1, 6) != "data: ") {
      throw std::runtime_error("no event: " + std::string(stream.substr(0, 100)));
    }
    events.push_back({std::string(stream.substr(7, line - 7)), Json(stream.substr(line + 7, end - line - 7))});
    stream.remove_prefix(end + 2);
  }
  return events;
}

}  // namespace sheepop::testing
