#include "sample/schema/scopes.h"

#include <fmt/format.h>

#include "sample/schema/json_schema.h"

namespace sheepop::schema {

ScopeId Scopes::Enter(ScopeId outer, ResourceId id, const Places& places) {
  const Resource& resource = places.resource(id);
  if (resource.dynamic_anchors.empty() && !resource.recursive_anchor) return outer;
  const auto [entered, is_new] = entered_.emplace(std::pair(outer, id), outer);
  if (!is_new) return entered->second;
  Bindings bindings = *scopes_[static_cast<size_t>(outer)];
  for (const auto& [name, place] : resource.dynamic_anchors) bindings.emplace(name, place);
  if (resource.recursive_anchor) bindings.emplace(kRecursive, resource.root);
  const size_t size = bindings.size();
  const auto [known, is_first] = known_.emplace(std::move(bindings), ScopeId{static_cast<uint32_t>(scopes_.size())});
  if (is_first) {
    scopes_.push_back(&known->first);
    bindings_ += size;
  }
  if (bindings_ > kMostBindings) {
    throw SchemaError(
        ErrorCategory::kLimit,
        {places.Pointer(resource.root), "$dynamicAnchor",
         fmt::format("the dynamic anchors can be met in so many orders that they take more than {} places",
                     kMostBindings)});
  }
  return entered->second = known->second;
}

std::optional<PlaceId> Scopes::Outermost(ScopeId scope, std::string_view name) const {
  const Bindings& bindings = *scopes_[static_cast<size_t>(scope)];
  const auto found = bindings.find(name);
  return found == bindings.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sheepop::schema
