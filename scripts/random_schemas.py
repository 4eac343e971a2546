"""Random JSON Schemas, instances that have something to do with them, and changes of both: what check_walks judges."""

import copy
import decimal
import json

DRAFTS = {"4": "http://json-schema.org/draft-04/schema#", "6": "http://json-schema.org/draft-06/schema#",
          "7": "http://json-schema.org/draft-07/schema#", "2019-09": "https://json-schema.org/draft/2019-09/schema",
          "2020-12": "https://json-schema.org/draft/2020-12/schema"}
NAMES = ["a", "b", "c", "id", "na me", "ab", "a\u00e9", ""]
STRINGS = ["", "a", "b", "ab", "aab", "abc", "b1", "1", "12", "A-1", "\u00e9", "\U0001F411x", 'q"\\', "a\nb", " ", "true", "null", "aaaa"]
NUMBERS = [0, 1, -1, 2, 3, 5, 7, 10, 12, 100, 1.5, 0.1, 0.3, -0.5, 2.5, 1e3, 1e-3, 12345678901234567890, -7, 0.01, 1e20, 99.99]
PATTERNS = ["a", "^a", "b$", "^[ab]*$", "^(a|b1)+$", r"^\d{1,3}$", r"\d", "^.{0,3}$", "^(?!a)", r"^\w+-\d$", "^[^b]*$", "a{2,}", r"^\S*$",
            "^$", r"^(ab|a)(b|bb)?$", r"\ba\b", "[\u00e0-\u00ff]", "^(?=.*a)(?=.*b)", r"^\s*a", "a|b|1"]
FORMATS = {"date": ["2024-02-29", "2023-02-29", "1999-12-31", "2024-13-01"], "time": ["12:00:00Z", "23:59:60Z", "24:00:00Z", "12:00:00+01:30"],
           "date-time": ["2024-02-29T12:00:00Z", "2024-02-30T12:00:00Z", "2024-01-01T00:00:00.5+02:00"], "ipv4": ["1.2.3.4", "256.1.1.1", "01.2.3.4"],
           "ipv6": ["::1", "1::2::3", "fe80::1", "::ffff:1.2.3.4"], "uuid": ["123e4567-e89b-12d3-a456-426614174000", "123e4567"],
           "email": ["a@b.c", "a.b", "a@b"], "hostname": ["a.b", "-a", "a-b.c1"], "uri": ["http://a/b?c#d", "a:b", "//a", "a b"],
           "uri-reference": ["a/b", "#x", "\\"], "json-pointer": ["", "/a~0", "a", "/~"], "relative-json-pointer": ["0#", "1/a", "01"],
           "duration": ["P1D", "PT1H", "P", "P1Y2M"], "regex": ["a", "(", "[a-z]+"], "uri-template": ["a{b}", "a{b"], "iri": ["http://\u00e9/"]}
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


class Schemas:
    """Schemas of one draft: sensible ones mostly, nasty ones where keywords meet that have nothing to do with each other."""

    def __init__(self, rng):
        self.rng = rng
        self.draft = rng.choice(["4", "6", "7", "2019-09", "2020-12", "2020-12", "2020-12"])
        self.nasty = rng.choice([0, 0.1, 0.4])
        self.defs = [f"d{i}" for i in range(rng.choice([0, 0, 0, 1, 2]))]
        self.holder = "$defs" if self.draft in ("2019-09", "2020-12") else "definitions"

    def has(self, draft):
        return list(DRAFTS).index(self.draft) >= list(DRAFTS).index(draft)

    def root(self):
        schema = self.schema(self.rng.choice([1, 2, 2, 3]))
        if not isinstance(schema, dict):
            schema = {}
        if self.defs:
            schema[self.holder] = {name: self.schema(2) for name in self.defs}
        if self.draft != "2020-12" or self.rng.random() < 0.5:
            schema["$schema"] = DRAFTS[self.draft]
        return schema

    def some(self, most, depth):
        return [self.schema(depth) for _ in range(self.rng.randint(1, most))]

    def schema(self, depth):
        rng = self.rng
        if self.has("6") and rng.random() < 0.04:
            return rng.random() < 0.7
        if (self.defs or depth < 3) and rng.random() < 0.08:
            return self.reference(depth)
        schema = {}
        kind = rng.choice(TYPES[:5] if depth <= 0 else TYPES + ["array", "object", "object", "mixed"])
        if kind != "mixed" and rng.random() < 0.85:
            schema["type"] = kind if rng.random() < 0.85 else rng.sample(TYPES, rng.randint(1, 3))
        for keyword in range(rng.choice([0, 1, 1, 2, 3])):
            which = rng.choice(TYPES) if rng.random() < self.nasty or kind == "mixed" else kind
            if which in ("integer", "number"):
                self.number(schema)
            elif which == "string":
                self.string(schema)
            elif which == "array" and depth > 0:
                self.array(schema, depth - 1)
            elif which == "object" and depth > 0:
                self.object(schema, depth - 1)
        if rng.random() < 0.08:
            schema["enum"] = [self.value(2) for _ in range(rng.randint(1, 4))]
        if self.has("6") and rng.random() < 0.04:
            schema["const"] = self.value(2)
        if depth > 0 and rng.random() < 0.12 + self.nasty / 2:
            self.combine(schema, depth - 1)
        return schema

    def reference(self, depth):
        rng = self.rng
        to = "#" if not self.defs or rng.random() < 0.2 else f"#/{self.holder}/{rng.choice(self.defs)}"
        siblings = self.schema(depth - 1) if depth > 0 and rng.random() < 0.2 else {}
        return {**(siblings if isinstance(siblings, dict) else {}), "$ref": to}

    def value(self, depth):
        rng = self.rng
        kind = rng.randrange(10 if depth > 0 else 7)
        if kind < 2:
            return rng.choice(NUMBERS)
        if kind < 5:
            return rng.choice(STRINGS)
        if kind < 7:
            return rng.choice([None, True, False, 0, 1, 1.0, [], {}])
        if kind < 8:
            return [self.value(depth - 1) for _ in range(rng.randrange(4))]
        return {rng.choice(NAMES): self.value(depth - 1) for _ in range(rng.randrange(4))}

    def number(self, schema):
        rng = self.rng
        keyword = rng.choice(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"])
        if keyword == "multipleOf":
            schema[keyword] = rng.choice([1, 2, 3, 7, 10, 0.5, 0.1, 0.01, 0.25, 1.5, 2.5, 1e-3, 100])
        elif keyword.startswith("exclusive") and self.draft == "4":
            schema[keyword[9:].lower()] = rng.choice(NUMBERS)
            schema[keyword] = rng.random() < 0.8
        else:
            schema[keyword] = rng.choice(NUMBERS)

    def string(self, schema):
        rng = self.rng
        keyword = rng.choice(["minLength", "maxLength", "pattern", "pattern", "format"])
        schema[keyword] = {"pattern": lambda: rng.choice(PATTERNS), "format": lambda: rng.choice(list(FORMATS) + ["unknown"])}.get(
            keyword, lambda: rng.randrange(6))()

    def array(self, schema, depth):
        rng = self.rng
        keywords = ["items", "items", "items", "tuple", "tuple", "minItems", "maxItems", "uniqueItems"]
        keywords += ["contains"] * 2 if self.has("6") else []
        keywords += ["unevaluatedItems"] if self.has("2019-09") else []
        keyword = rng.choice(keywords)
        if keyword == "tuple":
            schema["prefixItems" if self.draft == "2020-12" else "items"] = self.some(3, depth)
            if rng.random() < 0.5:
                schema["items" if self.draft == "2020-12" else "additionalItems"] = self.closed(depth)
        elif keyword in ("minItems", "maxItems"):
            schema[keyword] = rng.randrange(4)
        elif keyword == "uniqueItems":
            schema[keyword] = rng.random() < 0.9
            if rng.random() < 0.7:
                schema["items"] = rng.choice([{"type": "boolean"}, {"enum": [self.value(1) for _ in range(4)]}, {"type": "integer"},
                                              {"type": ["string", "null"]}, {"type": "integer", "minimum": 0, "maximum": 3},
                                              {"type": "string", "maxLength": 2}])
        elif keyword == "contains":
            schema[keyword] = self.schema(depth)
            if self.has("2019-09") and rng.random() < 0.5:
                schema["minContains"] = rng.randrange(3)
            if self.has("2019-09") and rng.random() < 0.5:
                schema["maxContains"] = rng.randrange(3)
        else:
            schema[keyword] = self.closed(depth) if keyword == "unevaluatedItems" else self.schema(depth)

    def closed(self, depth):
        return False if self.rng.random() < 0.5 else self.schema(depth)

    def object(self, schema, depth):
        rng = self.rng
        keywords = ["properties"] * 4 + ["required", "required", "additionalProperties", "additionalProperties", "patternProperties",
                                         "minProperties", "maxProperties", "dependencies"]
        keywords += ["propertyNames"] if self.has("6") else []
        keywords += ["unevaluatedProperties"] if self.has("2019-09") else []
        keyword = rng.choice(keywords)
        if keyword == "properties":
            schema[keyword] = {rng.choice(NAMES): self.schema(depth) for _ in range(rng.randint(1, 4))}
            if rng.random() < 0.5:
                schema["required"] = rng.sample(sorted(schema[keyword]), rng.randint(1, len(schema[keyword])))
        elif keyword == "required":
            schema[keyword] = rng.sample(NAMES, rng.randint(1, 2))
        elif keyword == "patternProperties":
            schema[keyword] = {rng.choice(PATTERNS): self.schema(depth) for _ in range(rng.randint(1, 2))}
        elif keyword in ("minProperties", "maxProperties"):
            schema[keyword] = rng.randrange(4)
        elif keyword == "dependencies":
            needs = [rng.choice(NAMES), rng.sample(NAMES, rng.randint(1, 2)), self.schema(depth)]
            if self.has("2019-09"):
                schema["dependentRequired" if rng.random() < 0.5 else "dependentSchemas"] = {}
                name = "dependentRequired" if "dependentRequired" in schema else "dependentSchemas"
                schema[name] = {needs[0]: needs[1] if name == "dependentRequired" else needs[2]}
            else:
                schema[keyword] = {needs[0]: needs[1 + rng.randrange(2)]}
        elif keyword == "propertyNames":
            names = {}
            self.string(names)
            schema[keyword] = names
        else:
            schema[keyword] = self.closed(depth)

    def combine(self, schema, depth):
        rng = self.rng
        keyword = rng.choice(["allOf", "anyOf", "anyOf", "oneOf", "oneOf", "not"] + (["if"] if self.has("7") else []))
        if keyword == "not":
            schema[keyword] = self.schema(depth)
        elif keyword == "if":
            schema[keyword] = self.schema(depth)
            for branch in ("then", "else"):
                if rng.random() < 0.7:
                    schema[branch] = self.schema(depth)
        else:
            schema[keyword] = self.some(3, depth)


IN_MAPS = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
IN_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
ALONE = ("items", "additionalItems", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
         "unevaluatedItems", "unevaluatedProperties")


def subschemas(schema):
    """All objects in `schema` that are schemas themselves, the whole first."""
    found = [schema] if isinstance(schema, dict) else []
    for one in found:
        for keyword in IN_MAPS:
            if isinstance(one.get(keyword), dict):
                found += [it for it in one[keyword].values() if isinstance(it, dict)]
        for keyword in IN_LISTS:
            if isinstance(one.get(keyword), list):
                found += [it for it in one[keyword] if isinstance(it, dict)]
        found += [one[keyword] for keyword in ALONE if isinstance(one.get(keyword), dict)]
    return found


def mutated_schema(rng, schema):
    """A real schema with a few changes, in its own draft."""
    schema = copy.deepcopy(schema)
    maker = Schemas(rng)
    maker.defs = []
    named = next((draft for draft, uri in DRAFTS.items() if isinstance(schema, dict) and schema.get("$schema", "").strip("#") == uri.strip("#")), "2020-12")
    maker.draft = named
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        places = subschemas(schema)
        if not places:
            break
        place = rng.choice(places)
        kind = rng.randrange(7)
        keywords = [key for key in place if not key.startswith("$") and key != "definitions"]
        if kind == 0 and keywords:
            del place[rng.choice(keywords)]
        elif kind == 1:
            other = copy.deepcopy(rng.choice(places))
            place[rng.choice(["anyOf", "allOf", "oneOf"])] = [other] + maker.some(2, 1)
        elif kind == 2:
            place["not"] = maker.schema(1) if rng.random() < 0.5 else copy.deepcopy(rng.choice(places))
        elif kind == 3:
            maker.object(place, 1)
        elif kind == 4:
            maker.array(place, 1)
        elif kind == 5:
            rng.choice([maker.string, maker.number])(place)
        else:
            other = copy.deepcopy(rng.choice(places))
            place.update({key: value for key, value in other.items() if not key.startswith("$")})
    return schema


class Instances:
    """Values that a schema may well allow."""

    def __init__(self, rng, root):
        self.rng, self.root = rng, root
        self.maker = Schemas(rng)

    def resolve(self, reference):
        node = self.root
        if not reference.startswith("#"):
            return True
        for part in reference[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            node = node.get(part, True) if isinstance(node, dict) else True
        return node

    def value(self, schema, depth=4):
        rng = self.rng
        if not isinstance(schema, dict) or depth < 0 or rng.random() < 0.03:
            return self.maker.value(max(0, min(2, depth)))
        if isinstance(schema.get("$ref"), str):
            return self.value(self.resolve(schema["$ref"]), depth - 1)
        if "const" in schema and rng.random() < 0.95:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"] and rng.random() < 0.95:
            return rng.choice(schema["enum"])
        values = []
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list) and schema[keyword]:
                values.append(self.value(rng.choice(schema[keyword]), depth - 1))
        for part in schema.get("allOf", []) if isinstance(schema.get("allOf"), list) else []:
            values.append(self.value(part, depth - 1))
        for keyword in ("if", "then", "else"):
            if keyword in schema and rng.random() < 0.4:
                values.append(self.value(schema[keyword], depth - 1))
        if not values or any(key in schema for key in ("type", "properties", "items", "required")):
            values.append(self.own(schema, depth))
        if all(isinstance(value, dict) for value in values):
            return {key: value for one in values for key, value in one.items()}
        return rng.choice(values)

    def own(self, schema, depth):
        rng = self.rng
        kind = schema.get("type")
        kind = rng.choice(kind) if isinstance(kind, list) and kind else kind
        if kind is None:
            guesses = {"properties": "object", "required": "object", "patternProperties": "object", "additionalProperties": "object",
                       "items": "array", "prefixItems": "array", "contains": "array", "pattern": "string", "format": "string",
                       "minimum": "number", "maximum": "number", "multipleOf": "number"}
            kind = rng.choice([guess for key, guess in guesses.items() if key in schema] or TYPES)
        if kind in ("integer", "number"):
            bounds = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
                      if isinstance(schema.get(key), (int, float)) and not isinstance(schema.get(key), bool)]
            value = rng.choice(bounds + [rng.choice(NUMBERS)])
            value = rng.choice([value, value, value + 1, value - 1, value * 2, value + 0.5])
            return int(value) if kind == "integer" and rng.random() < 0.8 else value
        if kind == "string":
            return self.string(schema)
        if kind == "array":
            return self.array(schema, depth)
        if kind == "object":
            return self.object(schema, depth)
        return {"null": None, "boolean": rng.random() < 0.5}.get(kind, 0)

    def string(self, schema):
        rng = self.rng
        if schema.get("format") in FORMATS and rng.random() < 0.9:
            return rng.choice(FORMATS[schema["format"]])
        text = rng.choice(STRINGS)
        least, most = schema.get("minLength", 0), schema.get("maxLength", 1 << 30)
        if isinstance(least, int) and len(text) < least < 1000:
            text = (text or "ab") * least
        return text[: max(least, 0)] if isinstance(most, int) and len(text) > most >= 0 and isinstance(least, int) else text

    def array(self, schema, depth):
        rng = self.rng
        tuple_ = schema.get("prefixItems", schema.get("items") if isinstance(schema.get("items"), list) else [])
        rest = schema.get("items", True) if not isinstance(schema.get("items"), list) else schema.get("additionalItems", True)
        least = schema.get("minItems", 0)
        count = rng.randrange(4) + (least if isinstance(least, int) and least < 20 else 0)
        items = [self.value(tuple_[i] if isinstance(tuple_, list) and i < len(tuple_) else rest, depth - 1) for i in range(count)]
        if "contains" in schema and rng.random() < 0.8:
            items.insert(rng.randint(0, len(items)), self.value(schema["contains"], depth - 1))
        return items[: schema["maxItems"]] if isinstance(schema.get("maxItems"), int) and rng.random() < 0.9 else items

    def object(self, schema, depth):
        rng = self.rng
        known = schema.get("properties") if isinstance(schema.get("properties"), dict) else {}
        required = [it for it in schema.get("required", []) if isinstance(it, str)] if isinstance(schema.get("required"), list) else []
        names = [name for name in known if rng.random() < 0.6] + [name for name in required if rng.random() < 0.95]
        if rng.random() < 0.4:
            names.append(rng.choice(NAMES + STRINGS))
        rng.shuffle(names)
        other = schema.get("additionalProperties", True)
        return {name: self.value(known.get(name, other), depth - 1) for name in names}


def mutated_value(rng, value, values):
    """`value` with one place changed; `values` makes new ones."""
    places = []

    def visit(node):
        for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            visit(node[key])

    value = copy.deepcopy(value)
    visit(value)
    if not places:
        return values.value(values.root)
    node, key = rng.choice(places)
    kind = rng.randrange(5)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, list):
        node.insert(rng.randint(0, len(node)), copy.deepcopy(node[key]))
    elif kind == 1:
        node[rng.choice(NAMES)] = copy.deepcopy(node[key])
    elif kind == 2:
        node[key] = copy.deepcopy((lambda place: place[0][place[1]])(rng.choice(places)))
    elif kind == 3 and isinstance(node[key], (int, float, decimal.Decimal)) and not isinstance(node[key], bool):
        node[key] = rng.choice([node[key] + 1, node[key] - 1, -node[key], node[key] * 2])
    elif kind == 3 and isinstance(node[key], str):
        node[key] = rng.choice([node[key] + "a", node[key][1:], node[key][::-1], node[key] * 2])
    else:
        node[key] = values.maker.value(1)
    return value


def smaller(value):
    """Copies of a document with one thing less, the largest cuts first."""
    places = []

    def visit(node, path):
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append(path + [key])
            visit(node[key], path + [key])

    def changed(path, change):
        copied = copy.deepcopy(value)
        node = copied
        for key in path[:-1]:
            node = node[key]
        change(node, path[-1])
        return copied

    def drop(node, key):
        del node[key]

    def hoist(node, key):
        inside = node[key]
        if isinstance(node, dict) and isinstance(inside, dict):
            del node[key]
            node.update(inside)

    visit(value, [])
    for path in sorted(places, key=len):
        yield changed(path, drop)
    for path in places:
        yield changed(path, hoist)


def written(value):
    return json.dumps(value, ensure_ascii=False)
