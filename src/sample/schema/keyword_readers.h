// The readers of the keywords: each puts what its keyword asks for into the node, or throws what Subschema::Invalid does.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

namespace sheepop::schema {

class Subschema;
using KeywordReader = void(Subschema& subschema, std::string_view keyword, const boost::json::value& value);

// references.cc
KeywordReader ReadMetaschema, ReadId, ReadAnchor, ReadRecursiveAnchor, ReadRef, ReadDynamicRef, ReadRecursiveRef,
    ReadDefinitions;

// combination_keywords.cc
KeywordReader ReadAllOf, ReadAnyOf, ReadOneOf, ReadNot, ReadIf, ReadThen, ReadElse;

// value_keywords.cc
KeywordReader ReadType, ReadEnum, ReadConst;

// number_keywords.cc
KeywordReader ReadMinimum, ReadMaximum, ReadExclusiveMinimum, ReadExclusiveMaximum, ReadMultipleOf;

// string_keywords.cc
KeywordReader ReadMinLength, ReadMaxLength, ReadPattern, ReadFormat;

// array_keywords.cc
KeywordReader ReadItems, ReadPrefixItems, ReadAdditionalItems, ReadUnevaluatedItems, ReadContains, ReadMinContains,
    ReadMaxContains, ReadMinItems, ReadMaxItems, ReadUniqueItems;

// object_keywords.cc
KeywordReader ReadProperties, ReadPatternProperties, ReadAdditionalProperties, ReadUnevaluatedProperties,
    ReadPropertyNames, ReadRequired, ReadMinProperties, ReadMaxProperties, ReadDependentRequired, ReadDependentSchemas,
    ReadDependencies;

}  // namespace sheepop::schema
