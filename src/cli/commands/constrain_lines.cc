#include "cli/commands/constrain_lines.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "sample/constraint_cache.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

json::object ToJson(const schema::SchemaFault& fault) {
  return {{"pointer", fault.pointer}, {"keyword", fault.keyword}, {"message", fault.message}};
}

std::vector<std::string> TextsOf(const json::object& line, bool may_be_absent) {
  const json::value* texts = line.if_contains("texts");
  if (may_be_absent && texts == nullptr && line.contains("schema")) return {};
  if (!line.contains("schema") || texts == nullptr || !texts->is_array()) {
    throw Error(ErrorCategory::kCorrupt, "{}", R"(a line has the form {"schema": ..., "texts": ["...", ...]})");
  }
  std::vector<std::string> out;
  for (const json::value& text : texts->get_array()) {
    if (!text.is_string()) throw Error(ErrorCategory::kCorrupt, "text {} is no string", out.size() + 1);
    out.emplace_back(text.get_string());
  }
  return out;
}

class Line {
 public:
  explicit Line(const LineOptions& options) : options_(options) {}

  // `out` receives what is known when it throws.
  void Answer(std::string_view text, std::string_view name, json::object& out) const {
    const json::object line = ParseJsonObject(text, name);
    const std::vector<std::string> texts = TextsOf(line, options_.examples.count > 0);
    const double begin = ThreadMicroseconds();
    schema::SchemaNotes notes;
    std::unique_ptr<Constraint> constraint;
    try {
      auto grammar = std::make_unique<grammar::Grammar>();
      const grammar::Symbol start = schema::AddJsonSchema(line.at("schema"), options_.schema, *grammar, notes);
      constraint = std::make_unique<Constraint>(std::move(grammar), start, options_.table);
    } catch (const schema::SchemaError& error) {
      out["refused"] = ToJson(error.fault());
    }
    out["compile_us"] = ThreadMicroseconds() - begin;
    for (const Warning& warning : notes.warnings) out["warnings"].get_array().emplace_back(warning.line);
    for (const schema::SchemaFault& fault : notes.not_enforced) {
      out["not_enforced"].get_array().push_back(ToJson(fault));
    }
    if (!constraint) return;
    for (const std::string& one : texts) {
      out["accepted"].get_array().emplace_back(Judge(*constraint, one, out["mask_us"].get_array()));
    }
    if (options_.examples.count == 0) return;
    const Examples examples = DrawExamples(*constraint, WordsOf(line.at("schema")), options_.examples);
    out["examples"] = json::array(examples.texts.begin(), examples.texts.end());
    out["unfinished"] = examples.unfinished;
  }

 private:
  bool Judge(const Constraint& constraint, std::string_view text, json::array& mask_us) const {
    std::optional<std::vector<Token>> tokens;
    if (options_.vocabulary != nullptr) tokens = TokensOf(*options_.vocabulary, *options_.table, text);
    std::optional<TokenCheck> by_tokens;
    if (tokens) {
      by_tokens = CheckTokens(constraint, *tokens, options_.timing);
      mask_us.insert(mask_us.end(), by_tokens->mask_us.begin(), by_tokens->mask_us.end());
    }
    const ByteCheck by_bytes = CheckBytes(constraint, text);
    if (by_tokens) RequireSame(by_bytes, *by_tokens);
    return by_bytes.fits;
  }

  const LineOptions& options_;
};

}  // namespace

void AnswerLines(std::istream& lines, std::string_view name, const LineOptions& options,
                 const std::function<void(std::string_view line)>& answer) {
  const Line line(options);
  size_t number = 0;
  for (std::string text; std::getline(lines, text);) {
    ++number;
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    json::object out{{"refused", nullptr},       {"accepted", json::array()}, {"compile_us", nullptr},
                     {"mask_us", json::array()}, {"warnings", json::array()}, {"not_enforced", json::array()}};
    try {
      line.Answer(text, fmt::format("line {} of {}", number, name), out);
    } catch (...) {
      const Error error = AsError(std::current_exception());
      out["line"] = number;
      out["error"] = {{"category", Name(error.category())}, {"message", error.what()}};
    }
    answer(json::serialize(out));
  }
}

}  // namespace sheepop::cli
