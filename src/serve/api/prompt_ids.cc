#include "serve/api/prompt_ids.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class PromptReader {
 public:
  PromptReader(const ServedModel& model, const TextReading& reading) : model_(model), reading_(reading) {}

  AskedPrompt Text(std::string_view text, const std::string& path) const {
    const Tokenizer& tokenizer = *model_.loaded.tokenizer;
    const SpecialTokens how = reading_.parse_special ? SpecialTokens::kParse : SpecialTokens::kAsText;
    // A vocabulary may have no tokens for some bytes.
    std::vector<Token> ids = ForField(
        path, [&] { return reading_.add_special ? tokenizer.EncodePrompt(text, how) : tokenizer.Encode(text, how); });
    if (ids.empty())
      RefuseField(path, fmt::format("{} is empty, and this model has no token that begins a text", path));
    PromptParts parts{.template_tokens = 0, .message_tokens = {ids.size()}};
    // Names of control tokens show as nothing, like those of ids.
    std::string shown = reading_.parse_special ? ShownText(tokenizer, ids) : std::string(text);
    return {std::move(ids), std::move(shown), std::move(parts)};
  }

  AskedPrompt Ids(const json::array& list, const std::string& path) const {
    std::vector<Token> ids = ReadIds(list, model_, path);
    if (ids.empty()) RefuseField(path, fmt::format("{} is empty, must have at least one id", path));
    PromptParts parts{.template_tokens = 0, .message_tokens = {ids.size()}};
    std::string text = ShownText(*model_.loaded.tokenizer, ids);
    return {std::move(ids), std::move(text), std::move(parts)};
  }

  AskedPrompt Element(const json::value& element, const std::string& path) const {
    if (element.is_string()) return Text(element.get_string(), path);
    if (element.is_array()) return Ids(element.get_array(), path);
    RefuseField(path, fmt::format("{} is {}, must be text or a list of ids", path, Shown(element)));
  }

 private:
  const ServedModel& model_;
  const TextReading& reading_;
};

}  // namespace

std::vector<Token> ReadIds(const json::array& list, const ServedModel& model, const std::string& path) {
  std::vector<Token> ids;
  ids.reserve(list.size());
  const size_t size = model.loaded.vocabulary->size();
  for (const json::value& element : list) {
    const std::string at = ElementPath(path, ids.size());
    const int64_t* const id = element.if_int64();
    if (!id || *id < 0 || static_cast<size_t>(*id) >= size) {
      RefuseField(at, fmt::format("{} is {}, must be an id of the vocabulary, 0 to {}", at, Shown(element), size - 1));
    }
    ids.push_back(static_cast<Token>(*id));
  }
  return ids;
}

std::vector<AskedPrompt> ReadPrompts(Fields& fields, std::string_view name, const ServedModel& model,
                                     const TextReading& reading, size_t most) {
  const PromptReader reader(model, reading);
  const std::string path = fields.Path(name);
  const json::value* const given = fields.Any(name);
  if (!given) fields.Refuse(name, "is missing, must be text, ids or a list of them");
  if (given->is_string()) return {reader.Text(given->get_string(), path)};
  if (!given->is_array()) fields.WrongType(name, *given, "text, ids or a list of them");
  const json::array& list = given->get_array();
  if (list.empty()) fields.Refuse(name, "is an empty list, must have at least one element");
  if (list[0].is_number()) return {reader.Ids(list, path)};
  if (list.size() > most) fields.Refuse(name, fmt::format("has {} elements, must have at most {}", list.size(), most));
  std::vector<AskedPrompt> prompts;
  prompts.reserve(list.size());
  for (const json::value& element : list) {
    prompts.push_back(reader.Element(element, ElementPath(path, prompts.size())));
  }
  return prompts;
}

std::string ShownText(const Tokenizer& tokenizer, std::vector<Token> ids) {
  std::erase_if(ids, [&](Token id) { return tokenizer.Kind(id) == TokenKind::kControl; });
  return ToValidUtf8(tokenizer.Decode(ids));
}

}  // namespace sheepop
