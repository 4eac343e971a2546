#include "cli/flags/held_out_flags.h"

#include <fmt/core.h>

namespace sheepop::cli {

void RegisterHeldOut(FlagSet flags, HeldOut& held_out) {
  flags
      .Values("--held-out", held_out.names,
              "documents (id or a part of the source) that are measured on and never learned; of conversations, a file "
              "of such")
      .As("NAME");
  flags
      .Value("--held-out-share", held_out.share, {0, 0.9},
             "without --held-out: share of the documents, by hash, or the end of a single text (default 0.05)")
      .As("SHARE");
}

void TellOverlap(const Console& console, const std::string& input, uint64_t words_cut) {
  if (words_cut == 0) return;
  console.Warn(
      {"held_out_overlap", input, std::to_string(words_cut),
       fmt::format("{}: {} words of held-out documents stand in learned ones, too, in runs of 50 and more: they "
                   "are not measured on",
                   input, words_cut)});
}

}  // namespace sheepop::cli
