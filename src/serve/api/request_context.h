// What the parsers of requests are given besides the body.
#pragma once

#include <ctime>

#include "serve/fields.h"
#include "serve/served_model.h"

namespace sheepop {

struct RequestContext {
  const ServedModels& models;
  UnknownFields unknown = UnknownFields::kRefuse;
  std::time_t now = 0;  // the clock of templates, seconds since 1970
};

}  // namespace sheepop
