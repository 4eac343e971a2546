// Pages that lie askew in their picture.
#pragma once

#include <string>

#include "ingest/readers/layout.h"
#include "ingest/readers/page_picture.h"

namespace sheepop {

// How far lines sink towards the right, as a tangent: the middle one of those of its longer lines; 0 for a page with few.
double Slope(const LayoutPage& page);

// The picture turned by that much around its middle, so that its lines lie level, as a PGM file; what comes from outside is
// white.
std::string Straightened(const GrayImage& image, double slope);

}  // namespace sheepop
