#include "serve/api/template_variable.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "serve/fields.h"

namespace sheepop {

void SetTemplateVariable(std::string_view name, const boost::json::value& value, const std::string& path,
                         const ServedModel& model, ConversationAsk& conversation, std::vector<std::string>& unused) {
  const boost::json::object field{{name, value}};
  Fields fields(field);
  std::vector<std::string> idle;
  ReadTemplateVariables(fields, model, conversation, idle);
  if (!idle.empty()) unused.push_back(path);
}

}  // namespace sheepop
