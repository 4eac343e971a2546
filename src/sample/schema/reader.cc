#include "sample/schema/reader.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "sample/schema/circles.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {

namespace json = boost::json;

Document ReadSchema(const json::value& schema, const SchemaOptions& options, SchemaNotes& notes) {
  return Reader(schema, options, notes).Read();
}

Reader::Reader(const json::value& schema, const SchemaOptions& options, SchemaNotes& notes)
    : options_(options), notes_(notes), places_(schema) {}

Document Reader::Read() {
  const json::value& schema = *places_[places_.root()].schema;
  if (!schema.is_object() && !schema.is_bool()) Invalid(places_.root(), "", "it must be an object, true or false");
  document_.root = NodeOf(places_.root(), scopes_.empty());
  while (!waiting_.empty()) {
    const Waiting next = waiting_.back();
    waiting_.pop_back();
    Node node = Subschema(*this, next.place, next.scope).Read();
    document_.nodes[static_cast<size_t>(next.node)] = std::move(node);
  }
  RefuseCircles();
  return std::move(document_);
}

NodeId Reader::NodeOf(PlaceId place, ScopeId outer) {
  const ScopeId scope = scopes_.Enter(outer, places_[place].resource, places_);
  const uint64_t key = static_cast<uint64_t>(place) << 32 | static_cast<uint64_t>(scope);
  const NodeId id{static_cast<uint32_t>(document_.nodes.size())};
  const auto [known, is_new] = known_.emplace(key, id);
  if (!is_new) return known->second;
  pointer_bytes_ += places_.PointerSize(place);
  if (document_.nodes.size() == kMostNodes || pointer_bytes_ > kMostPointerBytes) {
    const std::string bound =
        document_.nodes.size() == kMostNodes
            ? fmt::format("it has more than {} subschemas", kMostNodes)
            : fmt::format("the names on the ways to its subschemas take more than {} bytes", kMostPointerBytes);
    throw SchemaError(ErrorCategory::kLimit, {"", "", bound});
  }
  document_.nodes.emplace_back();
  place_of_.push_back(place);
  waiting_.push_back({id, place, scope});
  return id;
}

void Reader::Invalid(PlaceId place, std::string_view keyword, std::string message) const {
  throw SchemaError(ErrorCategory::kInvalidArgument,
                    {places_.Pointer(place), std::string(keyword), std::move(message)});
}

void Reader::Unsupported(PlaceId place, std::string_view keyword, std::string message) {
  SchemaFault fault{places_.Pointer(place), std::string(keyword), std::move(message)};
  if (!options_.lenient) throw SchemaError(ErrorCategory::kUnsupported, std::move(fault));
  if (told_.insert(fmt::format("{} {}", keyword, fault.pointer)).second)
    notes_.not_enforced.push_back(std::move(fault));
}

void Reader::Warn(std::string_view code, std::string_view thing, std::string value, std::string line) {
  if (!told_.insert(fmt::format("{} {}", code, thing)).second) return;
  notes_.warnings.push_back({std::string(code), std::string(thing), std::move(value), std::move(line)});
}

void Reader::RefuseCircles() const {
  const std::vector<NodeId> circle = FindCircle(document_);
  if (circle.empty()) return;
  for (const NodeId node : circle) {
    const PlaceId place = place_of_[static_cast<size_t>(node)];
    for (const std::string_view keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
      if (!places_[place].schema->get_object().contains(keyword)) continue;
      Invalid(place, keyword, fmt::format("{} leads back to where it stands, without a step into the value", keyword));
    }
  }
}

}  // namespace sheepop::schema
