// Regular expressions over characters as languages of bytes.
#pragma once

#include <memory>

#include "sample/grammar/byte_language.h"
#include "sample/grammar/regex.h"

namespace sheepop::grammar {

// Characters as UTF-8.
std::unique_ptr<ByteLanguage> MakeTextLanguage(std::shared_ptr<RegexPool> pool, RegexId regex);

// Characters as a JSON string with its quotation marks (RFC 8259, section 7): each as itself, where JSON allows that, and
// as every escape that stands for it, \u with surrogate pairs included. A lone surrogate is no character.
std::unique_ptr<ByteLanguage> MakeJsonStringLanguage(std::shared_ptr<RegexPool> pool, RegexId regex);

// These bytes and no others. Not empty.
std::unique_ptr<ByteLanguage> MakeLiteral(std::string_view bytes);

// The words of `language`, each state remembering the bytes that led to it (ByteLanguage::Text).
std::unique_ptr<ByteLanguage> MakeCapturing(std::unique_ptr<ByteLanguage> language);

}  // namespace sheepop::grammar
