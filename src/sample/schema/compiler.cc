#include "sample/schema/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>

#include "base/quoted.h"

namespace sheepop::schema {

using grammar::Production;
using grammar::Symbol;

namespace {

std::string WhyImpossible(const Node& node) {
  const std::pair<std::string_view, std::pair<std::optional<uint64_t>, std::optional<uint64_t>>> bounds[] = {
      {"Length", {node.min_length, node.max_length}},
      {"Items", {node.min_items, node.max_items}},
      {"Properties", {node.min_properties, node.max_properties}}};
  for (const auto& [what, range] : bounds) {
    const auto& [least, most] = range;
    if (!least || !most || *least <= *most) continue;
    return fmt::format("no text meets the schema: min{} is {} and max{} {}; lower the one or raise the other", what,
                       *least, what, *most);
  }
  if (node.minimum && node.maximum && Compare(*node.minimum, *node.maximum) > 0) {
    return fmt::format("no text meets the schema: minimum is {} and maximum {}; lower the one or raise the other",
                       node.minimum->Text(), node.maximum->Text());
  }
  if (node.never) return "no text meets the schema: it is false here; leave it out, or say what may stand";
  if (node.values && node.values->empty()) {
    return "no text meets the schema: no value is left of enum and const; let one stand in both";
  }
  return "no text meets the schema: keywords that stand here contradict each other (type, enum, const, bounds, "
         "pattern, "
         "not), or it asks for itself without end; relax one of them";
}

}  // namespace

Compiler::Compiler(Document document, const SchemaOptions& options, grammar::Grammar& grammar, SchemaNotes* notes)
    : grammar_(grammar),
      form_(std::move(document), options, notes),
      text_(options, grammar, form_.shared_pool()),
      satisfiable_(form_, text_.number_form()),
      objects_(form_, satisfiable_, options.any_order),
      arrays_(form_, satisfiable_),
      instances_(form_, objects_, arrays_) {
  satisfiable_.Use(objects_, arrays_);
  arrays_.Use(instances_);
  form_.known_empty = [this](ConjunctionId conjunction) { return satisfiable_.KnownEmpty(conjunction); };
}

// Where a schema that nothing meets is so: the subschema that it needs and that nothing meets either, as deep as that goes.
NodeId Compiler::Impossible(NodeId id) {
  constexpr int kDeep = 64;
  const auto holds = [&](NodeId part) { return satisfiable_.Holds(form_.conjunctions().Of(Literal{part})); };
  for (int depth = 0; depth < kDeep; ++depth) {
    const Node& node = form_.conjunctions()[id];
    std::vector<NodeId> needed = node.all_of;
    for (const auto& [name, property] : node.properties) {
      if (std::ranges::count(node.required, name) > 0) needed.push_back(property);
    }
    if (node.items && node.min_items.value_or(0) > node.prefix_items.size()) needed.push_back(*node.items);
    const auto part = std::ranges::find_if_not(needed, holds);
    if (part == needed.end()) break;
    id = *part;
  }
  return id;
}

Symbol Compiler::Run() {
  const ConjunctionId root = form_.conjunctions().Of(Literal{form_.conjunctions().root()});
  Walk(root);
  if (!satisfiable_.Holds(root)) {
    const Node& node = form_.conjunctions()[Impossible(form_.conjunctions().root())];
    throw SchemaError(ErrorCategory::kInvalidArgument, {node.pointer, "", WhyImpossible(node)});
  }
  const Symbol document = text_.Document(Value(root, text_.Outermost()));
  form_.StopNoting();
  return document;
}

// Whatever can be reached is put in its normal form once, where all that cannot be enforced is met.
void Compiler::Walk(ConjunctionId root) {
  std::vector<ConjunctionId> open{root};
  std::set<ConjunctionId> seen{kNothing, kAnything};
  std::vector<ConjunctionId> found;
  while (!open.empty()) {
    const ConjunctionId conjunction = open.back();
    open.pop_back();
    if (!seen.insert(conjunction).second) continue;
    found.clear();
    Visit(form_.Of(conjunction), found);
    for (const ConjunctionId inner : found) {
      if (!seen.contains(inner)) open.push_back(inner);
    }
  }
}

void Compiler::Visit(const Shapes& shapes, std::vector<ConjunctionId>& found) {
  for (const ArrayShape& array : shapes.arrays) {
    arrays_.AddValues(array, found);
    arrays_.CheckUnique(array);
  }
  for (const ObjectShape& object : shapes.objects) objects_.AddValues(object, found);
}

std::string Compiler::Where(ConjunctionId conjunction) {
  for (const Literal literal : form_.conjunctions().Literals(conjunction)) {
    if (const std::string& pointer = form_.conjunctions()[literal.node].pointer; !pointer.empty()) return pointer;
  }
  return "the document";
}

std::string Compiler::Describe(ConjunctionId conjunction, std::string_view type) {
  std::string text = fmt::format("{}: {}", Where(conjunction), type);
  if (type != "string") return text;
  for (const Literal literal : form_.conjunctions().Literals(conjunction)) {
    const Node& node = form_.conjunctions()[literal.node];
    if (literal.negative) continue;
    if (node.values) text += " of a list";
    if (node.format) text += fmt::format(" of format {}", *node.format);
    if (node.pattern) text += fmt::format(" that matches {}", *node.pattern);
    if (node.min_length) text += fmt::format(" of at least {} characters", *node.min_length);
    if (node.max_length) text += fmt::format(" of at most {} characters", *node.max_length);
  }
  return text;
}

Symbol Compiler::Value(ConjunctionId conjunction, int outer) {
  const auto [place, is_new] = values_.try_emplace({conjunction, outer});
  if (is_new) {
    place->second = grammar_.AddLazyRule(Where(conjunction), [self = shared_from_this(), conjunction, outer] {
      return self->ValueProductions(conjunction, outer);
    });
  }
  return place->second;
}

std::vector<Symbol> Compiler::Scalars(ConjunctionId conjunction, bool capture) {
  const Shapes& shapes = form_.Of(conjunction);
  std::vector<Symbol> terminals;
  if (shapes.null) terminals.push_back(text_.Literal("null", Describe(conjunction, "null"), capture));
  if (shapes.no) terminals.push_back(text_.Literal("false", Describe(conjunction, "boolean"), capture));
  if (shapes.yes) terminals.push_back(text_.Literal("true", Describe(conjunction, "boolean"), capture));
  if (shapes.strings && satisfiable_.HasText(*shapes.strings)) {
    terminals.push_back(text_.String(*shapes.strings, Describe(conjunction, "string"), capture));
  }
  for (const NumberShape& number : shapes.numbers) {
    const std::string name = Describe(conjunction, number.conditions.integer ? "integer" : "number");
    if (!number.among) {
      if (satisfiable_.HasText(number.conditions)) terminals.push_back(text_.Number(number.conditions, name, capture));
      continue;
    }
    for (const grammar::Decimal& value : *number.among) {
      terminals.push_back(text_.Number(value, name, capture));
    }
  }
  return terminals;
}

std::vector<Production> Compiler::ValueProductions(ConjunctionId conjunction, int outer) {
  std::vector<Production> productions;
  for (const Symbol terminal : Scalars(conjunction, false)) productions.push_back({terminal});
  const Shapes& shapes = form_.Of(conjunction);
  const std::string where = Where(conjunction);
  const auto add_empty = [&](bool is_object) {
    const Production empty{text_.Empty(is_object)};
    if (std::ranges::find(productions, empty) == productions.end()) productions.push_back(empty);
  };
  for (const ArrayShape& array : shapes.arrays) {
    arrays_.CheckUnique(array);
    if (!arrays_.HasWord(array)) continue;
    const ArrayState start = arrays_.Start(array);
    if (arrays_.MayEnd(array, start)) add_empty(false);
    for (const Layout layout : text_.Choices(outer)) {
      if (const auto items = Items(array, start, layout, where))
        productions.push_back({text_.Open('[', layout), *items});
    }
  }
  for (const ObjectShape& object : shapes.objects) {
    if (!objects_.HasWord(object)) continue;
    const ObjectPlan& plan = objects_.Of(object);
    const ObjectState start = objects_.Start(plan);
    if (objects_.MayEnd(plan, start)) add_empty(true);
    for (const Layout layout : text_.Choices(outer)) {
      const auto members = Members(plan, start, layout, where);
      if (members) productions.push_back({text_.Open('{', layout), *members});
    }
  }
  return productions;
}

std::optional<Symbol> Compiler::Members(const ObjectPlan& plan, const ObjectState& state, Layout layout,
                                        const std::string& where) {
  MembersKey key{&plan, state, layout};
  if (const auto found = members_.find(key); found != members_.end()) return found->second;
  std::vector<Production> productions;
  for (const ObjectStep& step : objects_.Steps(plan, state)) {
    productions.push_back(Member(plan, state, step, layout, where));
  }
  std::optional<Symbol> rule;
  if (!productions.empty()) rule = grammar_.AddRule("a member of the object at " + where, std::move(productions));
  return members_[std::move(key)] = rule;
}

Production Compiler::Member(const ObjectPlan& plan, const ObjectState& state, const ObjectStep& step, Layout layout,
                            const std::string& where) {
  const Symbol colon = text_.Colon();
  const Symbol value = Value(step.value, text_.Within(layout));
  if (step.is_named) {
    const std::string& name = plan.named[step.index].name;
    const Symbol key = text_.String(form_.pool().Text(name), fmt::format("{}: {}", where, Quoted(name)));
    return {key, colon, value, MembersRest(plan, step.next, layout, where)};
  }
  grammar::RegexId names = plan.free[step.index].names;
  for (const std::string& used : state.used) {
    names = form_.pool().Intersection(names, form_.pool().Complement(form_.pool().Text(used)));
  }
  const Symbol key = text_.String(names, where + ": another name", step.captured);
  if (!step.captured) return {key, colon, value, MembersRest(plan, step.next, layout, where)};
  const Symbol after = grammar_.AddAfter(where + ": ':'", [self = shared_from_this(), &plan, next = step.next, colon,
                                                           value, layout, where](std::string_view word) {
    const boost::json::value name = boost::json::parse(word);
    ObjectState with = next;
    std::string used(name.get_string());
    with.used.insert(std::ranges::lower_bound(with.used, used), used);
    return std::vector<Production>{{colon, value, self->MembersRest(plan, with, layout, where)}};
  });
  return {key, after};
}

Symbol Compiler::MembersRest(const ObjectPlan& plan, const ObjectState& state, Layout layout,
                             const std::string& where) {
  MembersKey key{&plan, state, layout};
  const auto [place, is_new] = members_rest_.try_emplace(std::move(key));
  if (!is_new) return place->second;
  const bool may_end = objects_.MayEnd(plan, state);
  return place->second = grammar_.AddLazyRule(fmt::format("the object at {}: ','{}", where, may_end ? " or '}'" : ""),
                                              [self = shared_from_this(), &plan, state, layout, where, may_end] {
                                                std::vector<Production> productions;
                                                if (may_end) productions.push_back({self->text_.Close('}', layout)});
                                                if (const auto more = self->Members(plan, state, layout, where)) {
                                                  productions.push_back({self->text_.Comma(layout), *more});
                                                }
                                                return productions;
                                              });
}

std::optional<Symbol> Compiler::Items(const ArrayShape& shape, const ArrayState& state, Layout layout,
                                      const std::string& where) {
  ItemsKey key{&shape, state, layout};
  if (const auto found = items_.find(key); found != items_.end()) return found->second;
  std::vector<Production> productions;
  for (const ArrayStep& step : arrays_.Steps(shape, state)) {
    if (!step.captured) {
      productions.push_back({Value(step.item, text_.Within(layout)), ItemsRest(shape, step.next, layout, where)});
      continue;
    }
    const Symbol after =
        grammar_.AddAfter(fmt::format("the array at {}: ',' or ']'", where),
                          [self = shared_from_this(), &shape, next = step.next, layout, where](std::string_view word) {
                            const ArrayState with = self->arrays_.WithUsed(next, boost::json::parse(word));
                            return std::vector<Production>{{self->ItemsRest(shape, with, layout, where)}};
                          });
    for (const Symbol terminal : Scalars(step.item, true)) productions.push_back({terminal, after});
  }
  std::optional<Symbol> rule;
  if (!productions.empty()) rule = grammar_.AddRule("an item of the array at " + where, std::move(productions));
  return items_[std::move(key)] = rule;
}

Symbol Compiler::ItemsRest(const ArrayShape& shape, const ArrayState& state, Layout layout, const std::string& where) {
  ItemsKey key{&shape, state, layout};
  const auto [place, is_new] = items_rest_.try_emplace(std::move(key));
  if (!is_new) return place->second;
  const bool may_end = arrays_.MayEnd(shape, state);
  return place->second = grammar_.AddLazyRule(fmt::format("the array at {}: ','{}", where, may_end ? " or ']'" : ""),
                                              [self = shared_from_this(), &shape, state, layout, where, may_end] {
                                                std::vector<Production> productions;
                                                if (may_end) productions.push_back({self->text_.Close(']', layout)});
                                                if (const auto more = self->Items(shape, state, layout, where)) {
                                                  productions.push_back({self->text_.Comma(layout), *more});
                                                }
                                                return productions;
                                              });
}

Symbol AddJsonSchema(const boost::json::value& schema, const SchemaOptions& options, grammar::Grammar& grammar,
                     SchemaNotes& notes) {
  return std::make_shared<Compiler>(ReadSchema(schema, options, notes), options, grammar, &notes)->Run();
}

}  // namespace sheepop::schema
