#include "cli/flags/option_flags.h"

#include "base/error.h"
#include "base/text_file.h"

namespace sheepop::cli {
namespace {

std::string ValueOf(const OptionRow& row, std::string_view flag, std::string_view text) {
  if (!row.traits.file) {
    // To the table it is no expression at all, and the text would be free.
    if (text.empty() && row.name == "regex") {
      throw Error(ErrorCategory::kInvalidArgument,
                  "{} is \"\", must be a regular expression; leave it out for any text", flag);
    }
    return std::string(text);
  }
  std::string value = ReadFileOrStdin(std::string(text));
  if (value.find_first_not_of(" \t\r\n") != std::string::npos) return value;
  throw Error(ErrorCategory::kCorrupt, "{}: {} is empty; leave the flag out, or name another file", flag, text);
}

}  // namespace

Error OfFile(std::string_view file, const Error& error) {
  const bool flag = error.category() == ErrorCategory::kInvalidArgument;
  return Error(flag ? ErrorCategory::kCorrupt : error.category(), "{}: {}", file, error.what());
}

void AddRows(FlagSet flags, const AnyOptionTable& table, const std::vector<std::string>& help, const std::string& group,
             bool last_counts, const std::function<void(const OptionRow&, const GivenFlag&)>& read) {
  for (size_t i = 0; i < table.rows().size(); ++i) {
    const OptionRow& row = table.rows()[i];
    if (row.flag.empty()) continue;
    const std::string names(row.flag);
    const auto reader = [&row, read](std::string_view flag, std::string_view text) {
      const std::string value = ValueOf(row, flag, text);
      if (!row.traits.file) return read(row, {flag, value, {}});
      try {
        read(row, {flag, value, text});
      } catch (const Error& error) {
        throw OfFile(text, error);
      }
    };
    const auto takes = row.is_list() ? FlagSet::Takes::kOneEachTime : FlagSet::Takes::kOne;
    Flag flag = row.traits.bare ? flags.EachSwitch(names, help[i], reader) : flags.Each(names, help[i], reader, takes);
    if (!row.traits.bare) {
      flag.As(std::string(row.traits.value));
      const bool boolean = row.field.type().shape() == OptionType::Shape::kSwitch;
      if (!row.allowed.choices.empty() || boolean)
        flag.OneOf(boolean ? "true|false" : std::string(row.allowed.choices));
    }
    if (last_counts && !row.is_list()) flag.TakeLast();
    const std::string title(row.traits.group.empty() ? group : row.traits.group);
    if (!title.empty()) flag.Group(title);
  }
}

}  // namespace sheepop::cli
