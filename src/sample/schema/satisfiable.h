// Which conjunctions have an instance at all, and with it which members and items may still come: the least fixpoint, so
// that a schema which asks for itself without end has none.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sample/grammar/number_language.h"
#include "sample/schema/normal_form.h"

namespace sheepop::schema {

class ObjectPlans;
class ArrayPlans;

class Satisfiable {
 public:
  Satisfiable(NormalForm& form, const grammar::NumberForm& number_form) : form_(form), number_form_(number_form) {}
  void Use(ObjectPlans& objects, ArrayPlans& arrays);

  bool Holds(ConjunctionId conjunction);
  // Whether it is certain that there is no instance, whatever is being worked out.
  bool KnownEmpty(ConjunctionId conjunction);
  bool HasText(const NumberShape& number);
  bool HasText(const grammar::NumberConditions& conditions);
  bool HasText(grammar::RegexId strings) { return !form_.pool().IsNone(strings); }

  bool HasWord(const ObjectShape& object);

  static constexpr size_t kMostDepth = 500;
  static constexpr size_t kMostSteps = 2'000'000;
  void CountStep();  // of searches; throws kLimit

 private:
  bool Search(const Shapes& shapes);

  NormalForm& form_;
  grammar::NumberForm number_form_;
  ObjectPlans* objects_ = nullptr;
  ArrayPlans* arrays_ = nullptr;
  std::unordered_map<uint32_t, bool> known_;
  std::unordered_map<uint32_t, size_t> in_progress_;  // how deep
  size_t lowest_ = SIZE_MAX;                          // the least depth that what is being worked out hangs on
  size_t steps_ = 0;
};

}  // namespace sheepop::schema
