#include "serve/api/openai_fields.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>

#include "serve/api/constraints.h"
#include "serve/api/sampling_fields.h"

namespace sheepop {
namespace {

void ReadStreamOptions(Fields& fields, const RequestContext& context, Ask& ask, OpenAiShape& shape) {
  ask.stream = fields.Bool("stream").value_or(false);
  const boost::json::object* const options = fields.Object("stream_options");
  if (!options) return;
  if (!ask.stream) fields.Refuse("stream_options", "says how to stream, but stream is not true");
  Fields inside(*options, fields.Path("stream_options"));
  shape.include_usage = inside.Bool("include_usage").value_or(false);
  shape.continuous_usage = inside.Bool("continuous_usage_stats").value_or(false);
  if (inside.Bool("include_obfuscation")) ask.unused.push_back(inside.Path("include_obfuscation"));
  inside.Finish(context.unknown, ask.unused);
}

}  // namespace

OpenAiShape ReadOpenAiFields(Fields& fields, const RequestContext& context, Ask& ask) {
  ask.model = context.models.Find(fields.String("model").value_or(""));
  OpenAiShape shape;
  ReadStreamOptions(fields, context, ask, shape);
  const auto most = static_cast<double>(ask.model->engine.sequences);
  ask.n = static_cast<size_t>(fields.Integer("n", Between(1, most)).value_or(1));
  shape.token_ids = fields.Bool("return_token_ids").value_or(false);
  ReadSampling(fields, ask);
  ReadConstraints(fields, context.unknown, ask);
  fields.Unused({"store", "metadata", "user", "service_tier", "safety_identifier", "moderation", "prompt_cache_key",
                 "prompt_cache_options", "prompt_cache_retention", "prediction"},
                ask.unused);
  return shape;
}

std::optional<size_t> ReadMaxTokens(Fields& fields, std::initializer_list<std::string_view> names) {
  std::optional<int64_t> found;
  std::string_view found_as;
  for (std::string_view name : names) {
    const std::optional<int64_t> value = fields.Integer(name, AtLeast(1));
    if (value && found && *value != *found) {
      fields.Refuse(name, fmt::format("is {}, but {} is {}: give one of them", *value, found_as, *found));
    }
    if (!value) continue;
    found = value;
    found_as = name;
  }
  if (!found) return {};
  return static_cast<size_t>(*found);
}

}  // namespace sheepop
