#include "tokenize/unigram.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/error.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/testing_vocabularies.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

const std::string kSpace(kSpaceSymbol);

TEST(Unigram, FindsTheMostProbableSpelling) {
  std::mt19937 random(6);
  for (int round = 0; round < 400; ++round) {
    Vocabulary unsealed;
    std::vector<double> scores;
    for (size_t n = 1 + random() % 12; n > 0; --n) {
      std::string piece;
      for (size_t k = 1 + random() % 4; k > 0; --k) piece.push_back(static_cast<char>('a' + random() % 3));
      unsealed.Add(piece, TokenKind::kNormal);
      scores.push_back(-static_cast<double>(1 + random() % 1000) / 64);
    }
    unsealed.Seal();
    const auto vocabulary = std::make_shared<const Vocabulary>(std::move(unsealed));
    const double unknown = *std::min_element(scores.begin(), scores.end()) - 10;
    const Unigram model(vocabulary, scores, {1000, false, false});
    std::string text;
    for (size_t k = 1 + random() % 8; k > 0; --k) text.push_back(static_cast<char>('a' + random() % 3));

    // The best score of each suffix, by trying all pieces everywhere.
    std::vector<double> best(text.size() + 1, -std::numeric_limits<double>::infinity());
    best[text.size()] = 0;
    for (size_t i = text.size(); i-- > 0;) {
      if (vocabulary->FindText(text.substr(i, 1)) < 0) best[i] = unknown + best[i + 1];
      for (Token t = 0; t < static_cast<Token>(vocabulary->size()); ++t) {
        const std::string_view piece = vocabulary->Piece(t);
        // Of equal pieces the first counts.
        if (vocabulary->FindText(piece) != t || !std::string_view(text).substr(i).starts_with(piece)) continue;
        best[i] = std::max(best[i], scores[static_cast<size_t>(t)] + best[i + piece.size()]);
      }
    }
    std::vector<Token> tokens;
    ModelWorkspace work;
    model.Encode(text, tokens, work);
    double score = 0;
    std::string spelt;
    for (const Token t : tokens) {
      score += t == 1000 ? unknown : scores[static_cast<size_t>(t)];
      spelt += t == 1000 ? text.substr(spelt.size(), 1) : std::string(vocabulary->Piece(t));
    }
    ASSERT_EQ(spelt, text);
    ASSERT_NEAR(score, best[0], 1e-9);
  }
}

TEST(Unigram, SpellsUnknownCharactersWithBytesOrFusesThem) {
  const std::vector<testing::ScoredPiece> pieces = {{kSpace, -2}, {"a", -3}};
  const Tokenizer bytes = Tokenizer::FromGguf(testing::SentencePieceVocabulary("t5", pieces));
  EXPECT_EQ(bytes.Encode("a\xC3\xA9"), (std::vector<Token>{259, 260, 3 + 0xC3, 3 + 0xA9}));
  const Tokenizer unknown = Tokenizer::FromGguf(testing::SentencePieceVocabulary("t5", pieces, false));
  EXPECT_EQ(unknown.Encode("a\xC3\xA9\xFFza"), (std::vector<Token>{3, 4, 0, 4}));
  EXPECT_TRUE(bytes.special().add_eos);
  EXPECT_FALSE(bytes.special().add_bos);
}

TEST(Unigram, CollapsesSpacesWhereTheModelDoes) {
  Metadata metadata = testing::SentencePieceVocabulary("t5", {{kSpace, -2}, {"a", -3}, {kSpace + "a", -4}}, false);
  EXPECT_EQ(Tokenizer::FromGguf(metadata).Encode(" a  a"), (std::vector<Token>{3, 5, 3, 5}));
  metadata.Set("tokenizer.ggml.remove_extra_whitespaces", testing::GgufType::kBool, true);
  EXPECT_EQ(Tokenizer::FromGguf(metadata).Encode("  a   a "), (std::vector<Token>{5, 5}));
}

TEST(Unigram, RefusesScoresThatAreNoNumbers) {
  const auto bad = testing::SentencePieceVocabulary("t5", {{"a", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_THROW(Tokenizer::FromGguf(bad), Error);
}

// A double array that holds the one key "A" with value 0: the root's children stand at 1 << 10, its child at label 'A'.
TEST(CharsMap, ReplacesTheLongestPrefix) {
  std::vector<uint32_t> units(512, 0);
  const uint32_t root_offset = 256, leaf_offset = 5;
  units[0] = root_offset << 10;
  const uint32_t node = root_offset ^ 'A';
  units[node] = leaf_offset << 10 | 1u << 8 | 'A';
  units[node ^ leaf_offset] = 1u << 31 | 2;
  const uint32_t size = static_cast<uint32_t>(units.size() * 4);
  std::string map(reinterpret_cast<const char*>(&size), 4);
  map.append(reinterpret_cast<const char*>(units.data()), size);
  map.append(std::string_view("x\0bcd\0", 6));
  const auto step = MakeCharsMapStep(map);
  std::string out;
  ASSERT_TRUE(step->Apply("zAA\xFF", out));
  EXPECT_EQ(out, "zbcdbcd\xFF");
  EXPECT_THROW(MakeCharsMapStep("abc"), Error);
  EXPECT_THROW(MakeCharsMapStep(map.substr(0, 100)), Error);
}

}  // namespace
}  // namespace sheepop
