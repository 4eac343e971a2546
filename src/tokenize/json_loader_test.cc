#include <gtest/gtest.h>

#include "base/error.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

using Ids = std::vector<Token>;

std::string WithModel(const std::string& model, const std::string& rest) {
  return "{\"model\": " + model + (rest.empty() ? "" : ", " + rest) + "}";
}

const std::string kAbc = R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "\u0120": 4, "\u0120a": 5},
                             "merges": ["a b", ["\u0120", "a"]]})";
const std::string kByteLevel = R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false})";

TEST(FromJson, ReadsByteLevelBpe) {
  const Tokenizer tokenizer =
      Tokenizer::FromJson(WithModel(kAbc, kByteLevel + R"(, "added_tokens": [
      {"id": 7, "content": "<end>", "special": true}, {"id": 8, "content": "<tag>", "rstrip": true, "lstrip": true},
      {"id": 9, "content": "word", "single_word": true}])"),
                          R"({"eos_token": {"content": "<end>"}, "bos_token": "<end>", "add_bos_token": true})");
  EXPECT_EQ(tokenizer.vocab_size(), 10u);
  EXPECT_EQ(tokenizer.Encode("ab ab a"), (Ids{3, 4, 3, 5}));
  EXPECT_EQ(tokenizer.Encode("a <tag>  c"), (Ids{0, 8, 2}));
  EXPECT_EQ(tokenizer.Encode("a<end>", SpecialTokens::kParse), (Ids{0, 7}));
  EXPECT_EQ(tokenizer.Encode("word"), Ids{9});
  EXPECT_THROW(tokenizer.Encode("wordb"), Error);  // no piece for "w", and no unknown token
  EXPECT_EQ(tokenizer.special().eos, 7);
  EXPECT_EQ(tokenizer.EncodePrompt("a"), (Ids{7, 0}));
  EXPECT_EQ(tokenizer.Kind(6), TokenKind::kUnused);
}

TEST(FromJson, ReadsSentencePieceStyle) {
  const std::string model = R"({"type": "BPE", "unk_token": "?", "fuse_unk": true,
      "vocab": {"?": 0, "\u2581": 1, "a": 2, "\u2581a": 3}, "merges": ["\u2581 a"]})";
  const std::string replace = R"({"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})";
  const Tokenizer prepend = Tokenizer::FromJson(WithModel(model, R"("normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "\u2581"}, )" + replace + "]}"));
  EXPECT_EQ(prepend.Encode("a a xyz"), (Ids{3, 3, 1, 0}));
  EXPECT_EQ(prepend.Decode(prepend.Encode("a a")), "a a");
  const Tokenizer plain = Tokenizer::FromJson(WithModel(model, "\"normalizer\": " + replace));
  EXPECT_EQ(plain.Encode("a a"), (Ids{2, 3}));
  const Tokenizer first = Tokenizer::FromJson(WithModel(
      model, R"("pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"})"));
  EXPECT_EQ(first.Encode("a a"), (Ids{3, 3}));
  EXPECT_EQ(first.Encode(" a"), Ids{3});
}

TEST(FromJson, ReadsUnigram) {
  const Tokenizer tokenizer = Tokenizer::FromJson(WithModel(
      R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["\u2581", -2], ["a", -1.5], ["\u2581a", -2.5]]})",
      R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
         {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": true}]})"));
  EXPECT_EQ(tokenizer.Encode("a  aa zz "), (Ids{3, 3, 2, 1, 0}));
}

std::string Complaint(const std::string& tokenizer, const std::string& config = "") {
  try {
    Tokenizer::FromJson(tokenizer, config);
  } catch (const Error& error) {
    return std::string(Name(error.category())) + ": " + error.what();
  }
  return "none";
}

TEST(FromJson, SaysWhatItCannotRead) {
  EXPECT_EQ(Complaint(WithModel(kAbc, kByteLevel)), "none");
  EXPECT_TRUE(Complaint("{").starts_with("corrupt: tokenizer.json is not JSON"));
  EXPECT_TRUE(Complaint("[]").starts_with("corrupt: tokenizer.json is not a JSON object"));
  EXPECT_TRUE(Complaint("{}").starts_with("corrupt: tokenizer.json has no model"));
  EXPECT_TRUE(Complaint(WithModel(R"({"type": "WordPiece"})", "")).starts_with("unsupported: model.type"));
  EXPECT_TRUE(Complaint(WithModel(R"({"type": "BPE", "vocab": {"a": 4000000}})", "")).starts_with("corrupt: "));
  EXPECT_TRUE(Complaint(WithModel(R"({"type": "BPE", "vocab": {"a": 0, "b": 0}})", "")).starts_with("corrupt: "));
  EXPECT_TRUE(Complaint(WithModel(R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]})", ""))
                  .starts_with("corrupt: model.merges[0]"));
  EXPECT_TRUE(Complaint(WithModel(kAbc, R"("normalizer": {"type": "Magic"})")).starts_with("unsupported: normalizer"));
  EXPECT_TRUE(Complaint(WithModel(kAbc, R"("normalizer": [])")).starts_with("corrupt: "));
  EXPECT_TRUE(Complaint(WithModel(kAbc, ""), R"({"eos_token": "zzz"})").starts_with("corrupt: eos_token"));
}

// A file may list a merge whose result is a control token; text must still never become that token.
TEST(FromJson, TellsWhatChangesNothing) {
  const auto told = [](const std::string& model, const std::string& rest) {
    std::string out;
    for (const Warning& warning : Tokenizer::FromJson(WithModel(model, rest)).Warnings("x")) out += warning.thing + " ";
    return out;
  };
  const auto abc = [](const std::string& more) { return kAbc.substr(0, kAbc.size() - 1) + ", " + more + "}"; };
  EXPECT_EQ(told(kAbc, kByteLevel + R"(, "decoder": {"type": "ByteLevel"}, "truncation": null)"), "");
  EXPECT_EQ(told(abc(R"("dropout": 0, "byte_fallback": false)"), kByteLevel), "");
  EXPECT_EQ(told(abc(R"("dropout": 0.1, "colour": 1)"), kByteLevel), "model.colour model.dropout ");
  EXPECT_EQ(told(kAbc, R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "colour": 1},
                          {"type": "ByteLevel", "add_prefix_space": false, "colour": 1}]})"),
            "pre_tokenizer.colour ");
  EXPECT_EQ(told(kAbc, kByteLevel + R"(, "added_tokens": [{"id": 7, "content": "x", "colour": 1},
                                         {"id": 8, "content": "y", "colour": 1}], "colour": 1)"),
            "colour added_tokens[].colour ");
  EXPECT_EQ(
      told(kAbc, kByteLevel + R"(, "truncation": {"max_length": 5}, "padding": {}, "decoder": {"type": "WordPiece"})"),
      "truncation padding decoder ");
  const std::string spaces = R"({"type": "BPE", "vocab": {"\u2581": 0, "a": 1}, "merges": []})";
  const std::string replace = R"("normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})";
  const auto decoder = [&](const std::string& steps) {
    return told(spaces, replace + R"(, "decoder": {"type": "Sequence", "decoders": [)" + steps + "]}");
  };
  EXPECT_EQ(decoder(R"({"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                       {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})"),
            "");
  EXPECT_EQ(decoder(R"({"type": "Replace", "pattern": {"String": "_"}, "content": " "})"), "decoder ");
  EXPECT_EQ(decoder(R"({"type": "Strip", "content": "a"})"), "decoder ");
  EXPECT_EQ(decoder(R"({"type": "ByteLevel"})"), "decoder ");
}

TEST(FromJson, TokensAroundATextAreThoseOfItsTemplate) {
  const auto with = [](const std::string& single, const std::string& ids = "[0]") {
    return WithModel(kAbc, kByteLevel + R"(, "post_processor": {"type": "TemplateProcessing", "single": [)" + single +
                               R"(], "special_tokens": {"a": {"id": "a", "ids": )" + ids + "}}}");
  };
  const std::string text = R"({"Sequence": {"id": "A", "type_id": 0}})", a = R"({"SpecialToken": {"id": "a"}})",
                    b = R"({"SpecialToken": {"id": "b"}})";
  EXPECT_EQ(Tokenizer::FromJson(with(a + ", " + text + ", " + b)).EncodePrompt("c"), (Ids{0, 2}));
  EXPECT_EQ(Tokenizer::FromJson(with(text)).EncodePrompt("c"), Ids{2});
  EXPECT_NE(Complaint(with(a + ", " + b + ", " + text)).find("at most one token before it"), std::string::npos);
  EXPECT_NE(Complaint(with(a)).find("at most one token before it"), std::string::npos);
  EXPECT_NE(Complaint(with("7")).find("post_processor.single"), std::string::npos);
  EXPECT_NE(Complaint(with(R"({"SpecialToken": {"id": "zz"}}, )" + text)).find("'zz', which is no token"),
            std::string::npos);
  EXPECT_NE(Complaint(with(a + ", " + text, "[1]")).find("the ids [1]; 0 is its token"), std::string::npos);
  EXPECT_NE(Complaint(WithModel(kAbc, kByteLevel + R"(, "post_processor": {"type": "RobertaProcessing"})"))
                .find("RobertaProcessing"),
            std::string::npos);
}

TEST(FromJson, NeverMergesTextIntoAControlToken) {
  const Tokenizer tokenizer = Tokenizer::FromJson(
      WithModel(kAbc, kByteLevel + R"(, "added_tokens": [{"id": 3, "content": "ab", "special": true}])"));
  EXPECT_EQ(tokenizer.Encode("ab"), (Ids{0, 1}));
  EXPECT_EQ(tokenizer.Encode("ab", SpecialTokens::kParse), Ids{3});
}

}  // namespace
}  // namespace sheepop
