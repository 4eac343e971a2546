"""Says which units of a folder may be compiled as one: none that defines for itself (in an unnamed namespace, static or as
a macro) a name that another one of its batch uses, so that each means what it means alone.

usage: unity_batches.py UNIT...     prints the number of each one's batch
"""

import pathlib
import re
import sys

MOST_UNITS, MOST_LINES = 8, 2000
TOKEN = re.compile(r"""
    //[^\n]* | /\*.*?\*/ | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)" | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'
    | ^[ \t]*\#[ \t]*define[ \t]+(?P<macro>\w+)(?:[^\n]*\\\n)*[^\n]* | ^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*
    | (?P<number>\.?\d(?:[eEpP][+-]|[\w.]|'\w)*) | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>::|->|\ <=?\ |\ >=?\ |<<|[^\s\w])""", re.VERBOSE | re.MULTILINE | re.DOTALL)
TYPES = {"struct", "class", "union", "enum"}
BESIDE_A_TYPE = TYPES | {"final", "alignas"}


def tokens_of(text):
    for token in TOKEN.finditer(text):
        if token.group("macro"):
            yield "macro", token.group("macro")
        elif token.lastgroup in ("word", "sign"):
            yield token.lastgroup, token.group()


def type_declared(statement):
    """The name of the type that the tokens define, or None."""
    parentheses = 0
    for at, (_, value) in enumerate(statement):
        parentheses += {"(": 1, ")": -1}.get(value, 0)
        if value in ("(", "=") or value == "{":
            return None
        if value in TYPES and statement[at - 1][1] not in ("<", ","):
            words = [word for kind, word in statement[at:] if kind == "word" and word not in BESIDE_A_TYPE]
            return words[0] if words else None
    return None


def declared(statement):
    """The name that the tokens of a declaration declare, or None where it declares no new one."""
    name = type_declared(statement)
    if name:
        return name
    angles, previous = 0, ("", "")
    for at, (kind, value) in enumerate(statement):
        angles += {"<": 1, ">": -1}.get(value, 0)
        if angles == 0 and value in ("(", "=", "{", "[", ";") and previous[0] == "word":
            member = value == "(" and statement[at - 2][1] == "::"
            macro = value == "(" and at == 1
            return None if member or macro or previous[1] == "operator" else previous[1]
        previous = (kind, value)
    return None


def names_of(text):
    """What the unit defines for itself, by name (where two units may say the same, such as an alias, the text, else a thing
    that is equal to no other), and the names that it uses without a scope before them."""
    own, used = {}, set()
    spaces, statement, depth, previous = [], [], 0, ""  # spaces: for each namespace around, whether it has no name

    def end():
        words = [value for _, value in statement]
        name = declared(statement) if words[:2] != ["using", "namespace"] else None
        alias = words[0] in ("using", "namespace")
        if name and (any(spaces) or alias or words[0] == "static"):
            own[name] = " ".join(words) if alias else object()
        statement.clear()

    for kind, value in tokens_of(text):
        if kind == "macro":
            own[value] = object()
            continue
        if kind == "word" and previous not in (".", "->", "::"):
            used.add(value)
        previous = value
        if depth == 0 and value == "}":
            if spaces:
                spaces.pop()
            continue
        if depth == 0:
            statement.append((kind, value))
        depth += {"{": 1, "}": -1}.get(value, 0)
        words = [word for _, word in statement]
        if value == "{" and depth == 1 and "namespace" in words[:2]:
            spaces.append(words[-2] == "namespace")
            statement.clear()
            depth = 0
        elif value == ";" and depth == 0:
            end()
        elif value == "}" and depth == 0 and "(" in words and "=" not in words and not type_declared(statement):
            end()  # a function's body
    return own, used


def batches(units):
    """The number of each unit's batch; units is a list of (own, used, lines)."""
    made, numbers = [], []  # made: the units of each batch

    def meet(a, b):
        """Whether one of them uses what the other defines for itself."""
        return any(name in b[1] and b[0].get(name) != own for name, own in a[0].items())

    for unit in units:
        for number, batch in enumerate(made):
            if (len(batch) < MOST_UNITS and unit[2] + sum(other[2] for other in batch) <= MOST_LINES
                    and not any(meet(unit, other) or meet(other, unit) for other in batch)):
                break
        else:
            number, batch = len(made), []
            made.append(batch)
        batch.append(unit)
        numbers.append(number)
    return numbers


def main():
    texts = [pathlib.Path(name).read_text(errors="replace") for name in sys.argv[1:]]
    print(*batches([(*names_of(text), text.count("\n")) for text in texts]))


if __name__ == "__main__":
    main()
