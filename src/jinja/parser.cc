#include "jinja/parser.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "base/error.h"
#include "jinja/lexer.h"

namespace sheepop::jinja {

namespace {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Body Run() { return ParseBody({}); }

 private:
  // Counts one level of recursion while it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxParseDepth) parser_.FailDepth();
    }
    ~Level() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  [[noreturn]] void FailDepth() const {
    throw Error(ErrorCategory::kLimit, "chat template, line {}: nested deeper than {}", Peek().line, kMaxParseDepth);
  }
  [[noreturn]] void Fail(const std::string& message) const { FailAtLine(Peek().line, message); }
  [[noreturn]] void FailUnexpected() const { Fail("unexpected '" + Peek().text + "'"); }

  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(position_ + ahead, tokens_.size() - 1)]; }
  const Token& Next() {
    const Token& token = Peek();
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  bool IsOperator(std::string_view text, size_t ahead = 0) const {
    return Peek(ahead).type == TokenType::kOperator && Peek(ahead).text == text;
  }
  bool IsName(std::string_view text, size_t ahead = 0) const {
    return Peek(ahead).type == TokenType::kName && Peek(ahead).text == text;
  }
  bool SkipOperator(std::string_view text) { return IsOperator(text) && (Next(), true); }
  bool SkipName(std::string_view text) { return IsName(text) && (Next(), true); }
  void ExpectOperator(std::string_view text) {
    if (!SkipOperator(text)) Fail("expected '" + std::string(text) + "', got '" + Peek().text + "'");
  }
  void ExpectName(std::string_view text) {
    if (!SkipName(text)) Fail("expected '" + std::string(text) + "', got '" + Peek().text + "'");
  }
  std::string ExpectAnyName() {
    if (Peek().type != TokenType::kName) Fail("expected a name, got '" + Peek().text + "'");
    return Next().text;
  }
  void ExpectBlockEnd() {
    if (Peek().type != TokenType::kBlockEnd) Fail("expected '%}', got '" + Peek().text + "'");
    Next();
  }

  ExpressionPtr Make(ExpressionKind kind, int line) const {
    return std::make_unique<Expression>(Expression{.kind = kind, .line = line});
  }

  // `a.b.c`, `a + b + c` and the like grow trees without recursion here, but walking them recurses.
  void Adopt(Expression& parent, const Expression* child) const {
    if (!child) return;
    parent.height = std::max(parent.height, child->height + 1);
    if (parent.height > kMaxParseDepth) FailDepth();
  }
  void AddOperand(Expression& parent, ExpressionPtr child) const {
    Adopt(parent, child.get());
    parent.operands.push_back(std::move(child));
  }

  ExpressionPtr Unary(ExpressionKind kind, int line, ExpressionPtr operand) const {
    ExpressionPtr node = Make(kind, line);
    AddOperand(*node, std::move(operand));
    return node;
  }
  ExpressionPtr Binary(ExpressionKind kind, int line, ExpressionPtr left, ExpressionPtr right) const {
    ExpressionPtr node = Unary(kind, line, std::move(left));
    AddOperand(*node, std::move(right));
    return node;
  }

  // --- expressions, from the loosest binding to the tightest ---

  ExpressionPtr ParseExpression(bool with_conditional = true) {
    Level level(*this);
    return with_conditional ? ParseConditional() : ParseOr();
  }

  ExpressionPtr ParseConditional() {
    int line = Peek().line;
    ExpressionPtr then = ParseOr();
    while (SkipName("if")) {
      ExpressionPtr node = Unary(ExpressionKind::kConditional, line, ParseOr());
      AddOperand(*node, std::move(then));
      AddOperand(*node, SkipName("else") ? ParseExpression() : nullptr);
      then = std::move(node);
    }
    return then;
  }

  ExpressionPtr ParseOr() {
    ExpressionPtr left = ParseAnd();
    while (IsName("or")) {
      int line = Next().line;
      left = Binary(ExpressionKind::kOr, line, std::move(left), ParseAnd());
    }
    return left;
  }

  ExpressionPtr ParseAnd() {
    ExpressionPtr left = ParseNot();
    while (IsName("and")) {
      int line = Next().line;
      left = Binary(ExpressionKind::kAnd, line, std::move(left), ParseNot());
    }
    return left;
  }

  ExpressionPtr ParseNot() {
    if (!IsName("not")) return ParseCompare();
    Level level(*this);
    int line = Next().line;
    return Unary(ExpressionKind::kNot, line, ParseNot());
  }

  std::optional<Operator> TakeComparison() {
    static constexpr std::pair<std::string_view, Operator> kComparisons[] = {
        {"==", Operator::kEqual},     {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
        {"<=", Operator::kLessEqual}, {">", Operator::kGreater},   {">=", Operator::kGreaterEqual}};
    for (const auto& [text, comparison] : kComparisons) {
      if (SkipOperator(text)) return comparison;
    }
    if (SkipName("in")) return Operator::kIn;
    if (IsName("not") && IsName("in", 1)) {
      Next();
      Next();
      return Operator::kNotIn;
    }
    return std::nullopt;
  }

  ExpressionPtr ParseCompare() {
    int line = Peek().line;
    ExpressionPtr first = ParseSum();
    std::optional<Operator> comparison = TakeComparison();
    if (!comparison) return first;
    ExpressionPtr node = Unary(ExpressionKind::kCompare, line, std::move(first));
    for (; comparison; comparison = TakeComparison()) {
      node->operators.push_back(*comparison);
      AddOperand(*node, ParseSum());
    }
    return node;
  }

  ExpressionPtr MakeBinary(Operator operation, int line, ExpressionPtr left, ExpressionPtr right) const {
    ExpressionPtr node = Binary(ExpressionKind::kBinary, line, std::move(left), std::move(right));
    node->operators.push_back(operation);
    return node;
  }

  ExpressionPtr ParseSum() {
    ExpressionPtr left = ParseConcat();
    while (IsOperator("+") || IsOperator("-")) {
      const Token& token = Next();
      Operator operation = token.text == "+" ? Operator::kAdd : Operator::kSubtract;
      left = MakeBinary(operation, token.line, std::move(left), ParseConcat());
    }
    return left;
  }

  ExpressionPtr ParseConcat() {
    int line = Peek().line;
    ExpressionPtr first = ParseProduct();
    if (!IsOperator("~")) return first;
    ExpressionPtr node = Unary(ExpressionKind::kConcat, line, std::move(first));
    while (SkipOperator("~")) AddOperand(*node, ParseProduct());
    return node;
  }

  ExpressionPtr ParseProduct() {
    static constexpr std::pair<std::string_view, Operator> kProducts[] = {
        {"*", Operator::kMultiply}, {"/", Operator::kDivide}, {"//", Operator::kFloorDivide}, {"%", Operator::kModulo}};
    ExpressionPtr left = ParsePower();
    while (true) {
      auto found = std::find_if(std::begin(kProducts), std::end(kProducts),
                                [&](const auto& product) { return IsOperator(product.first); });
      if (found == std::end(kProducts)) return left;
      int line = Next().line;
      left = MakeBinary(found->second, line, std::move(left), ParsePower());
    }
  }

  ExpressionPtr ParsePower() {
    ExpressionPtr left = ParseUnary();
    while (IsOperator("**")) {
      int line = Next().line;
      left = MakeBinary(Operator::kPower, line, std::move(left), ParseUnary());
    }
    return left;
  }

  ExpressionPtr ParseUnary(bool with_filters = true) {
    Level level(*this);
    ExpressionPtr node;
    if (IsOperator("-") || IsOperator("+")) {
      const Token& token = Next();
      ExpressionKind kind = token.text == "-" ? ExpressionKind::kNegate : ExpressionKind::kPlus;
      node = Unary(kind, token.line, ParseUnary(false));
    } else {
      node = ParsePrimary();
    }
    node = ParsePostfix(std::move(node));
    return with_filters ? ParseFiltersAndTests(std::move(node)) : std::move(node);
  }

  ExpressionPtr ParsePrimary() {
    const Token& token = Peek();
    if (token.type == TokenType::kName) return ParseName();
    if (token.type == TokenType::kNumber) {
      ExpressionPtr node = Make(ExpressionKind::kConstant, token.line);
      node->value = Next().number;
      return node;
    }
    if (token.type == TokenType::kString) {
      std::string text;
      while (Peek().type == TokenType::kString) text += Next().text;
      return Constant(Value::Literal(text), token.line);
    }
    if (SkipOperator("(")) {
      ExpressionPtr node = ParseTuple({.explicit_parentheses = true});
      ExpectOperator(")");
      return node;
    }
    if (IsOperator("[")) return ParseList();
    if (IsOperator("{")) return ParseDict();
    FailUnexpected();
  }

  ExpressionPtr Constant(Value value, int line) const {
    ExpressionPtr node = Make(ExpressionKind::kConstant, line);
    node->value = std::move(value);
    return node;
  }

  ExpressionPtr ParseName() {
    const Token& token = Next();
    const std::string& text = token.text;
    if (text == "true" || text == "True") return Constant(Value(true), token.line);
    if (text == "false" || text == "False") return Constant(Value(false), token.line);
    if (text == "none" || text == "None") return Constant(Value(), token.line);
    for (Statement* macro : macros_) {
      macro->uses_varargs |= text == "varargs";
      macro->uses_kwargs |= text == "kwargs";
      macro->uses_caller |= text == "caller";
    }
    ExpressionPtr node = Make(ExpressionKind::kName, token.line);
    node->name = text;
    return node;
  }

  struct TupleRules {
    bool simplified = false;  // names and literals only: an assignment's target
    bool with_conditional = true;
    bool explicit_parentheses = false;
    std::string_view ends_at_name = {};
  };

  bool AtTupleEnd(const TupleRules& rules) const {
    TokenType type = Peek().type;
    return type == TokenType::kVariableEnd || type == TokenType::kBlockEnd || IsOperator(")") ||
           (!rules.ends_at_name.empty() && IsName(rules.ends_at_name));
  }

  ExpressionPtr ParseTuple(const TupleRules& rules) {
    Level level(*this);
    int line = Peek().line;
    std::vector<ExpressionPtr> items;
    bool is_tuple = false;
    while (!AtTupleEnd(rules)) {
      items.push_back(rules.simplified ? ParsePrimary() : ParseExpression(rules.with_conditional));
      if (!SkipOperator(",")) break;
      is_tuple = true;
    }
    if (!is_tuple && !items.empty()) return std::move(items.front());
    if (!is_tuple && !rules.explicit_parentheses) Fail("expected an expression, got '" + Peek().text + "'");
    ExpressionPtr node = Make(ExpressionKind::kTuple, line);
    for (ExpressionPtr& item : items) AddOperand(*node, std::move(item));
    return node;
  }

  ExpressionPtr ParseList() {
    ExpressionPtr node = Make(ExpressionKind::kList, Next().line);
    while (!IsOperator("]")) {
      AddOperand(*node, ParseExpression());
      if (!SkipOperator(",")) break;
    }
    ExpectOperator("]");
    return node;
  }

  ExpressionPtr ParseDict() {
    ExpressionPtr node = Make(ExpressionKind::kDict, Next().line);
    while (!IsOperator("}")) {
      AddOperand(*node, ParseExpression());
      ExpectOperator(":");
      AddOperand(*node, ParseExpression());
      if (!SkipOperator(",")) break;
    }
    ExpectOperator("}");
    return node;
  }

  ExpressionPtr ParsePostfix(ExpressionPtr node) {
    while (true) {
      if (IsOperator(".")) {
        node = ParseAttribute(std::move(node));
      } else if (IsOperator("[")) {
        node = ParseItem(std::move(node));
      } else if (IsOperator("(")) {
        node = ParseCall(std::move(node));
      } else {
        return node;
      }
    }
  }

  ExpressionPtr ParseAttribute(ExpressionPtr object) {
    int line = Next().line;
    const Token& token = Next();
    if (token.type == TokenType::kName) {
      ExpressionPtr node = Unary(ExpressionKind::kAttribute, line, std::move(object));
      node->name = token.text;
      return node;
    }
    if (token.type != TokenType::kNumber || !token.number.IsInt()) FailAtLine(line, "expected a name after '.'");
    return Binary(ExpressionKind::kItem, line, std::move(object), Constant(token.number, line));
  }

  ExpressionPtr ParseItem(ExpressionPtr object) {
    int line = Next().line;
    std::vector<ExpressionPtr> keys;
    bool is_tuple = false;
    while (!IsOperator("]")) {
      keys.push_back(ParseSubscript());
      if (!SkipOperator(",")) break;
      is_tuple = true;
    }
    ExpectOperator("]");
    if (keys.empty()) FailAtLine(line, "expected a subscript");
    ExpressionPtr key = std::move(keys.front());
    if (is_tuple) {
      ExpressionPtr tuple = Unary(ExpressionKind::kTuple, line, std::move(key));
      for (size_t i = 1; i < keys.size(); ++i) AddOperand(*tuple, std::move(keys[i]));
      for (const ExpressionPtr& part : tuple->operands) {
        if (part->kind == ExpressionKind::kSlice) FailAtLine(line, "a slice cannot be part of a tuple");
      }
      key = std::move(tuple);
    }
    return Binary(ExpressionKind::kItem, line, std::move(object), std::move(key));
  }

  ExpressionPtr ParseSubscript() {
    int line = Peek().line;
    ExpressionPtr start = IsOperator(":") ? nullptr : ParseExpression();
    if (!SkipOperator(":")) return start;
    ExpressionPtr slice = Unary(ExpressionKind::kSlice, line, std::move(start));
    auto at_end = [this] { return IsOperator(":") || IsOperator("]") || IsOperator(","); };
    AddOperand(*slice, at_end() ? nullptr : ParseExpression());
    AddOperand(*slice, SkipOperator(":") && !at_end() ? ParseExpression() : nullptr);
    return slice;
  }

  ExpressionPtr ParseCall(ExpressionPtr callee) {
    ExpressionPtr node = Unary(ExpressionKind::kCall, Peek().line, std::move(callee));
    ParseArguments(*node);
    return node;
  }

  void ParseArguments(Expression& call) {
    ExpectOperator("(");
    while (!IsOperator(")")) {
      ParseArgument(call);
      if (!SkipOperator(",")) break;
    }
    ExpectOperator(")");
  }

  void ParseArgument(Expression& call) {
    if (SkipOperator("*")) {
      if (call.star || call.star_star) Fail("a call takes one *argument");
      call.star = ParseExpression();
      Adopt(call, call.star.get());
    } else if (SkipOperator("**")) {
      if (call.star_star) Fail("a call takes one **argument");
      call.star_star = ParseExpression();
      Adopt(call, call.star_star.get());
    } else if (Peek().type == TokenType::kName && IsOperator("=", 1)) {
      if (call.star_star) Fail("a named argument follows **");
      std::string name = Next().text;
      Next();
      for (const auto& [other, value] : call.named) {
        if (other == name) Fail("the argument '" + name + "' is given twice");
      }
      call.named.emplace_back(std::move(name), ParseExpression());
      Adopt(call, call.named.back().second.get());
    } else {
      if (call.star || call.star_star || !call.named.empty()) Fail("a positional argument follows a named one");
      AddOperand(call, ParseExpression());
    }
  }

  ExpressionPtr ParseFiltersAndTests(ExpressionPtr node) {
    while (true) {
      if (IsOperator("|")) {
        Next();
        node = ParseFilter(std::move(node));
      } else if (IsName("is")) {
        node = ParseTest(std::move(node));
      } else if (IsOperator("(")) {
        node = ParseCall(std::move(node));
      } else {
        return node;
      }
    }
  }

  std::string ParseDottedName() {
    std::string name = ExpectAnyName();
    while (SkipOperator(".")) name.append(1, '.').append(ExpectAnyName());
    return name;
  }

  ExpressionPtr ParseFilter(ExpressionPtr input) {
    ExpressionPtr node = Unary(ExpressionKind::kFilter, Peek().line, std::move(input));
    node->name = ParseDottedName();
    if (IsOperator("(")) ParseArguments(*node);
    return node;
  }

  // "|a|b" of a filter block or a block assignment; null when there is none.
  ExpressionPtr ParseFilterChain() {
    ExpressionPtr node;
    while (SkipOperator("|")) node = ParseFilter(std::move(node));
    return node;
  }

  bool AtTestArgument() const {
    const Token& token = Peek();
    if (token.type == TokenType::kOperator) return token.text == "[" || token.text == "{";
    if (token.type == TokenType::kName) return token.text != "else" && token.text != "or" && token.text != "and";
    return token.type == TokenType::kString || token.type == TokenType::kNumber;
  }

  ExpressionPtr ParseTest(ExpressionPtr input) {
    int line = Next().line;
    bool negated = SkipName("not");
    ExpressionPtr node = Unary(ExpressionKind::kTest, line, std::move(input));
    node->name = ParseDottedName();
    if (IsOperator("(")) {
      ParseArguments(*node);
    } else if (AtTestArgument()) {
      if (IsName("is")) Fail("tests cannot be chained with is");
      AddOperand(*node, ParsePostfix(ParsePrimary()));
    }
    return negated ? Unary(ExpressionKind::kNot, line, std::move(node)) : std::move(node);
  }

  // --- statements ---

  // Up to one of the tags `ends`, whose name is then the next token; to the end of the template without.
  Body ParseBody(std::initializer_list<std::string_view> ends) {
    Level level(*this);
    int line = Peek().line;
    Body body;
    while (Peek().type != TokenType::kEnd) {
      if (Peek().type == TokenType::kData || Peek().type == TokenType::kVariableBegin) {
        body.push_back(ParseOutput());
        continue;
      }
      Next();
      if (std::any_of(ends.begin(), ends.end(), [this](std::string_view end) { return IsName(end); })) return body;
      body.push_back(ParseStatement());
      ExpectBlockEnd();
    }
    if (ends.size() > 0) {
      FailAtLine(line, "the block that begins here has no {% " + std::string(*(ends.end() - 1)) + " %}");
    }
    return body;
  }

  std::unique_ptr<Statement> MakeStatement(StatementKind kind) const {
    return std::make_unique<Statement>(Statement{.kind = kind, .line = Peek().line});
  }

  std::unique_ptr<Statement> ParseOutput() {
    auto statement = MakeStatement(StatementKind::kOutput);
    while (true) {
      const Token& token = Peek();
      if (token.type == TokenType::kData) {
        statement->expressions.push_back(Constant(Value::Literal(token.text), token.line));
        Next();
      } else if (token.type == TokenType::kVariableBegin) {
        Next();
        statement->expressions.push_back(ParseTuple({}));
        if (Peek().type != TokenType::kVariableEnd) Fail("expected '}}', got '" + Peek().text + "'");
        Next();
      } else {
        return statement;
      }
    }
  }

  // The body of a block that has one, and its end tag.
  Body ParseBlock(std::string_view end) {
    SkipOperator(":");
    ExpectBlockEnd();
    Body body = ParseBody({end});
    Next();
    return body;
  }

  std::unique_ptr<Statement> ParseStatement() {
    std::string tag = ExpectAnyName();
    if (tag == "if") return ParseIf();
    if (tag == "for") return ParseFor();
    if (tag == "set") return ParseSet();
    if (tag == "macro") return ParseMacro();
    if (tag == "call") return ParseCallBlock();
    if (tag == "with") return ParseWith();
    if (tag == "filter") {
      auto statement = MakeStatement(StatementKind::kFilterBlock);
      ExpressionPtr filter = ParseFilter(nullptr);
      while (SkipOperator("|")) filter = ParseFilter(std::move(filter));
      statement->expressions.push_back(std::move(filter));
      statement->bodies.push_back(ParseBlock("endfilter"));
      return statement;
    }
    if (tag == "generation") {
      auto statement = MakeStatement(StatementKind::kScope);
      size_t loops = std::exchange(loops_, 0);
      statement->bodies.push_back(ParseBlock("endgeneration"));
      loops_ = loops;
      return statement;
    }
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) Fail(fmt::format("'{}' outside of a loop", tag));
      return MakeStatement(tag == "break" ? StatementKind::kBreak : StatementKind::kContinue);
    }
    if (tag == "print") return ParsePrint();
    for (std::string_view refused : {"include", "import", "from", "extends", "block", "autoescape", "do"}) {
      if (tag == refused) {
        throw Error(ErrorCategory::kUnsupported, "chat template, line {}: the tag '{}' is not supported", Peek().line,
                    tag);
      }
    }
    Fail("unknown tag '" + tag + "'");
  }

  std::unique_ptr<Statement> ParsePrint() {
    auto statement = MakeStatement(StatementKind::kOutput);
    while (Peek().type != TokenType::kBlockEnd) {
      statement->expressions.push_back(ParseExpression());
      if (!SkipOperator(",")) break;
    }
    return statement;
  }

  std::unique_ptr<Statement> ParseIf() {
    auto statement = MakeStatement(StatementKind::kIf);
    while (true) {
      statement->expressions.push_back(ParseTuple({.with_conditional = false}));
      SkipOperator(":");
      ExpectBlockEnd();
      statement->bodies.push_back(ParseBody({"elif", "else", "endif"}));
      std::string tag = Next().text;
      if (tag == "elif") continue;
      if (tag == "else") statement->bodies.push_back(ParseBlock("endif"));
      return statement;
    }
  }

  std::unique_ptr<Statement> ParseFor() {
    auto statement = MakeStatement(StatementKind::kFor);
    statement->target = ParseTarget("in", false);
    ExpectName("in");
    statement->expressions.push_back(ParseTuple({.with_conditional = false, .ends_at_name = "recursive"}));
    statement->expressions.push_back(SkipName("if") ? ParseExpression() : nullptr);
    statement->recursive = SkipName("recursive");
    SkipOperator(":");
    ExpectBlockEnd();
    ++loops_;
    statement->bodies.push_back(ParseBody({"endfor", "else"}));
    --loops_;
    statement->bodies.push_back(Next().text == "else" ? ParseBlock("endfor") : Body());
    return statement;
  }

  // A name or a tuple of names; with `namespaces` also "ns.attribute".
  ExpressionPtr ParseTarget(std::string_view ends_at_name, bool namespaces) {
    if (namespaces && Peek().type == TokenType::kName && IsOperator(".", 1)) {
      ExpressionPtr node = ParseName();
      if (node->kind != ExpressionKind::kName) FailUnexpected();
      node->kind = ExpressionKind::kNamespaceAttribute;
      Next();
      node->attribute = ExpectAnyName();
      return node;
    }
    ExpressionPtr node = ParseTuple({.simplified = true, .ends_at_name = ends_at_name});
    CheckTarget(*node);
    return node;
  }

  void CheckTarget(const Expression& target) const {
    if (target.kind == ExpressionKind::kTuple) {
      for (const ExpressionPtr& part : target.operands) CheckTarget(*part);
    } else if (target.kind != ExpressionKind::kName) {
      FailAtLine(target.line, "cannot assign to this expression");
    }
  }

  std::unique_ptr<Statement> ParseSet() {
    auto statement = MakeStatement(StatementKind::kSet);
    statement->target = ParseTarget({}, true);
    if (SkipOperator("=")) {
      statement->expressions.push_back(ParseTuple({}));
      return statement;
    }
    statement->kind = StatementKind::kSetBlock;
    statement->expressions.push_back(ParseFilterChain());
    statement->bodies.push_back(ParseBlock("endset"));
    return statement;
  }

  void ParseSignature(Statement& statement) {
    ExpectOperator("(");
    while (!IsOperator(")")) {
      Parameter parameter{ExpectAnyName(), nullptr};
      if (SkipOperator("=")) {
        parameter.default_value = ParseExpression();
      } else if (!statement.parameters.empty() && statement.parameters.back().default_value) {
        Fail("a parameter without default follows one with");
      }
      statement.parameters.push_back(std::move(parameter));
      if (!SkipOperator(",")) break;
    }
    ExpectOperator(")");
  }

  void ParseMacroBody(Statement& statement, std::string_view end) {
    macros_.push_back(&statement);
    size_t loops = std::exchange(loops_, 0);
    statement.bodies.push_back(ParseBlock(end));
    loops_ = loops;
    macros_.pop_back();
  }

  std::unique_ptr<Statement> ParseMacro() {
    auto statement = MakeStatement(StatementKind::kMacro);
    statement->name = ExpectAnyName();
    ParseSignature(*statement);
    ParseMacroBody(*statement, "endmacro");
    return statement;
  }

  std::unique_ptr<Statement> ParseCallBlock() {
    auto statement = MakeStatement(StatementKind::kCallBlock);
    statement->name = "caller";
    if (IsOperator("(")) ParseSignature(*statement);
    statement->expressions.push_back(ParseExpression());
    if (statement->expressions.front()->kind != ExpressionKind::kCall) Fail("expected a call");
    ParseMacroBody(*statement, "endcall");
    return statement;
  }

  std::unique_ptr<Statement> ParseWith() {
    auto statement = MakeStatement(StatementKind::kWith);
    while (Peek().type != TokenType::kBlockEnd) {
      if (!statement->targets.empty()) ExpectOperator(",");
      ExpressionPtr target = ParsePrimary();
      CheckTarget(*target);
      statement->targets.push_back(std::move(target));
      ExpectOperator("=");
      statement->expressions.push_back(ParseExpression());
    }
    statement->bodies.push_back(ParseBlock("endwith"));
    return statement;
  }

  std::vector<Token> tokens_;
  size_t position_ = 0;
  uint32_t depth_ = 0;
  size_t loops_ = 0;                // loops around this place, within the macro
  std::vector<Statement*> macros_;  // macros around this place
};

}  // namespace

Body Parse(std::string_view source) { return Parser(Lex(source)).Run(); }

}  // namespace sheepop::jinja
