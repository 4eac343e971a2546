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

std::shared_ptr<const ReadConstraint> ReadShape(const ConstraintOptions& shape, const SamplingVocabulary& vocabulary,
                                                const std::string& file) {
  try {
    return vocabulary.constraints().Get(shape, vocabulary);
  } catch (const Error& error) {
    if (file.empty() || shape.json_schema.empty() == shape.grammar.empty()) throw;
    ConstraintOptions alone;
    alone.json_schema = shape.json_schema;
    alone.grammar = shape.grammar;
    alone.schema = shape.schema;
    try {
      vocabulary.constraints().Get(alone, vocabulary);
    } catch (const Error& of_file) {
      throw OfFile(file, of_file);
    }
    throw;  // the flags beside it
  }
}

ConstraintFlags::ConstraintFlags() : given_(ShapeTable()) {}

void ConstraintFlags::Register(FlagSet flags) { given_.Register(flags, "", false); }

ConstraintOptions ConstraintFlags::Options() const { return given_.Over({}).constraint; }

std::shared_ptr<const ReadConstraint> ConstraintFlags::Read(const SamplingVocabulary& vocabulary) const {
  return ReadShape(Options(), vocabulary, given_.file());
}

void ConstraintFlags::WarnOfIdle(const Console& console, bool schemas) const {
  SamplingOptions options = given_.Over({});
  if (schemas) options.constraint.json_schema = "true";
  for (const Warning& warning : IdleOptions(options, given_.Rows(), true)) console.Warn(warning);
}

}  // namespace sheepop::cli
