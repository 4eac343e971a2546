// Soft hyphens that a PDF draws: in WinAnsiEncoding (ISO 32000-1, annex D, note 6) the code 0xAD is a hyphen for the eye, and
// poppler gives it out as one. Programs put it where their text has U+00AD, so it must not be taken for the author's.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "ingest/readers/layout.h"

namespace sheepop {

// "Index", U+00AD, "fonds": a soft hyphen with the letters around it; none after it where the line ends.
using SoftHyphens = std::set<std::string>;

// Whether the page has words with a hyphen before a small letter behind a capital, as "Index-fonds": what is worth asking for.
bool MayHoldSoftHyphens(std::string_view page_text);

// Whether `pdffonts` names a font whose codes are WinAnsi's and that says itself nothing about characters.
bool HasWinAnsiFonts(std::string_view pdffonts);

// Of the strings in what `pdftops` writes; any bytes.
SoftHyphens FindSoftHyphens(std::string_view postscript);

// Makes the hyphens of a page's text soft that `found` names.
void SoftenHyphens(std::string& text, const SoftHyphens& found);

}  // namespace sheepop
