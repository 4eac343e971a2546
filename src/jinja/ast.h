// The tree the parser makes of a template. Immutable once made, so renders in several threads share it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jinja/value.h"

namespace sheepop::jinja {

enum class ExpressionKind {
  kConstant,            // value
  kName,                // name
  kNamespaceAttribute,  // name.attribute, only as the target of a set
  kTuple,               // operands
  kList,                // operands
  kDict,                // operands: key, value, key, value, ...
  kAttribute,           // operands[0].name
  kItem,                // operands[0][operands[1]]
  kSlice,               // start, stop, step, each may be null; only as operands[1] of kItem
  kCall,                // operands[0](operands[1..], named, *star, **star_star)
  kFilter,              // operands[0] | name(...); operands[0] is null in a filter block
  kTest,                // operands[0] is name(...)
  kNot,
  kNegate,
  kPlus,
  kAnd,
  kOr,
  kConditional,  // operands: test, then, otherwise (may be null)
  kConcat,       // operands joined by ~
  kCompare,      // operands[0] operators[0] operands[1] operators[1] ...
  kBinary,       // operands[0] operators[0] operands[1]
};

enum class Operator {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  ExpressionKind kind;
  int line;
  uint32_t height = 1;  // of the tree below, bounded by the parser
  Value value = {};
  std::string name = {};
  std::string attribute = {};
  std::vector<ExpressionPtr> operands = {};
  std::vector<Operator> operators = {};
  std::vector<std::pair<std::string, ExpressionPtr>> named = {};
  ExpressionPtr star = nullptr;
  ExpressionPtr star_star = nullptr;
};

enum class StatementKind {
  kOutput,       // expressions, template text among them as constants
  kIf,           // expressions[i] decides about bodies[i]; one body more is the else
  kFor,          // target in expressions[0], filtered by expressions[1] (may be null); bodies: loop, else
  kSet,          // target = expressions[0]
  kSetBlock,     // target = bodies[0], through the filters of expressions[0] (may be null)
  kMacro,        // name, parameters, bodies[0]
  kCallBlock,    // expressions[0] is the call; parameters and bodies[0] are its caller
  kFilterBlock,  // bodies[0] through the filters of expressions[0]
  kWith,         // targets[i] = expressions[i] inside bodies[0]
  kScope,        // bodies[0] with variables of its own: {% generation %}
  kBreak,
  kContinue,
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

struct Parameter {
  std::string name;
  ExpressionPtr default_value;  // may be null
};

struct Statement {
  StatementKind kind;
  int line;
  std::string name = {};
  ExpressionPtr target = nullptr;
  std::vector<ExpressionPtr> targets = {};
  std::vector<ExpressionPtr> expressions = {};
  std::vector<Body> bodies = {};
  std::vector<Parameter> parameters = {};
  bool recursive = false;
  // Of a macro: which of the implied variables its body reads.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

}  // namespace sheepop::jinja
