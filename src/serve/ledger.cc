#include "serve/ledger.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>

#include "base/counted_warnings.h"
#include "base/json.h"
#include "kernel/packed.h"
#include "sample/idle_options.h"
#include "sample/options_json.h"
#include "sample/profile.h"

namespace sheepop {
namespace {

namespace json = boost::json;

json::object TokensJson(const Ask& ask, const Ledger& ledger) {
  size_t of_template = 0;
  json::array messages;
  for (const AskedPrompt& prompt : ask.prompts) {
    of_template += prompt.parts.template_tokens;
    for (const size_t tokens : prompt.parts.message_tokens) messages.push_back(tokens);
  }
  return {{"prompt", ledger.prompt_tokens}, {"template", of_template},     {"messages", std::move(messages)},
          {"reused", ledger.reused},        {"computed", ledger.computed}, {"dropped", 0},
          {"written", ledger.written},      {"thinking", ledger.thinking}};
}

json::object ShapeJson(const AskedShape& shape, size_t forced) {
  json::array unkept;
  for (const schema::SchemaFault& fault : shape.not_enforced) {
    unkept.push_back({{"pointer", fault.pointer}, {"keyword", fault.keyword}, {"message", fault.message}});
  }
  return {{"kind", shape.kind},
          {"warnings", json::array(shape.warnings.begin(), shape.warnings.end())},
          {"not_enforced", std::move(unkept)},
          {"forced", forced},
          {"schema_shown", shape.schema_shown}};
}

// The settings in force that are not their profile's own. The shape itself, which may be long, is the request's.
json::object SamplingJson(const SamplingOptions& sampling) {
  json::object all = SettingsJson(sampling), changed;
  const json::object usual = SettingsJson(ProfileNamed(sampling.profile).defaults);
  for (const auto& [name, value] : all) {
    if (usual.at(name) != value) changed[name] = value;
  }
  for (const std::string_view name : {"profile", "json_schema", "regex", "grammar", "choice"}) changed.erase(name);
  return changed;
}

// What may be different while the bits of every logit stay the same.
json::array SameBits(const Model& model) {
  json::array same{"threads", "batch", "chunks", "cache", "clients"};
  if (kernel::IsQuantised(model.weights().output().type)) same.emplace_back("isa");
  return same;
}

json::array WarningsJson(const CountedWarnings& told) {
  json::array warnings;
  for (const auto& [warning, count] : told.all()) {
    json::object entry{
        {"code", warning.code}, {"thing", warning.thing}, {"value", warning.value}, {"message", warning.line}};
    if (count > 1) entry["count"] = count;
    warnings.push_back(std::move(entry));
  }
  return warnings;
}

json::value CapsuleJson(const Ask& ask, uint64_t seed, std::span<const CapsuleSequence> recorded) {
  const ServedModel& model = *ask.model;
  Capsule capsule;
  capsule.build = ThisBuild();
  capsule.isa = Name(model.loaded.model->isa());
  capsule.model = model.loaded.path.string();
  capsule.model_sha256 = model.hash->sha256();
  capsule.tokenizer_sha256 = TokenizerSha256(*model.loaded.tokenizer);
  capsule.engine = model.engine;
  capsule.engine.context = model.context;
  capsule.sampling = ask.options.sampling;
  capsule.seed = seed;
  capsule.prompt = ask.prompts[0].ids;
  capsule.sequences.assign(recorded.begin(), recorded.end());
  return ParseJson(CapsuleText(capsule), "the capsule");  // to the last bit of each number
}

}  // namespace

Ledger MakeLedger(const Ask& ask, uint64_t seed, std::span<const ChoiceCost> costs,
                  std::span<const CapsuleSequence> recorded) {
  Ledger ledger;
  ledger.seed = seed;
  size_t preempted = 0, recomputed = 0, forced = 0;
  json::array reasons;
  for (size_t choice = 0; choice < costs.size(); ++choice) {
    const Usage& usage = costs[choice].usage;
    if (choice % ask.n == 0) {
      ledger.prompt_tokens += ask.prompts[choice / ask.n].ids.size();
      ledger.reused += usage.reused;
      ledger.computed += usage.computed;
    }
    ledger.written += usage.written;
    ledger.thinking += costs[choice].thinking;
    forced += usage.forced;
    preempted += usage.preempted;
    recomputed += usage.recomputed;
    ledger.queue_s = std::max(ledger.queue_s, usage.queue_s);
    ledger.first_token_s = std::max(ledger.first_token_s, usage.first_token_s);
    ledger.total_s = std::max(ledger.total_s, usage.total_s);
    reasons.push_back(json::value(Name(costs[choice].reason)));
  }
  const double decode_s = ledger.total_s - ledger.first_token_s;
  json::object& out = ledger.sheepop;
  out["tokens"] = TokensJson(ask, ledger);
  out["finish"] = std::move(reasons);
  out["seed"] = seed;
  out["profile"] = ask.options.sampling.profile;
  out["sampling"] = SamplingJson(ask.options.sampling);
  if (!ask.advised.empty()) out["advised"] = AdviceJson(*ask.model, ask.advised);
  out["isa"] = Name(ask.model->loaded.model->isa());
  out["same_bits_whatever"] = SameBits(*ask.model->loaded.model);
  out["time"] = {{"queue_s", ledger.queue_s},
                 {"first_token_s", ledger.first_token_s},
                 {"total_s", ledger.total_s},
                 {"tokens_per_s", decode_s > 0 ? static_cast<double>(ledger.written) / decode_s : 0.0}};
  if (ask.shape) out["constraint"] = ShapeJson(*ask.shape, forced);
  if (preempted > 0) out["preempted"] = {{"times", preempted}, {"recomputed", recomputed}};
  if (!ask.model->checkpoint.empty()) out["checkpoint"] = ask.model->checkpoint;
  if (!ask.unused.empty()) out["unused"] = json::array(ask.unused.begin(), ask.unused.end());
  CountedWarnings told;
  const auto warn = [&](const Warning& warning) { told.Add(warning); };
  for (const AskedPrompt& prompt : ask.prompts) std::ranges::for_each(prompt.warnings, warn);
  std::ranges::for_each(IdleOptions(ask.options.sampling, ask.given, false), warn);
  if (std::ranges::any_of(costs, [](const ChoiceCost& cost) { return cost.usage.clipped; })) warn(ClippedWarning());
  if (!told.empty()) out["warnings"] = WarningsJson(told);
  if (!recorded.empty()) out["capsule"] = CapsuleJson(ask, seed, recorded);
  return ledger;
}

}  // namespace sheepop
