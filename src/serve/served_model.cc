#include "serve/served_model.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/error.h"
#include "base/options_json.h"

namespace sheepop {
namespace {

namespace json = boost::json;

bool WritesSystem(const ChatTemplate& chat) {
  constexpr std::string_view kProbe = "Sheep seven of nine.";
  json::object variables{{"add_generation_prompt", true}};
  variables["messages"] = {json::object{{"role", "system"}, {"content", kProbe}},
                           json::object{{"role", "user"}, {"content", "Hello"}}};
  for (const std::string_view name : {"bos_token", "eos_token", "pad_token", "unk_token"}) variables[name] = "";
  try {
    return chat.Render(variables, 0).Text().find(kProbe) != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

json::value AdviceJson(const ServedModel& model, std::span<const OptionRow* const> rows) {
  if (rows.empty()) return nullptr;
  json::object options;
  for (const OptionRow* row : rows) options[row->name] = OptionJson(kSamplingTable, *row, &model.sampling);
  return json::object{{"source", std::filesystem::path(model.loaded.suggested.source).filename().string()},
                      {"options", std::move(options)}};
}

void SetChat(ServedModel& model) {
  if (!model.loaded.chat_template) return;
  model.chat = ChatTemplate::Parse(*model.loaded.chat_template);
  model.format = ChatFormat::Of(*model.chat, *model.loaded.tokenizer);
  model.system_messages = WritesSystem(*model.chat);
}

}  // namespace sheepop
