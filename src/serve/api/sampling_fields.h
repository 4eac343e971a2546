// The fields that say how to draw, the same in every API: each row of kSamplingTable by its JSON name, and the names
// that clients of other servers use for some of them (repetition_penalty, stop_token_ids, ...).
#pragma once

#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

// Starts from the model's own settings (ServedModel::sampling), or from the profile that the request names, and sets
// ask.options.sampling, the stops and ignore_end from the fields there are; validates the whole. Also the extras that
// every API shares: explain, explain_top, record, and those of local servers' clients. `ask.model` is set before. Throws
// ApiError with the field as its param.
void ReadSampling(Fields& fields, Ask& ask);

}  // namespace sheepop
