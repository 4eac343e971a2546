// The instances of a conjunction where they are few.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <vector>

#include "sample/schema/array_plan.h"
#include "sample/schema/normal_form.h"
#include "sample/schema/object_plan.h"

namespace sheepop::schema {

class Instances {
 public:
  Instances(NormalForm& form, ObjectPlans& objects, ArrayPlans& arrays)
      : form_(form), objects_(objects), arrays_(arrays) {}

  // Each once; nothing where there are more than `most`, or where it is not found out.
  std::optional<std::vector<boost::json::value>> Of(ConjunctionId conjunction, size_t most);

 private:
  class Collecting;
  NormalForm& form_;
  ObjectPlans& objects_;
  ArrayPlans& arrays_;
};

}  // namespace sheepop::schema
