// What /v1/responses says; see responses.h.
#pragma once

#include <boost/json/object.hpp>
#include <memory>

#include "serve/ask.h"
#include "serve/dialect.h"

namespace sheepop {

// `echo`: the members of a response that repeat the request. `ask` is read here and not kept.
std::unique_ptr<Dialect> MakeResponsesDialect(boost::json::object echo, const Ask& ask);

}  // namespace sheepop
