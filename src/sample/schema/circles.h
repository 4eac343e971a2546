// Schemas that ask for themselves of the same instance.
#pragma once

#include <vector>

#include "sample/schema/node.h"

namespace sheepop::schema {

// Those of a circle in which each applies the next one to the instance that it is applied to itself; empty where there is
// none.
std::vector<NodeId> FindCircle(const Document& document);

}  // namespace sheepop::schema
