#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"
#include "ingest/clean/steps.h"
#include "ingest/compare/fingerprint.h"
#include "ingest/suspicion.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto steps = [] {
    sheepop::CleanOptions options;
    options.mojibake = options.replace_emails = options.replace_phones = options.replace_keys = true;
    return sheepop::BuildCleanSteps(options);
  }();
  if (size == 0) return 0;
  sheepop::Document document;
  document.laid_out = data[0] & 1;
  document.kind = data[0] & 2 ? sheepop::DocumentKind::kCode : sheepop::DocumentKind::kPdf;
  document.text = sheepop::ToValidUtf8({reinterpret_cast<const char*>(data) + 1, size - 1});
  for (const auto& step : steps) {
    step->Apply(document);
    if (!sheepop::IsValidUtf8(document.text)) std::abort();
  }
  sheepop::AddSuspicions(document);
  sheepop::FingerprintOf(document, 40);
  return 0;
}
