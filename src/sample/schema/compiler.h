// The rules for the texts of a schema's instances.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "sample/grammar/grammar.h"
#include "sample/schema/array_plan.h"
#include "sample/schema/instances.h"
#include "sample/schema/json_text.h"
#include "sample/schema/normal_form.h"
#include "sample/schema/object_plan.h"
#include "sample/schema/satisfiable.h"

namespace sheepop::schema {

// Lives as long as the rules that it made: they hold it.
class Compiler : public std::enable_shared_from_this<Compiler> {
 public:
  Compiler(Document document, const SchemaOptions& options, grammar::Grammar& grammar, SchemaNotes* notes);

  // The document. Throws SchemaError.
  grammar::Symbol Run();

 private:
  NodeId Impossible(NodeId id);
  using MembersKey = std::tuple<const ObjectPlan*, ObjectState, Layout>;
  using ItemsKey = std::tuple<const ArrayShape*, ArrayState, Layout>;

  void Walk(ConjunctionId root);
  void Visit(const Shapes& shapes, std::vector<ConjunctionId>& found);

  grammar::Symbol Value(ConjunctionId conjunction, int outer);
  std::vector<grammar::Production> ValueProductions(ConjunctionId conjunction, int outer);
  // The terminals of what is neither an array nor an object.
  std::vector<grammar::Symbol> Scalars(ConjunctionId conjunction, bool capture);

  // One more member and what comes behind it; nothing where none may come.
  std::optional<grammar::Symbol> Members(const ObjectPlan& plan, const ObjectState& state, Layout layout,
                                         const std::string& where);
  grammar::Production Member(const ObjectPlan& plan, const ObjectState& state, const ObjectStep& step, Layout layout,
                             const std::string& where);
  // What may stand behind a member.
  grammar::Symbol MembersRest(const ObjectPlan& plan, const ObjectState& state, Layout layout,
                              const std::string& where);

  std::optional<grammar::Symbol> Items(const ArrayShape& shape, const ArrayState& state, Layout layout,
                                       const std::string& where);
  grammar::Symbol ItemsRest(const ArrayShape& shape, const ArrayState& state, Layout layout, const std::string& where);

  std::string Where(ConjunctionId conjunction);
  std::string Describe(ConjunctionId conjunction, std::string_view type);

  grammar::Grammar& grammar_;
  NormalForm form_;
  JsonText text_;
  Satisfiable satisfiable_;
  ObjectPlans objects_;
  ArrayPlans arrays_;
  Instances instances_;
  std::map<std::pair<ConjunctionId, int>, grammar::Symbol> values_;
  std::map<MembersKey, std::optional<grammar::Symbol>> members_;
  std::map<MembersKey, grammar::Symbol> members_rest_;
  std::map<ItemsKey, std::optional<grammar::Symbol>> items_;
  std::map<ItemsKey, grammar::Symbol> items_rest_;
};

}  // namespace sheepop::schema
