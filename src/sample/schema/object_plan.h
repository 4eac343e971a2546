// The members of an object, one after another: what may come next, where what was there and what is still owed is a state.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sample/schema/normal_form.h"
#include "sample/schema/satisfiable.h"

namespace sheepop::schema {

// Members that the schema names.
struct NamedMember {
  std::string name;
  ConjunctionId value;
  bool required = false;
  uint32_t owed = 0;  // the obligations (bits) that its name can meet
};

// Members that it does not name, of one kind.
struct FreeMembers {
  grammar::RegexId names;
  ConjunctionId value;
  uint32_t owed = 0;
};

struct ObjectState {
  uint32_t position = 0;          // of `named`: those before it come no more, unless any order is wanted
  std::vector<uint32_t> seen;     // of `named`, ascending; as far as it matters
  uint64_t count = 0;             // of members, as far as it matters
  uint32_t owed = 0;              // obligations (bits)
  std::vector<std::string> used;  // free names, ascending, as far as it matters
  auto operator<=>(const ObjectState&) const = default;
};

struct ObjectPlan {
  const ObjectShape* shape = nullptr;
  std::vector<NamedMember> named;
  std::vector<uint32_t> required;                      // of `named`, ascending
  std::vector<std::pair<uint32_t, uint32_t>> implied;  // where the first is there, the second is
  std::vector<bool> linked;                            // named in `implied`
  std::vector<Literal> obligations;                    // what the value of the member that meets it must meet besides
  std::vector<bool> has_value;                         // whether it is one
  std::vector<FreeMembers> free;
  bool plain = false;  // neither counts, obligations nor implications: whatever may come, the object can be finished
  bool possible = true;
};

// One member more.
struct ObjectStep {
  bool is_named = false;
  uint32_t index = 0;  // of `named` or `free`
  ConjunctionId value;
  ObjectState next;  // without the name itself, where `captured`
  bool captured = false;
};

class ObjectPlans {
 public:
  ObjectPlans(NormalForm& form, Satisfiable& satisfiable, bool any_order)
      : form_(form), satisfiable_(satisfiable), any_order_(any_order) {}

  const ObjectPlan& Of(const ObjectShape& shape);
  bool HasWord(const ObjectShape& shape);

  ObjectState Start(const ObjectPlan& plan) const;
  bool MayEnd(const ObjectPlan& plan, const ObjectState& state) const;
  // Those after which the object can be finished.
  std::vector<ObjectStep> Steps(const ObjectPlan& plan, const ObjectState& state);

  // What members may have to meet, each of it alone where names are free: without a look at which names there are.
  void AddValues(const ObjectShape& shape, std::vector<ConjunctionId>& values);

  static constexpr size_t kMostNameClasses = 256;
  static constexpr size_t kMostObligations = 8;
  static constexpr size_t kMostSpelledNames = 256;  // free names that are few enough to be listed

 private:
  struct Class;
  void AddNamed(ObjectPlan& plan);
  void AddFree(ObjectPlan& plan);
  void SpellFewNames(ObjectPlan& plan);
  ConjunctionId ValueOf(const ObjectShape& shape, const std::string& name);
  ConjunctionId FreeValueOf(const ObjectShape& shape, const std::map<grammar::RegexId, bool>& matched);
  std::vector<grammar::RegexId> SplittingPatterns(const ObjectShape& shape);
  std::vector<grammar::RegexId> PatternsOf(const Node& node);

  bool Needed(const ObjectPlan& plan, const ObjectState& state, std::vector<uint32_t>& needed) const;
  bool CanFinish(const ObjectPlan& plan, const ObjectState& state);
  bool CanPay(const ObjectPlan& plan, const ObjectState& state);
  bool CanFill(const ObjectPlan& plan, const ObjectState& state, const std::vector<uint32_t>& needed);
  bool IsOpen(const ObjectState& state, uint32_t index) const;
  bool Distinct(const ObjectPlan& plan, const ObjectState& state) const;
  ConjunctionId Owing(const ObjectPlan& plan, ConjunctionId value, uint32_t paid);
  void AddSteps(const ObjectPlan& plan, const ObjectState& state, bool is_named, uint32_t index, ConjunctionId value,
                uint32_t owed, std::vector<ObjectStep>& steps);
  void Forget(const ObjectPlan& plan, ObjectState& state) const;

  NormalForm& form_;
  Satisfiable& satisfiable_;
  bool any_order_;
  std::unordered_map<const ObjectShape*, std::unique_ptr<ObjectPlan>> plans_;
};

}  // namespace sheepop::schema
