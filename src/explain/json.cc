#include "explain/json.h"

#include <boost/json/value.hpp>
#include <cmath>

#include "base/utf8.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class Writer {
 public:
  explicit Writer(const SamplingVocabulary& vocabulary) : vocabulary_(vocabulary) {}

  json::object Step(const Trace& trace) const {
    json::object out;
    out["position"] = trace.position;
    out["entry"] = Stage(trace.entry);
    json::array stages;
    for (const TracedStage& stage : trace.stages) stages.push_back(Stage(stage));
    out["stages"] = std::move(stages);
    out["u"] = trace.u;
    out["interval"] = {trace.low, trace.high};
    out["chosen"] = Token(trace.chosen);
    if (trace.forced) out["forced"] = true;
    if (!trace.watched.empty()) {
      json::array watched;
      for (const WatchedToken& token : trace.watched) watched.push_back(Watched(token));
      out["watched"] = std::move(watched);
    }
    return out;
  }

  json::array Steps(const Explanation& run) const {
    json::array steps;
    for (const Trace& trace : run.steps) steps.push_back(Step(trace));
    return steps;
  }

  std::string Piece(sheepop::Token token) const { return ToValidUtf8(vocabulary_.piece(token)); }

 private:
  // Of a piece that is no text by itself, as parts of characters are.
  void AddBytes(sheepop::Token token, json::object& out) const {
    const std::string_view bytes = vocabulary_.piece(token);
    if (IsValidUtf8(bytes)) return;
    json::array& numbers = out["bytes"].emplace_array();
    for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  }

  json::object Token(const TracedToken& token) const {
    json::object out{{"id", token.token},
                     {"piece", Piece(token.token)},
                     {"logit", token.logit},
                     {"prob", token.probability},
                     {"rank", token.rank}};
    AddBytes(token.token, out);
    return out;
  }

  json::array Tokens(const std::vector<TracedToken>& tokens) const {
    json::array list;
    for (const TracedToken& token : tokens) list.push_back(Token(token));
    return list;
  }

  json::object Stage(const TracedStage& stage) const {
    json::object out{{"name", stage.name},
                     {"kept", stage.kept},
                     {"removed_mass", stage.removed_mass},
                     {"entropy_bits", stage.entropy_bits},
                     {"temperature", stage.temperature},
                     {"top", Tokens(stage.top)}};
    if (!stage.why.empty()) out["why"] = stage.why;
    if (!stage.watched.empty()) out["watched"] = Tokens(stage.watched);
    return out;
  }

  json::object Watched(const WatchedToken& token) const {
    json::array remedies;
    for (const Remedy& remedy : token.remedies) {
      remedies.push_back({{"field", remedy.field}, {"from", remedy.from}, {"to", remedy.to}});
    }
    json::object out{{"id", token.token},
                     {"piece", Piece(token.token)},
                     {"rank", token.rank},
                     {"prob", token.probability},
                     {"removed_by", token.removed_by.empty() ? json::value(nullptr) : json::value(token.removed_by)},
                     {"remedies", std::move(remedies)}};
    if (!token.why.empty()) out["why"] = token.why;
    AddBytes(token.token, out);
    return out;
  }

  const SamplingVocabulary& vocabulary_;
};

json::array Ids(const Explanation& run) {
  json::array ids;
  for (const Trace& trace : run.steps) ids.push_back(trace.chosen.token);
  return ids;
}

json::object RunJson(const Explanation& run, const Writer& writer) {
  return {
      {"steps", writer.Steps(run)}, {"text", run.text}, {"ids", Ids(run)}, {"finish_reason", Name(run.finish_reason)}};
}

// Only what the profile does not say already.
json::object Settings(const SamplingOptions& options) {
  json::object out{{"profile", options.profile}};
  for (const ChangedSetting& setting : ChangedSettings(SamplingOptions(), options)) out[setting.field] = setting.second;
  out.erase("seed");
  return out;
}

json::object AgainstJson(const ExplainReport& report, const Writer& writer) {
  json::object out = RunJson(*report.second, writer);
  json::array changed;
  for (const ChangedSetting& setting : ChangedSettings(report.first.sampling, report.second->sampling)) {
    changed.push_back({{"field", setting.field}, {"first", setting.first}, {"second", setting.second}});
  }
  out["settings"] = std::move(changed);
  out["divergence"] = nullptr;
  if (report.divergence) {
    const Divergence& found = *report.divergence;
    out["divergence"] = {
        {"step", found.step},   {"position", found.first.position},  {"stage", found.stage},
        {"cause", found.cause}, {"first", writer.Step(found.first)}, {"second", writer.Step(found.second)}};
  }
  return out;
}

}  // namespace

json::object ReportJson(const ExplainReport& report, const SamplingVocabulary& vocabulary) {
  const Writer writer(vocabulary);
  json::object out = RunJson(report.first, writer);
  if (!report.model.empty()) out["model"] = report.model;
  out["prompt_ids"] = json::array(report.prompt_ids.begin(), report.prompt_ids.end());
  out["prompt"] = report.prompt_text;
  out["seed"] = report.seed;
  out["settings"] = Settings(report.first.sampling);
  if (report.second) out["against"] = AgainstJson(report, writer);
  return out;
}

json::object TraceJson(const Trace& trace, const SamplingVocabulary& vocabulary) {
  return Writer(vocabulary).Step(trace);
}

}  // namespace sheepop
