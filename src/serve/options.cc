#include "serve/options.h"

namespace sheepop {

template <>
const OptionType& OptionTypeOf<UnknownFields>() {
  static const ChoiceType<UnknownFields> type;
  return type;
}

template <>
const OptionType& OptionTypeOf<LogForm>() {
  static const ChoiceType<LogForm> type;
  return type;
}

}  // namespace sheepop
