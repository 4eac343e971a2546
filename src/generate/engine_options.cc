#include "generate/engine_options.h"

namespace sheepop {

template <>
const OptionType& OptionTypeOf<kernel::KvType>() {
  static constexpr ChoiceType<kernel::KvType> kType;
  return kType;
}

}  // namespace sheepop
