// sheepop constrain: does a text fit a schema, an expression, a grammar or a list of choices, and where not; and texts that
// fit, drawn at random.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/quoted.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/commands/constrain_check.h"
#include "cli/commands/constrain_examples.h"
#include "cli/commands/constrain_lines.h"
#include "cli/flags/constraint_flags.h"
#include "generate/loaded_model.h"
#include "hub/models.h"
#include "sample/constraint_cache.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

// Where a text leaves what is allowed.
struct Fault {
  size_t byte = 0, line = 1, column = 1;  // line and column from 1, the column in characters
  std::string found = {};                 // what stands there; empty where the text ends too early
  std::vector<std::string> following = {}, allowed = {};
};

Fault FaultOf(const Constraint& constraint, const ByteCheck& check, std::string_view text) {
  Fault fault{.byte = check.bytes};
  size_t character = check.bytes;  // the fault may lie within one
  while (character > 0 && character < text.size() && (static_cast<uint8_t>(text[character]) & 0xC0) == 0x80)
    --character;
  const std::string_view before = text.substr(0, character);
  fault.line = 1 + static_cast<size_t>(std::ranges::count(before, '\n'));
  const size_t line_begin = before.find_last_of('\n') == before.npos ? 0 : before.find_last_of('\n') + 1;
  fault.column = 1;
  for (std::string_view rest = before.substr(line_begin); !rest.empty(); ++fault.column) {
    rest.remove_prefix(DecodeUtf8(rest).length);
  }
  for (size_t i = 0, end = character; i < 20 && end < text.size(); ++i) {
    end += DecodeUtf8(text.substr(end)).length;
    fault.found = text.substr(character, end - character);
  }
  fault.following = constraint.Following(check.position);
  fault.allowed = AllowedAt(constraint, check.position);
  return fault;
}

class Constrain final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags
        .Value("--text", text_,
               "the text: a file, - is standard input; the line feed that ends a file is left out where only it does "
               "not fit")
        .As("FILE");
    flags
        .Value(
            "--jsonl", lines_,
            "many schemas, one in a line of {\"schema\": ..., \"texts\": [\"...\", ...]}: a file, - is standard input; "
            "a line of JSON comes for each; with --examples \"texts\" may be absent")
        .As("FILE");
    flags
        .Value(
            "--examples", examples_.count, {1, 1'000'000},
            fmt::format("write so many texts that fit, drawn at random, of the shape or of each line of --jsonl; each "
                        "seeks its end from {} bytes on and is left out where none comes within {}; 1 to 1000000",
                        kExampleBytes, kMostExampleBytes))
        .As("N");
    flags
        .Each("--seed", "of the examples (default 0)",
              [this](std::string_view flag, std::string_view text) { seed_ = ReadUnsigned(flag, text); })
        .As("N");
    flags
        .Value(
            "-m,--model", model_,
            "a .gguf file, a Hugging Face folder, or the name of a pulled model, of which the tokenizer is read: the "
            "text is also walked as its tokens, and examples are drawn, by the masks that generation would draw under "
            "(default: none, bytes)")
        .As("MODEL");
    shape_.Register(flags);
    flags
        .Value<bool>("--masks", timing_.anew, {{"kept", false}, {"anew", true}},
                     "of the times with --jsonl: kept: a mask is made once for a schema and found where it is needed "
                     "again, as in generation; anew: each is made again, the automaton stays (default kept)")
        .As("WHICH")
        .Group("Times");
    flags
        .Value("--repeat", timing_.times, {1, 1000},
               "make each mask so many times and report the least; 1 to 1000, with --masks anew (default 1)")
        .As("N")
        .Group("Times");
  }

  int Run(Console& console) override;

 private:
  void CheckFlags() const;
  int CheckText(Console& console) const;
  int CheckLines(Console& console) const;
  int ShowExamples(Console& console) const;
  void OpenModel(Console& console);
  std::string TextOf(const Fault& fault, const std::optional<TokenCheck>& by_tokens,
                     const std::vector<Token>& tokens) const;

  std::optional<std::string> text_, lines_;
  std::string model_;
  ConstraintFlags shape_;
  MaskTiming timing_;
  ExampleOptions examples_;
  std::optional<uint64_t> seed_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<const TokenizerVocabulary> vocabulary_;  // of the model; may be null
  ByteVocabulary bytes_;
};

void Constrain::CheckFlags() const {
  const bool examples = examples_.count > 0;
  if (!text_ && !lines_ && !examples) {
    throw Error(ErrorCategory::kInvalidArgument, "what is to be done? Give --text FILE, --jsonl FILE or --examples N");
  }
  if (text_ && (lines_ || examples)) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--text judges one text; leave out {}, or give the text in a line of --jsonl",
                lines_ ? "--jsonl" : "--examples");
  }
  if (seed_ && !examples) {
    throw Error(ErrorCategory::kInvalidArgument, "--seed {} is about examples; ask for some by --examples N", *seed_);
  }
  const ConstraintOptions shape = shape_.Options();
  const bool given = shape.given();
  if (lines_ && given) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "the lines of --jsonl have schemas of their own; leave out --json-schema, --regex, --choice and --grammar");
  }
  const ThinkingOptions& thinking = shape.thinking;
  if (lines_ && !(thinking.open.empty() && thinking.close.empty())) {
    throw Error(ErrorCategory::kInvalidArgument, "the texts of --jsonl are without thoughts; leave out {}",
                thinking.close.empty() ? "--thinking-open" : "--thinking-close");
  }
  if (!lines_ && !given) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "what must the text fit? Give --json-schema FILE, --regex R, --choice TEXT or --grammar FILE, which is not "
        "empty");
  }
  if (!lines_ && (timing_.anew || timing_.times != 1)) {
    throw Error(ErrorCategory::kInvalidArgument, "--masks and --repeat are about the times that --jsonl reports");
  }
  if (timing_.times != 1 && !timing_.anew) {
    throw Error(ErrorCategory::kInvalidArgument, "--repeat {} needs --masks anew; a mask that is kept is made once",
                timing_.times);
  }
}

void Constrain::OpenModel(Console& console) {
  if (model_.empty()) return;
  const Checkpoint checkpoint = Checkpoint::Open(FindModel(model_));
  tokenizer_ = TokenizerOf(checkpoint);
  for (const Warning& warning : tokenizer_->Warnings(checkpoint.path().string())) console.Warn(warning);
  vocabulary_ = std::make_unique<const TokenizerVocabulary>(*tokenizer_, tokenizer_->vocab_size());
}

std::string Constrain::TextOf(const Fault& fault, const std::optional<TokenCheck>& by_tokens,
                              const std::vector<Token>& tokens) const {
  std::string out = fmt::format("does not fit: byte {}, line {}, column {}: ", fault.byte, fault.line, fault.column);
  out += fault.found.empty() ? std::string("the text ends") : Quoted(fault.found) + " stands there";
  if (by_tokens && by_tokens->tokens < tokens.size()) {
    out += fmt::format("\n  token      {} of {}, {}", by_tokens->tokens + 1, tokens.size(),
                       Quoted(vocabulary_->piece(tokens[by_tokens->tokens])));
  }
  if (!fault.following.empty()) out += fmt::format("\n  following  {}", fmt::join(fault.following, ", "));
  return out + fmt::format("\n  allowed    {}\n", fmt::join(fault.allowed, ", "));
}

int Constrain::CheckText(Console& console) const {
  std::string text = ReadFileOrStdin(*text_);
  const auto read = shape_.Read(bytes_);
  for (const Warning& warning : WarningsOf(read->notes)) console.Warn(warning);
  ByteCheck by_bytes = CheckBytes(read->constraint, text);
  if (!by_bytes.fits && text.ends_with('\n')) {
    const ByteCheck without = CheckBytes(read->constraint, std::string_view(text).substr(0, text.size() - 1));
    if (without.fits) {
      by_bytes = without;
      text.pop_back();
    }
  }
  std::optional<TokenCheck> by_tokens;
  std::vector<Token> tokens;
  if (vocabulary_) {
    const auto of_model = shape_.Read(*vocabulary_);
    if (const auto written = TokensOf(*vocabulary_, of_model->constraint.table(), text)) {
      tokens = *written;
      by_tokens = CheckTokens(of_model->constraint, tokens, timing_);
      RequireSame(by_bytes, *by_tokens);
    } else {
      console.Warn({"not_as_tokens", *text_, "",
                    fmt::format("{}: the model's tokenizer does not write this text back as it is; it is judged by its "
                                "bytes alone",
                                *text_)});
    }
  }
  std::optional<Fault> fault;
  if (!by_bytes.fits) fault = FaultOf(read->constraint, by_bytes, text);
  if (console.json) {
    json::object out{{"fits", by_bytes.fits},
                     {"bytes", text.size()},
                     {"tokens", by_tokens ? json::value(tokens.size()) : json::value(nullptr)},
                     {"fault", nullptr}};
    if (fault) {
      json::object& where = out["fault"].emplace_object();
      where = {{"byte", fault->byte},
               {"line", fault->line},
               {"column", fault->column},
               {"found", ToValidUtf8(fault->found)},
               {"token", nullptr},
               {"following", json::array(fault->following.begin(), fault->following.end())},
               {"allowed", json::array(fault->allowed.begin(), fault->allowed.end())}};
      if (by_tokens && by_tokens->tokens < tokens.size()) {
        const Token token = tokens[by_tokens->tokens];
        where["token"] = {
            {"index", by_tokens->tokens}, {"id", token}, {"piece", ToValidUtf8(vocabulary_->piece(token))}};
      }
    }
    console.PrintJson(out);
  } else if (fault) {
    console.PrintText(TextOf(*fault, by_tokens, tokens));
  } else {
    console.Print(by_tokens ? fmt::format("fits: {} bytes, {} tokens\n", text.size(), tokens.size())
                            : fmt::format("fits: {} bytes\n", text.size()));
  }
  return by_bytes.fits ? 0 : 1;
}

int Constrain::CheckLines(Console& console) const {
  std::ifstream file;
  if (*lines_ != "-") {
    file.open(*lines_, std::ios::binary);
    if (!file) throw SystemError(fmt::format("cannot read {}", *lines_), errno);
  }
  std::istream& lines = *lines_ == "-" ? std::cin : file;
  const SamplingVocabulary& vocabulary = vocabulary_ ? static_cast<const SamplingVocabulary&>(*vocabulary_) : bytes_;
  const LineOptions options{.schema = shape_.Options().schema,
                            .table = std::make_shared<const TokenTable>(vocabulary),
                            .vocabulary = vocabulary_.get(),
                            .timing = timing_,
                            .examples = examples_};
  AnswerLines(lines, *lines_ == "-" ? "standard input" : *lines_, options,
              [&](std::string_view line) { console.Print(std::string(line) + "\n"); });
  if (lines.bad()) throw SystemError(fmt::format("cannot read {}", *lines_), errno);
  return 0;
}

int Constrain::ShowExamples(Console& console) const {
  const SamplingVocabulary& vocabulary = vocabulary_ ? static_cast<const SamplingVocabulary&>(*vocabulary_) : bytes_;
  const auto read = shape_.Read(vocabulary);
  for (const Warning& warning : WarningsOf(read->notes)) console.Warn(warning);
  const std::string schema = shape_.Options().json_schema;
  const Examples examples =
      DrawExamples(read->constraint,
                   schema.empty() ? std::vector<std::string>() : WordsOf(ParseJson(schema, "json_schema")), examples_);
  if (console.json) {
    json::array texts;
    for (const std::string& text : examples.texts) texts.emplace_back(ToValidUtf8(text));
    console.PrintJson(json::object{{"examples", std::move(texts)}, {"unfinished", examples.unfinished}});
    return 0;
  }
  for (const std::string& text : examples.texts) console.PrintText(text + "\n");
  if (examples.unfinished > 0) {
    console.Warn({"unfinished", "--examples", "",
                  fmt::format("{} of {} examples are left out: no end came within {} bytes", examples.unfinished,
                              examples_.count, kMostExampleBytes)});
  }
  return 0;
}

int Constrain::Run(Console& console) {
  CheckFlags();
  shape_.WarnOfIdle(console, lines_.has_value());
  OpenModel(console);
  examples_.seed = seed_.value_or(0);
  examples_.by_tokens = vocabulary_ != nullptr;
  if (!text_ && !lines_) return ShowExamples(console);
  return text_ ? CheckText(console) : CheckLines(console);
}

}  // namespace

std::unique_ptr<Command> MakeConstrain() { return std::make_unique<Constrain>(); }

}  // namespace sheepop::cli
