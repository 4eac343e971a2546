#include "cli/flags/option_flags.h"

#include "base/text_file.h"

namespace sheepop::cli {

void AddRows(FlagSet flags, const AnyOptionTable& table, const std::vector<std::string>& help, const std::string& group,
             bool last_counts,
             const std::function<void(const OptionRow&, std::string_view flag, std::string_view text)>& read) {
  for (size_t i = 0; i < table.rows().size(); ++i) {
    const OptionRow& row = table.rows()[i];
    if (row.flag.empty()) continue;
    const std::string names(row.flag);
    const auto reader = [&row, read](std::string_view flag, std::string_view text) {
      read(row, flag, row.traits.file ? ReadFileOrStdin(std::string(text)) : std::string(text));
    };
    const auto takes = row.is_list() ? FlagSet::Takes::kOneEachTime : FlagSet::Takes::kOne;
    Flag flag = row.traits.bare ? flags.EachSwitch(names, help[i], reader) : flags.Each(names, help[i], reader, takes);
    if (!row.traits.bare) flag.As(std::string(row.traits.value));
    if (last_counts && !row.is_list()) flag.TakeLast();
    const std::string title(row.traits.group.empty() ? group : row.traits.group);
    if (!title.empty()) flag.Group(title);
  }
}

}  // namespace sheepop::cli
