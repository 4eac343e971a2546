// The flags of a table of options.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/option_table.h"
#include "cli/flags/flag_set.h"

namespace sheepop::cli {

// One flag that was given: `file` is where its text was read from, empty where it was on the command line.
struct GivenFlag {
  std::string_view flag, text, file;
};

// Each row that has a flag becomes one, under its own title or `group`; `read` gets the row and each text given, in their
// order. `last_counts`: a flag may be given several times; else that is an error.
void AddRows(FlagSet flags, const AnyOptionTable& table, const std::vector<std::string>& help, const std::string& group,
             bool last_counts, const std::function<void(const OptionRow&, const GivenFlag&)>& read);

// A refusal of what a file holds: it names the file, and no flag is wrong.
Error OfFile(std::string_view file, const Error& error);

// What --help says of each row of a table.
template <class Options>
std::vector<std::string> HelpOf(const OptionTable<Options>& table) {
  std::vector<std::string> help;
  for (const OptionRow& row : table.rows()) help.push_back(table.Help(row));
  return help;
}

// What is given lands in `options`, which outlives the parse. A list that is given replaces the default.
template <class Options>
void AddOptions(FlagSet flags, const OptionTable<Options>& table, Options& options, const std::string& group = "") {
  AddRows(flags, table, HelpOf(table), group, false, [&table, &options](const OptionRow& row, const GivenFlag& given) {
    table.Set(options, row, given.text, given.flag);
  });
}

// Keeps what was given apart from the defaults, which are not known before: a profile's, a configuration file's.
template <class Options>
class GivenOptions {
 public:
  explicit GivenOptions(const OptionTable<Options>& table) : table_(&table) {}

  // Wrong values are refused while the command line is parsed.
  void Register(FlagSet flags, const std::string& group, bool last_counts) {
    AddRows(flags, *table_, HelpOf(*table_), group, last_counts, [this](const OptionRow& row, const GivenFlag& given) {
      table_->Set(tried_, row, given.text, given.flag);
      given_.emplace_back(&row, given.text);
      if (!given.file.empty()) file_ = given.file;
    });
  }

  // `options` with what was given over it.
  Options Over(Options options) const {
    for (const auto& [row, text] : given_) table_->Set(options, *row, text);
    return options;
  }

  // The last text given for a row; null when none was.
  const std::string* Given(const OptionRow& row) const {
    const std::string* last = nullptr;
    for (const auto& [given, text] : given_) {
      if (given == &row) last = &text;
    }
    return last;
  }

  // Where the last text that was read from a file lies; empty where none was.
  const std::string& file() const { return file_; }

  // The rows given, in the order of the table.
  std::vector<const OptionRow*> Rows() const {
    std::vector<const OptionRow*> rows;
    for (const OptionRow& row : table_->rows()) {
      if (Given(row)) rows.push_back(&row);
    }
    return rows;
  }
  std::vector<std::string_view> Flags() const {
    std::vector<std::string_view> flags;
    for (const OptionRow* row : Rows()) flags.push_back(row->long_flag());
    return flags;
  }

  // As if `later` had been given after these.
  void Append(const GivenOptions& later) {
    given_.insert(given_.end(), later.given_.begin(), later.given_.end());
    if (!later.file_.empty()) file_ = later.file_;
  }

 private:
  const OptionTable<Options>* table_;
  Options tried_;
  std::vector<std::pair<const OptionRow*, std::string>> given_;
  std::string file_;
};

}  // namespace sheepop::cli
