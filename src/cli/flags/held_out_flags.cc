#include "cli/flags/held_out_flags.h"

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

}  // namespace sheepop::cli
