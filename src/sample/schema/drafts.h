// The drafts of JSON Schema that are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sheepop::schema {

// In their order, as bits.
enum Draft : uint8_t {
  kDraft4 = 1,
  kDraft6 = 2,
  kDraft7 = 4,
  kDraft2019 = 8,
  kDraft2020 = 16,
};

inline constexpr uint8_t kEveryDraft = kDraft4 | kDraft6 | kDraft7 | kDraft2019 | kDraft2020;
inline constexpr uint8_t kSince6 = kEveryDraft & ~kDraft4;
inline constexpr uint8_t kSince7 = kSince6 & ~kDraft6;
inline constexpr uint8_t kSince2019 = kDraft2019 | kDraft2020;
inline constexpr uint8_t kUntil7 = kDraft4 | kDraft6 | kDraft7;
inline constexpr uint8_t kUntil2019 = kUntil7 | kDraft2019;

// How the keywords of a schema are read.
struct Dialect {
  Draft draft = kDraft2020;
  bool named = false;  // by "$schema"; where it is not, the forms of older drafts are read too

  bool Until7() const { return (draft & kUntil7) != 0; }
};

// The draft whose metaschema has this URI: with http or https, with or without a '#' behind it; that of the hyper-schema is
// the same draft with keywords more that ask for nothing.
std::optional<Draft> DraftOf(std::string_view uri);

// "draft 4", ..., "draft 2020-12".
std::string_view Name(Draft draft);

}  // namespace sheepop::schema
