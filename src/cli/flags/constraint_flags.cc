#include "cli/flags/constraint_flags.h"

#include <algorithm>
#include <vector>

#include "sample/idle_options.h"

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

ConstraintFlags::ConstraintFlags() : given_(ShapeTable()) {}

void ConstraintFlags::Register(FlagSet flags) { given_.Register(flags, "", false); }

ConstraintOptions ConstraintFlags::Options() const { return given_.Over({}).constraint; }

void ConstraintFlags::WarnOfIdle(const Console& console, bool schemas) const {
  SamplingOptions options = given_.Over({});
  if (schemas) options.constraint.json_schema = "true";
  for (const Warning& warning : IdleOptions(options, given_.Rows(), true)) console.Warn(warning);
}

}  // namespace sheepop::cli
