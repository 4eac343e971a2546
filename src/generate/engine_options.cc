#include "generate/engine_options.h"

namespace sheepop {

template <>
const OptionType& OptionTypeOf<kernel::KvType>() {
  static constexpr ChoiceType<kernel::KvType> kType;
  return kType;
}

Warning ClippedWarning() {
  return {"clipped", "kv_type", "f16",
          "kv_type is f16, and keys or values of this model beyond 65504 were cut to that: its results are others than "
          "the model's; --kv-type bf16 or f32 holds them"};
}

}  // namespace sheepop
