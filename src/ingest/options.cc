#include "ingest/options.h"

#include "base/error.h"

namespace sheepop {

void Validate(const IngestOptions& o) {
  const auto check = [](const char* field, uint64_t value, uint64_t low, uint64_t high) {
    if (value < low || value > high) {
      throw Error(ErrorCategory::kInvalidArgument, "{} is {}, it must be {} to {}", field, value, low, high);
    }
  };
  if (o.inputs.empty()) throw Error(ErrorCategory::kInvalidArgument, "no inputs: name at least one file or folder");
  if (o.output.empty()) throw Error(ErrorCategory::kInvalidArgument, "no output folder");
  check("workers", o.workers, 0, 1024);
  check("ocr_dpi", o.ocr_dpi, 72, 600);
  check("max_pages", o.max_pages, 1, 1'000'000);
  check("archive_depth", o.archive_depth, 0, 16);
  check("max_expanded_bytes", o.max_expanded_bytes, 1 << 20, uint64_t{1} << 50);
  check("max_archive_members", o.max_archive_members, 1, ~uint32_t{0});
  check("max_line_bytes", o.max_line_bytes, 1 << 10, 256 << 20);
  check("part_bytes", o.part_bytes, 64 << 10, 64 << 20);
  check("converter_cpu_seconds", o.converter_cpu_seconds, 1, 86'400);
  check("converter_memory_bytes", o.converter_memory_bytes, 256 << 20, uint64_t{64} << 30);
  check("duplicate_paragraph_characters", o.duplicate_paragraph_characters, 40, 100'000);
  check("min_characters", o.clean.min_characters, 1, 1'000'000);
}

}  // namespace sheepop
