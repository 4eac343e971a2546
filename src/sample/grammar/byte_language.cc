#include "sample/grammar/byte_language.h"

#include "base/error.h"

namespace sheepop::grammar {

std::string ByteLanguage::Text(State /*state*/) {
  throw Error(ErrorCategory::kInternal, "this terminal does not remember the bytes that were read");
}

}  // namespace sheepop::grammar
