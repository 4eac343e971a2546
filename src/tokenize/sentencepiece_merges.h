// SentencePiece's BPE joins two pieces wherever the vocabulary holds the joined text, best score first; tokenizer.json
// lists the pairs by rank. From one to the other. Throws kLimit for pieces of text above 1024 bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/vocabulary.h"

namespace sheepop {

struct PieceNames {
  std::span<const std::string> names;  // [vocabulary size]
  std::span<const TokenKind> kinds;    // [vocabulary size]
};

// Views into the names.
struct PiecePair {
  std::string_view left, right;
};

// Every cut of every text piece (kNormal, kUserDefined) into two others, best score first; of one piece the longest
// left side first, as transformers derives them. `scores`: [vocabulary size].
std::vector<PiecePair> MergesOfScores(const PieceNames& pieces, std::span<const double> scores);

struct ScoredPieces {
  std::vector<double> scores;    // [vocabulary size], whole numbers from 0 down
  std::vector<TokenKind> kinds;  // as given, but kUnused for pieces that no merge makes though they could be cut
};

// The reverse. kUnsupported for pairs that no scores can say: some cuts of a piece missing, or pairs of one piece apart
// from each other in the list. Pairs that are no pieces of text are passed over.
ScoredPieces ScoresOfMerges(const PieceNames& pieces, std::span<const PiecePair> merges);

}  // namespace sheepop
