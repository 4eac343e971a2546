#include "ingest/license.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sheepop {
namespace {

constexpr size_t kHeadBytes = 4 << 10;

// Words that only that licence, or a notice of it, has; white space and comment marks are single spaces in the text they
// are looked for in. The first match counts, so the more particular ones come first.
constexpr std::pair<std::string_view, std::string_view> kPhrases[] = {
    {"gnu affero general public license", "AGPL-3.0"},
    {"gnu lesser general public license", "LGPL"},
    {"gnu library general public license", "LGPL"},
    {"gnu general public license as published by the free software foundation; either version 3", "GPL-3.0"},
    {"gnu general public license version 3", "GPL-3.0"},
    {"gnu general public license", "GPL"},
    {"apache license, version 2.0", "Apache-2.0"},
    {"apache license version 2.0", "Apache-2.0"},
    {"mozilla public license, v. 2.0", "MPL-2.0"},
    {"mozilla public license version 2.0", "MPL-2.0"},
    {"boost software license - version 1.0", "BSL-1.0"},
    {"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
    {"permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"},
    {"neither the name of", "BSD-3-Clause"},
    {"redistribution and use in source and binary forms", "BSD-2-Clause"},
    {"creative commons attribution-sharealike 4.0", "CC-BY-SA-4.0"},
    {"creative commons attribution 4.0", "CC-BY-4.0"},
    {"cc0 1.0 universal", "CC0-1.0"},
    {"this is free and unencumbered software released into the public domain", "Unlicense"},
};

std::string Flattened(std::string_view text) {
  std::string flat;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool space = byte <= 0x20 || c == '*' || c == '#' || c == '/';
    if (space && flat.ends_with(' ')) continue;
    flat.push_back(space ? ' ' : static_cast<char>(std::tolower(byte)));
  }
  return flat;
}

}  // namespace

std::string FindLicense(std::string_view text) {
  const std::string_view head = text.substr(0, kHeadBytes);
  constexpr std::string_view kTag = "SPDX-License-Identifier:";
  if (const size_t at = head.find(kTag); at != std::string_view::npos) {
    std::string_view rest = head.substr(at + kTag.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const size_t end = std::min(rest.find_first_of(" \t\r\n*\"'"), rest.size());
    if (end > 0 && end < 64) return std::string(rest.substr(0, end));
  }
  const std::string flat = Flattened(head);
  for (const auto& [phrase, license] : kPhrases) {
    if (flat.find(phrase) != std::string::npos) return std::string(license);
  }
  return "";
}

}  // namespace sheepop
