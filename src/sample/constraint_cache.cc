#include "sample/constraint_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "sample/grammar/text_language.h"
#include "sample/notation/notation.h"

namespace sheepop {
namespace {

constexpr size_t kMostKept = 32;
constexpr size_t kMostBytes = size_t{192} << 20;  // of a grammar that is used again; a larger one is begun anew

// Everything that the constraint depends on.
std::string KeyOf(const ConstraintOptions& options) {
  SamplingOptions all;
  all.constraint = options;
  all.constraint.forced_runs = {};
  return kSamplingTable.Fingerprint(all);
}

void RequireOne(const ConstraintOptions& options) {
  const int given =
      !options.json_schema.empty() + !options.regex.empty() + !options.grammar.empty() + !options.choices.empty();
  if (given <= 1) return;
  throw Error(ErrorCategory::kInvalidArgument,
              "{} of json_schema, regex, grammar and choice are given, a text has one of them; leave the others out",
              given);
}

grammar::Symbol AddShape(const ConstraintOptions& options, grammar::Grammar& grammar, schema::SchemaNotes& notes) {
  if (!options.json_schema.empty()) {
    return schema::AddJsonSchema(ParseJson(options.json_schema, "json_schema"), options.schema, grammar, notes);
  }
  if (!options.regex.empty()) return notation::AddRegex(options.regex, grammar);
  if (!options.choices.empty()) return notation::AddChoice(options.choices, grammar);
  return notation::AddGrammar(options.grammar, options.schema, grammar, notes);
}

// A mark as the grammar sees it: control tokens whose names stand in it, and text.
std::string MarkBytes(std::string_view mark, const SamplingVocabulary& vocabulary) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (vocabulary.use(token) != TokenUse::kControl) continue;
    const std::string_view name = vocabulary.piece(token);
    if (!name.empty() && mark.find(name) != std::string_view::npos) names.push_back(name);
  }
  std::ranges::sort(names, std::ranges::greater(), &std::string_view::size);
  std::string bytes;
  while (!mark.empty()) {
    const auto begins = [&](std::string_view name) { return mark.starts_with(name); };
    const auto found = std::ranges::find_if(names, begins);
    const size_t size = found == names.end() ? 1 : found->size();
    if (found != names.end()) bytes += grammar::kControlMark;
    bytes += mark.substr(0, size);
    mark.remove_prefix(size);
  }
  return bytes;
}

grammar::Symbol AddText(std::string name, grammar::RegexId regex, std::shared_ptr<grammar::RegexPool> pool,
                        grammar::Grammar& grammar) {
  return grammar.AddTerminal(grammar::MakeTextLanguage(std::move(pool), regex), std::move(name));
}

// Thoughts up to the first mark that closes them and a line break or two, then `shape`.
grammar::Symbol AddThoughts(const ThinkingOptions& thinking, grammar::Symbol shape,
                            const SamplingVocabulary& vocabulary, grammar::Grammar& grammar) {
  auto pool = std::make_shared<grammar::RegexPool>();
  const std::string close = MarkBytes(thinking.close, vocabulary);
  const grammar::RegexId any = pool->Any();
  const grammar::RegexId free =
      close == thinking.close ? pool->Complement(pool->Concat(std::vector{any, pool->Text(close), any})) : any;
  const grammar::Symbol thoughts = AddText("thoughts", free, pool, grammar);
  const grammar::Symbol breaks = AddText("line breaks", pool->Repeat(pool->Text("\n"), 0, 2), pool, grammar);
  const grammar::Production behind = {thoughts, grammar.Literal(close), breaks, shape};
  if (thinking.open.empty()) return grammar.AddRule("thoughts, then the text", {behind});
  grammar::Production opened = {breaks, grammar.Literal(MarkBytes(thinking.open, vocabulary))};
  opened.insert(opened.end(), behind.begin(), behind.end());
  return grammar.AddRule("thoughts or the text", {opened, {shape}});
}

grammar::Symbol Add(const ConstraintOptions& options, const SamplingVocabulary& vocabulary, grammar::Grammar& grammar,
                    schema::SchemaNotes& notes) {
  const grammar::Symbol shape = AddShape(options, grammar, notes);
  if (options.thinking.close.empty()) return shape;
  return AddThoughts(options.thinking, shape, vocabulary, grammar);
}

}  // namespace

std::vector<Warning> WarningsOf(const schema::SchemaNotes& notes) {
  std::vector<Warning> warnings = notes.warnings;
  for (const schema::SchemaFault& fault : notes.not_enforced) {
    const std::string where = fault.pointer + "/" + fault.keyword;
    warnings.push_back({"not_enforced", where, "", fmt::format("{}: not enforced: {}", where, fault.message)});
  }
  return warnings;
}

std::shared_ptr<const ReadConstraint> ConstraintCache::Get(const ConstraintOptions& options,
                                                           const SamplingVocabulary& vocabulary) {
  RequireOne(options);
  std::string key = KeyOf(options);
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(kept_, key, &decltype(kept_)::value_type::first);
  if (known != kept_.end()) {
    const Constraint::Counts counts = known->second->constraint.counts();
    if (counts.bytes <= kMostBytes && !counts.failed) {
      std::rotate(known, known + 1, kept_.end());
      return kept_.back().second;
    }
    kept_.erase(known);
  }
  if (!table_) table_ = std::make_shared<const TokenTable>(vocabulary);
  auto grammar = std::make_unique<grammar::Grammar>();
  schema::SchemaNotes notes;
  const grammar::Symbol start = Add(options, vocabulary, *grammar, notes);
  auto read = std::make_shared<const ReadConstraint>(std::move(grammar), start, table_, std::move(notes));
  if (kept_.size() == kMostKept) kept_.erase(kept_.begin());
  kept_.emplace_back(std::move(key), read);
  return read;
}

}  // namespace sheepop
