#include "cli/flags/held_out_flags.h"

namespace sheepop::cli {

void RegisterHeldOut(CLI::App& app, HeldOut& held_out) {
  app.add_option("--held-out", held_out.names,
                 "documents (id or a part of the source) that are measured on and never learned; of conversations, a "
                 "file of such")
      ->type_name("NAME");
  app.add_option("--held-out-share", held_out.share,
                 "without --held-out: share of the documents, by hash, or the end of a single text (default 0.05)")
      ->check(CLI::Range(0.0, 0.9))
      ->type_name("SHARE");
}

}  // namespace sheepop::cli
