#include "serve/http/exchange.h"

#include "serve/http/text.h"

namespace sheepop::http {

std::string_view HttpRequest::Get(std::string_view header) const {
  for (const Header& candidate : headers) {
    if (EqualsIgnoringCase(candidate.name, header)) return candidate.value;
  }
  return {};
}

}  // namespace sheepop::http
