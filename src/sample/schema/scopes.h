// Dynamic scopes (JSON Schema 2020-12, core, section 7.1), as far as they decide where dynamic references lead: for each
// name, its outermost anchor among the resources that were entered on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/schema/places.h"

namespace sheepop::schema {

enum class ScopeId : uint32_t {};

// Equal scopes have one id.
class Scopes {
 public:
  static constexpr size_t kMostBindings = 1'000'000;  // of all scopes together

  // The name under which "$recursiveAnchor" is bound.
  static constexpr std::string_view kRecursive = "";

  // Nothing has been entered.
  ScopeId empty() const { return ScopeId{0}; }
  // Throws SchemaError (kLimit) for more bindings than may be.
  ScopeId Enter(ScopeId outer, ResourceId id, const Places& places);
  std::optional<PlaceId> Outermost(ScopeId scope, std::string_view name) const;

 private:
  using Bindings = std::map<std::string, PlaceId, std::less<>>;
  std::map<Bindings, ScopeId> known_{{Bindings{}, ScopeId{0}}};
  std::vector<const Bindings*> scopes_{&known_.begin()->first};  // by ScopeId
  std::map<std::pair<ScopeId, ResourceId>, ScopeId> entered_;
  size_t bindings_ = 0;
};

}  // namespace sheepop::schema
