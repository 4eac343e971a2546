// The fields that say how to draw, the same in every API: each row of kSamplingTable by its JSON name, and the names
// that clients of other servers use for some of them (repetition_penalty, ignore_eos, ...).
//
// Types are strict: a number is no text, a list is a list. Of lists the elements are what the command line takes;
// logit_bias is also OpenAI's map of ids to -100 to 100. Tokens and names that the model does not have are refused here,
// by the field, and not when the chain is built.
#pragma once

#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

// Starts from the model's own settings (ServedModel::sampling), or from the profile that the request names, and sets
// ask.options.sampling, the stops and ignore_end from the fields there are; validates the whole. Also the extras that
// every API shares: explain, explain_top, record, and those of local servers' clients. `ask.model` is set before. Throws
// ApiError with the field as its param.
void ReadSampling(Fields& fields, Ask& ask);

// `stop`, whatever its name in an API: text or a list of texts, none empty, at most kMostStops.
inline constexpr size_t kMostStops = 64;
std::vector<std::string> ReadStops(Fields& fields, std::string_view name);

}  // namespace sheepop
