#include "cli/flags/constraint_flags.h"

#include <algorithm>
#include <vector>

#include "cli/flags/option_flags.h"

namespace sheepop::cli {
namespace {

bool IsOfShape(const OptionRow& row) { return IsConstraint(row) && row.name != "forced_runs"; }

const OptionTable<SamplingOptions>& ShapeTable() {
  static const std::vector<OptionRow> rows = [] {
    std::vector<OptionRow> chosen;
    std::ranges::copy_if(kSamplingTable.rows(), std::back_inserter(chosen), IsOfShape);
    return chosen;
  }();
  static const OptionTable<SamplingOptions> table("setting of a text's shape", rows);
  return table;
}

}  // namespace

void ConstraintFlags::Register(FlagSet flags) { AddOptions(flags, ShapeTable(), options_); }

}  // namespace sheepop::cli
