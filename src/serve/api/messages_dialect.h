// What /v1/messages says; see messages.h.
#pragma once

#include <memory>

#include "serve/ask.h"
#include "serve/dialect.h"

namespace sheepop {

// `ask` is read here and not kept.
std::unique_ptr<Dialect> MakeMessagesDialect(const Ask& ask);

}  // namespace sheepop
