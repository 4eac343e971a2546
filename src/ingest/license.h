// The licence that a document states about itself.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

// The SPDX identifier after "SPDX-License-Identifier:", or of a licence whose own words stand in the first 4 KiB; "" else.
std::string FindLicense(std::string_view text);

}  // namespace sheepop
