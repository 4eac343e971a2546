#include "train/corpus_tokens.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text_file.h"
#include "data/chat_encoder.h"
#include "data/corpus_reader.h"
#include "data/text_encoder.h"
#include "tokenize/chat_prompt.h"
#include "tokenize/template_source.h"
#include "tokenize/tokenizer_source.h"
#include "train/byte_vocabulary.h"
#include "train/shard_documents.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// Documents as they gather.
struct Part {
  std::vector<MemoryDocuments::Document> documents;
  uint64_t text_bytes = 0;

  void Add(MemoryDocuments::Document document, uint64_t bytes) {
    documents.push_back(std::move(document));
    text_bytes += bytes;
  }
  std::unique_ptr<TokenDocuments> Finish() {
    return std::make_unique<MemoryDocuments>(std::move(documents), text_bytes);
  }
};

CorpusTokens WithTokenizer(const TokenizerSource& source) {
  CorpusTokens out;
  out.vocabulary = source.metadata;
  out.vocab = source.tokenizer->vocab_size();
  out.end = source.tokenizer->special().eos;
  out.warnings = source.tokenizer->Warnings(source.path.string());
  return out;
}

void Record(const TextSplit& split, const std::string& input, CorpusTokens& out) {
  for (const auto& [field, documents] : split.unread) {
    out.warnings.push_back(UnreadFieldWarning(input, field, documents));
  }
  out.split = SplitJson(split);
  out.ends_held_out = std::ranges::any_of(split.held_out, [](const SplitText& text) { return text.begin > 0; });
  out.words_cut = split.words_cut;
}

class EncodingSink final : public TextSink {
 public:
  EncodingSink(const Tokenizer& tokenizer, ThreadPool& pool, Part& train, Part& held_out)
      : encoder_(tokenizer, pool, [&](TextEncoder::Encoded&& text) {
          (text.held_out ? held_out : train).Add({std::move(text.tokens), {}}, text.text_bytes);
        }) {}
  void Learn(std::string_view text) override { encoder_.Add(text, false); }
  void HoldOut(std::string_view text) override { encoder_.Add(text, true); }
  void Finish() { encoder_.Finish(); }

 private:
  TextEncoder encoder_;
};

// Calls body(line, number) for each line that is not blank.
void ForEachLine(const std::string& path, const std::function<void(std::string_view, size_t)>& body) {
  const std::string text = ReadFileOrStdin(path);
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) body(line, number);
  }
}

// The form that SmolLM2, Qwen and many others write conversations in.
constexpr const char* kChatMl =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

bool HasControl(const Tokenizer& tokenizer, std::string_view piece) {
  const std::optional<Token> token = tokenizer.Find(piece);
  return token && tokenizer.Kind(*token) == TokenKind::kControl;
}

// The conversations of JSON lines, gathered before it is said which are held out.
class ChatReader {
 public:
  ChatReader(const ChatEncoder& encoder, size_t context, bool skip_long)
      : encoder_(encoder), context_(context), skip_long_(skip_long) {}

  enum class Side { kEither, kHeldOut };
  void Read(const std::string& path, Side side) {
    ForEachLine(path, [&](std::string_view line, size_t number) {
      try {
        EncodedChat chat = encoder_.Encode(line);
        dropped_ += chat.dropped.size();
        for (const std::string& field : chat.unread) ++unread_[field];
        if (chat.tokens.size() > context_) {
          if (!skip_long_) {
            throw Error(
                ErrorCategory::kLimit,
                "the conversation has {} tokens, a sequence holds {}; --context {} holds it, --skip-long leaves "
                "such out",
                chat.tokens.size(), context_, chat.tokens.size());
          }
          ++left_out_;
          return;
        }
        chats_.push_back({std::move(chat), path, number, DrawOf(line), side == Side::kHeldOut});
      } catch (const Error& error) {
        throw Error(error.category(), "{}:{}: {}", path, number, error.what());
      }
    });
  }

  // Holds out those that the share draws; where it draws none, or all, one of ten that would be drawn first.
  void Draw(double share) {
    if (share <= 0 || chats_.size() < 2) return;
    for (Chat& chat : chats_) chat.held_out = chat.draw < share;
    const auto held = static_cast<size_t>(std::ranges::count(chats_, true, &Chat::held_out));
    if (held > 0 && held < chats_.size()) return;
    std::vector<Chat*> first;
    for (Chat& chat : chats_) first.push_back(&chat);
    std::ranges::stable_sort(first, {}, &Chat::draw);
    const size_t count = std::max<size_t>(1, chats_.size() / 10);
    for (size_t i = 0; i < first.size(); ++i) first[i]->held_out = i < count;
  }

  // What was gathered, in its order; once.
  void Finish(Part& train, Part& held_out, TextSplit& split) {
    for (Chat& chat : chats_) {
      (chat.held_out ? held_out : train)
          .Add({std::move(chat.encoded.tokens), std::move(chat.encoded.learned)}, chat.encoded.learned_bytes);
      (chat.held_out ? split.held_out : split.learned).push_back({"", chat.path, chat.line, chat.line + 1});
    }
  }

  uint64_t left_out() const { return left_out_; }
  uint64_t dropped() const { return dropped_; }
  const std::map<std::string, size_t>& unread() const { return unread_; }  // fields, and in how many conversations

 private:
  struct Chat {
    EncodedChat encoded;
    std::string path;
    size_t line;
    double draw;  // in [0, 1)
    bool held_out;
  };

  const ChatEncoder& encoder_;
  size_t context_;
  bool skip_long_;
  uint64_t left_out_ = 0, dropped_ = 0;
  std::map<std::string, size_t> unread_;
  std::vector<Chat> chats_;
};

void WarnOfUnread(const std::map<std::string, size_t>& unread, const std::string& input,
                  std::vector<Warning>& warnings) {
  constexpr size_t kMostNamed = 20;
  size_t named = 0;
  for (const auto& [field, count] : unread) {
    if (named++ == kMostNamed) break;
    warnings.push_back(UnreadWarning(input, field, count));
  }
  if (unread.size() <= kMostNamed) return;
  const size_t more = unread.size() - kMostNamed;
  warnings.push_back(
      {"unread_field", input, std::to_string(more),
       fmt::format("{}: {} more fields change nothing, for the chat template does not read them", input, more)});
}

// Keeps the texts, and which bytes they hold: the vocabulary is known at their end.
class KeepingSink final : public TextSink {
 public:
  void Learn(std::string_view text) override { Keep(text, train); }
  void HoldOut(std::string_view text) override { Keep(text, held_out); }
  std::string Bytes() const {
    std::string bytes;
    for (size_t byte = 0; byte < seen_.size(); ++byte) {
      if (seen_[byte]) bytes += static_cast<char>(byte);
    }
    return bytes;
  }

  uint64_t learned_bytes() const {
    return std::accumulate(train.begin(), train.end(), uint64_t{0},
                           [](uint64_t sum, const std::string& text) { return sum + text.size(); });
  }

  std::vector<std::string> train, held_out;

 private:
  void Keep(std::string_view text, std::vector<std::string>& texts) {
    for (const char c : text) seen_[static_cast<uint8_t>(c)] = true;
    texts.emplace_back(text);
  }

  std::array<bool, 256> seen_{};
};

CorpusTokens ReadBytes(const std::string& input, const HeldOut& held_out) {
  KeepingSink texts;
  CorpusTokens out;
  Record(ReadSplitTexts(input, held_out, texts), input, out);
  const ByteVocabulary bytes(texts.Bytes());
  out.vocabulary = bytes.ToMetadata();
  out.vocab = bytes.size();
  out.end = bytes.end();
  const auto encode = [&](std::vector<std::string>& from) {
    Part part;
    for (std::string& text : from) {
      part.Add({bytes.Encode(text), {}}, text.size());
      text = {};
    }
    return part.Finish();
  };
  out.train = encode(texts.train);
  out.held_out = encode(texts.held_out);
  return out;
}

// With the vocabulary that `train --tokenizer-only` learns from the same texts.
CorpusTokens ReadWithOwn(const std::string& input, const CorpusTokenOptions& options, ThreadPool& pool) {
  KeepingSink texts;
  const TextSplit split = ReadSplitTexts(input, options.held_out, texts);
  TokenizerTraining training = options.own.training;
  if (training.vocab_size == 0) training.vocab_size = VocabularySizeFor(texts.learned_bytes());
  const LearnedVocabulary learned = LearnVocabulary(texts.train, options.own.kind, training, pool);
  TokenizerSource tokenizer;
  tokenizer.path = input;
  tokenizer.tokenizer = std::make_shared<const Tokenizer>(Tokenizer::FromGguf(learned.metadata));
  tokenizer.metadata = learned.metadata;
  CorpusTokens out = WithTokenizer(tokenizer);
  out.own = true;
  out.vocab_asked = training.vocab_size;
  Record(split, input, out);
  Part train, held_out;
  EncodingSink sink(*tokenizer.tokenizer, pool, train, held_out);
  for (std::string& text : texts.train) sink.Learn(std::exchange(text, {}));
  for (std::string& text : texts.held_out) sink.HoldOut(std::exchange(text, {}));
  sink.Finish();
  out.train = train.Finish();
  out.held_out = held_out.Finish();
  return out;
}

CorpusTokens ReadTextsEncoded(const std::string& input, const CorpusTokenOptions& options, ThreadPool& pool) {
  const TokenizerSource tokenizer = OpenTokenizer(options.tokenizer);
  CorpusTokens out = WithTokenizer(tokenizer);
  Part train, held_out;
  EncodingSink sink(*tokenizer.tokenizer, pool, train, held_out);
  Record(ReadSplitTexts(input, options.held_out, sink), input, out);
  sink.Finish();
  out.train = train.Finish();
  out.held_out = held_out.Finish();
  return out;
}

CorpusTokens ReadShards(const std::string& input, const CorpusTokenOptions& options) {
  const std::filesystem::path folder(input);
  if (!options.held_out.names.empty()) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "{} holds token shards, which say themselves what is held out: give --held-out to `sheepop corpus shards`",
        input);
  }
  const TokenizerSource tokenizer = OpenTokenizer(folder / kShardTokenizer);
  const std::string fingerprint = TokenizerFingerprint(tokenizer.metadata);
  // A model that is continued keeps its own template and special tokens, if the text tokens are the same.
  const TokenizerSource used = options.tokenizer.empty() ? tokenizer : OpenTokenizer(options.tokenizer);
  if (TokenizerFingerprint(used.metadata) != fingerprint) {
    throw Error(ErrorCategory::kInvalidArgument,
                "{} was made with another tokenizer than that of {}; make it anew with: "
                "sheepop corpus shards CORPUS --tokenizer {} -o FOLDER",
                input, options.tokenizer.string(), options.tokenizer.string());
  }
  CorpusTokens out = WithTokenizer(used);
  const auto open = [&](const char* name) {
    TokenShard shard = TokenShard::Open(folder / name);
    if (shard.tokenizer() != fingerprint || shard.vocab() != out.vocab) {
      throw Error(ErrorCategory::kCorrupt, "{} and {} in {} do not belong together", name, kShardTokenizer, input);
    }
    return std::make_unique<ShardDocuments>(std::move(shard));
  };
  out.train = open(kTrainShard);
  out.held_out = open(kHeldOutShard);
  if (const auto names = folder / kSplitFile; std::filesystem::exists(names)) {
    out.split = SplitJson(ReadSplitJson(ReadFileOrStdin(names.string()), names.string()));
  } else {
    out.warnings.push_back({"missing", names.string(), "",
                            fmt::format("{} is not there, so the run does not say which texts it learns and which it "
                                        "holds out",
                                        names.string())});
  }
  return out;
}

CorpusTokens ReadChats(const std::string& input, const CorpusTokenOptions& options) {
  if (options.tokenizer.empty()) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "{} holds conversations: give a model that is to learn from them with --from, or a tokenizer with --tokenizer",
        input);
  }
  TokenizerSource tokenizer = OpenTokenizer(options.tokenizer);
  const std::string* own = tokenizer.metadata.String("tokenizer.chat_template");
  std::optional<std::string> text = own ? std::optional(*own) : std::nullopt;
  if (!text && HasControl(*tokenizer.tokenizer, "<|im_start|>") && HasControl(*tokenizer.tokenizer, "<|im_end|>")) {
    text = kChatMl;
  }
  ChatTemplate chat = ChooseTemplate(options.chat_template, text, tokenizer.path);
  // What is learned is how the model is talked to from now on.
  tokenizer.metadata.Set("tokenizer.chat_template", Metadata::GgufType::kString, chat.source());
  CorpusTokens out = WithTokenizer(tokenizer);
  out.end.reset();
  out.whole = true;
  const ChatEncoder encoder(std::move(chat), *tokenizer.tokenizer, TemplateClock());
  ChatReader reader(encoder, options.context, options.skip_long);
  reader.Read(input, ChatReader::Side::kEither);
  if (options.held_out.names.empty()) reader.Draw(options.held_out.share);
  for (const std::string& file : options.held_out.names) reader.Read(file, ChatReader::Side::kHeldOut);
  Part train, held_out;
  TextSplit split;
  reader.Finish(train, held_out, split);
  out.left_out = reader.left_out();
  if (reader.dropped() > 0) {
    out.warnings.push_back(
        {"dropped_message", input, std::to_string(reader.dropped()),
         fmt::format("{}: the chat template writes nothing of {} messages, which are not learned from", input,
                     reader.dropped())});
  }
  WarnOfUnread(reader.unread(), input, out.warnings);
  if (train.documents.empty()) {
    throw Error(ErrorCategory::kUnsupported,
                "{} leaves no conversation to learn from ({} held out, {} longer than {} tokens)", input,
                held_out.documents.size(), out.left_out, options.context);
  }
  out.train = train.Finish();
  out.held_out = held_out.Finish();
  Record(split, input, out);
  return out;
}

}  // namespace

std::optional<bool> FirstRecordIsChat(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  constexpr size_t kLongest = size_t{1} << 20;
  std::string line(kLongest, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<size_t>(in.gcount()));
  line.resize(std::min(line.find('\n'), line.size()));
  if (!line.starts_with('{')) return std::nullopt;
  boost::system::error_code fault;
  const json::value value = json::parse(line, fault, {}, {.max_depth = 64});
  if (fault || !value.is_object()) return std::nullopt;
  return value.get_object().contains("messages");
}

CorpusTokens ReadCorpusTokens(const std::string& input, const CorpusTokenOptions& options, ThreadPool& pool) {
  if (IsShardFolder(input)) return ReadShards(input, options);
  if (input.ends_with(".jsonl") || FirstRecordIsChat(input) == true) return ReadChats(input, options);
  if (options.tokenizer.empty() && options.own.bytes) return ReadBytes(input, options.held_out);
  if (options.tokenizer.empty()) return ReadWithOwn(input, options, pool);
  return ReadTextsEncoded(input, options, pool);
}

}  // namespace sheepop
