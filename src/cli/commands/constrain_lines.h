// Many schemas with texts, one in a line of JSON, as `constrain --jsonl` reads and answers them.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <string_view>

#include "cli/commands/constrain_check.h"
#include "cli/commands/constrain_examples.h"
#include "sample/schema/json_schema.h"

namespace sheepop::cli {

struct LineOptions {
  schema::SchemaOptions schema;
  std::shared_ptr<const TokenTable> table;
  const SamplingVocabulary* vocabulary = nullptr;  // of a model; null: texts are judged by their bytes alone
  MaskTiming timing;
  ExampleOptions examples;  // of each schema; by tokens where there is a model
};

// Calls `answer` with a line of JSON for each line of `lines`, at once and in their order. Of {"schema": ..., "texts":
// [...]} it is {"refused": null, or where the schema cannot be kept {"pointer", "keyword", "message"}, "accepted": [bool
// ...] of the texts, "compile_us": microseconds from the schema to where masks can be made, "mask_us": [of each mask, in
// the order of texts and tokens; empty without a model], "warnings": [text ...], "not_enforced": [{"pointer", "keyword",
// "message"} ...]}, and where examples are asked for, "examples": [text ...] and "unfinished": of how many no end came; a line
// without "texts" then has none. Where a line is none of that or its texts cannot be judged, {"line": from 1, "error": {"category",
// "message"}} besides what is known: the others are answered all the same. Empty lines are passed over. All times are
// processor time of this thread.
void AnswerLines(std::istream& lines, std::string_view name, const LineOptions& options,
                 const std::function<void(std::string_view line)>& answer);

}  // namespace sheepop::cli
