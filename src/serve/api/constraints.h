// What is asked of the shape of an answer, as the APIs of OpenAI and Anthropic, llama-server and vLLM call it: one thing
// at most, by one field.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

// Reads response_format (text, json_object, json_schema), structured_outputs, guided_json, guided_regex, guided_choice,
// guided_grammar, guided_whitespace_pattern and show_schema, and takes json_schema, regex, grammar and choice as
// ReadSampling, which comes before, has found them. Sets ask.shape and the constraint of its sampling, which CheckShape
// has to read yet. Throws ApiError: 400 for what is wrong, and for two that ask for a shape, naming both; 501 for lora,
// audio and others that nobody here can do.
void ReadConstraints(Fields& fields, UnknownFields unknown, Ask& ask);

// The same of a format's object under a name of one API's own: {"type": "json_schema", "schema": ...}, the schema and its
// name there or in the member json_schema. `field` is what refusals and answers call it.
void ReadFormat(const boost::json::object& format, const std::string& field, UnknownFields unknown, Ask& ask);

// Says that `field` asks for a shape of this kind. Throws ApiError 400, naming both, where another does already.
void ClaimShape(std::string_view kind, const std::string& field, Ask& ask);

// Reads the grammar that is asked for, if one is: ask.shape then tells what of it is not kept. Throws ApiError 400 with
// the field, and for a schema its pointer, its keyword and the way out.
void CheckShape(Ask& ask);

// The schema that the text is to fit, for a line that shows it to the model; empty where there is none.
std::string ShownSchema(const Ask& ask);

// 501 for a field that asks for what cannot be done.
[[noreturn]] void RefuseYet(const std::string& param);

}  // namespace sheepop
