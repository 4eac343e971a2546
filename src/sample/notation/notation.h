// Grammars as people write them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sample/grammar/grammar.h"
#include "sample/schema/json_schema.h"

namespace sheepop::notation {

// llama.cpp's GBNF: the rule "root" is the start. Throws kInvalidArgument, naming line, column and what stands there, and
// kLimit past a bound. Left recursion is fine. Rules that the start does not lead to are noted.
grammar::Symbol AddGbnf(std::string_view text, grammar::Grammar& grammar, schema::SchemaNotes& notes);

// Lark's grammar files, as far as they say which texts there are: rules, terminals with regular expressions and their flags,
// "..", ~, ?, *, +, templates, %ignore, %import of common terminals, %declare refused. The rule "start" is the start. What only shapes Lark's trees
// (aliases, priorities, !, ?) is read and changes nothing. Beyond Lark: `%json {...}` in a rule is what a JSON schema
// allows, `<name>` a control token whose name is all of that, `<"name">` one with any name ("[INST]"), `~/regex/` text without any match of the expression in it.
// Terminals match by their language alone: no longest match, no keywords before names. Throws like AddGbnf, and
// SchemaError.
grammar::Symbol AddLark(std::string_view text, const schema::SchemaOptions& options, grammar::Grammar& grammar,
                        schema::SchemaNotes& notes);

// Which of the two: by the form of its rules ("::=" or ":").
grammar::Symbol AddGrammar(std::string_view text, const schema::SchemaOptions& options, grammar::Grammar& grammar,
                           schema::SchemaNotes& notes);

// A regular expression for the whole text (PatternMeaning::kWhole).
grammar::Symbol AddRegex(std::string_view regex, grammar::Grammar& grammar);

// One of these texts. Throws kInvalidArgument for an empty list or text.
grammar::Symbol AddChoice(std::span<const std::string> choices, grammar::Grammar& grammar);

}  // namespace sheepop::notation
