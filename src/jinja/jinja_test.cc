// Each feature of the template language, with the text that Jinja2 3.1.6 writes under transformers' settings.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"
#include "jinja/parser.h"

namespace sheepop {
namespace {

constexpr std::time_t kNow = 1785067200;  // 2026-07-26 12:00:00 UTC

// What the templates below see.
constexpr std::string_view kVariables =
    R"json({"s": "Hello <World>", "u": "Zürich 東京 😀", "n": 7, "f": 2.5, "z": 0, "neg": -3, "b": true, "no": null, "e": "", "l": [3, 1, 2], "ls": ["b", "A", "c"], "d": {"x": 1, "y": [1, 2], "items": "I"}, 
"m": [{"role": "user", "content": "hi", "n": 2}, {"role": "assistant", "content": "yo", "n": 1}, {"role": "user", "content": " pad ", "n": 3}], 
"ml": "a\nb\n\nc", "js": {"a": 1.0, "b": [true, null, "é\"\n"], "c": {}}, 
"tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}]})json";

std::string Render(std::string_view source) {
  static const boost::json::object variables = boost::json::parse(kVariables).as_object();
  const jinja::Body body = jinja::Parse(source);
  jinja::Interpreter interpreter(jinja::Limits{}, kNow);
  for (const auto& [name, value] : variables) {
    interpreter.Define(name, jinja::FromJson(interpreter.budget(), value, jinja::Origin::kContent));
  }
  return interpreter.Render(body).bytes();
}

struct Case {
  std::string_view source;
  std::string_view text;
};

// clang-format off
constexpr Case kCases[] = {
    {"plain",
     "plain"},
    {"{{ s }}|{{ n }}|{{ f }}|{{ b }}|{{ no }}|{{ l }}|{{ d }}|{{ u }}",
     "Hello <World>|7|2.5|True|None|[3, 1, 2]|{'x': 1, 'y': [1, 2], 'items': 'I'}|Zürich 東京 😀"},
    {"    yes",
     "    yes"},
    {"end",
     "end"},
    {"{%- if b -%}  x  {%- endif -%}  y",
     "xy"},
    {"  {%+ if b %}keep{% endif %}",
     "  keep"},
    {"a {# comment #} b",
     "a  b"},
    {"{#- c -#}  d",
     "d"},
    {"  {# own line #}",
     ""},
    {"next",
     "next"},
    {"{% raw %}{{ not }} {% x %}{% endraw %}!",
     "{{ not }} {% x %}!"},
    {"  {% raw -%}   {{ a }}   {%- endraw %}  z",
     "{{ a }}  z"},
    {"{{ \"a\" \"b\" 'c' }}",
     "abc"},
    {"{{ \"a\\nb\\t\\\\ \\x41 \\u00e9 \\U0001F600 \\' \\\" \\q \\101\" }}",
     "a\nb\t\\ A é 😀 ' \" \\q A"},
    {"{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2**3**2 }} {{ -2**2 }}",
     "5.0 3 -4 1 2 1024 0.5 64 4"},
    {"{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789012345.0 }} {{ 0.1 + 0.2 }} {{ 1_000 }} {{ 0x1f }} {{ 0b101 }} {{ 0o17 }}",
     "3.0 0.5 1000.0 1.5e-07 1e+16 123456789012345.0 0.30000000000000004 1000 31 5 15"},
    {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ \"a\" < \"b\" }} {{ [1,2] < [1,3] }} {{ 1 != 2 }} {{ 3 >= 3 }} {{ 3 <= 2 }}",
     "True False True True True True True True False"},
    {"{{ 1 in l }} {{ 9 not in l }} {{ \"x\" in d }} {{ \"World\" in s }} {{ \"q\" in s }} {{ \"x\" in nope }}",
     "True True True True False False"},
    {"{{ not b }} {{ b and n }} {{ z or \"d\" }} {{ e or no or \"last\" }} {{ b and z }}",
     "False 7 d last 0"},
    {"{{ \"A\" ~ 1 ~ none ~ 2.0 ~ [1] ~ nope }}",
     "A1None2.0[1]"},
    {"{{ \"yes\" if b else \"no\" }} {{ \"x\" if z }} {{ (\"a\" if z else \"b\") ~ \"c\" }}",
     "yes  bc"},
    {"{{ l[0] }} {{ l[-1] }} {{ l[9] }} {{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ l[-2:5] }}",
     "3 2  [1, 2] [3, 1] [2, 1, 3] [3, 2] [] [1, 2]"},
    {"{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ u[1] }} {{ u[-1] }} {{ u[::-1] }} {{ u[7:9] }} {{ s[10:2:-3] }}",
     "H > ell ü 😀 😀 京東 hcirüZ 東京 lWo"},
    {"{{ d.x }} {{ d[\"y\"][1] }} {{ d[\"items\"] }} {{ d.items() }} {{ d.nope }} {{ d.get(\"x\") }} {{ d.get(\"q\") }} {{ d.get(\"q\", 5) }} {{ d.keys() }} {{ d.values() | list }} {{ d[\"keys\"] is defined }}",
     "1 2 I dict_items([('x', 1), ('y', [1, 2]), ('items', 'I')])  1 None 5 dict_keys(['x', 'y', 'items']) [1, [1, 2], 'I'] True"},
    {"{{ m[0].content }} {{ m[0][\"role\"] }} {{ m.0.role }}",
     "hi user user"},
    {"{{ (1, 2) }} {{ (1,) }} {{ () }} {{ [] }} {{ {} }} {{ {\"a\": 1, 2: \"b\", none: true} }} {{ 1, 2 }}",
     "(1, 2) (1,) () [] {} {'a': 1, 2: 'b', None: True} (1, 2)"},
    {"{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ \"hELLO wORLD\".capitalize() }} {{ \"it's a dog-day\".title() }} {{ \"straße\".upper() }}",
     "HELLO <WORLD> hello <world> Hello <World> Hello world It'S A Dog-Day STRASSE"},
    {"{{ \"  x \".strip() }}|{{ \"  x \".lstrip() }}|{{ \"  x \".rstrip() }}|{{ \"xxaxx\".strip(\"x\") }}|{{ \"abcba\".lstrip(\"ab\") }}|{{ \"abcba\".rstrip(\"ab\") }}",
     "x|x |  x|a|cba|abc"},
    {"{{ \"a,b,,c\".split(\",\") }} {{ \" a  b \".split() }} {{ \"a,b,c\".split(\",\", 1) }} {{ \"a,b,c\".rsplit(\",\", 1) }} {{ \" a  b c \".split(none, 1) }} {{ \" a b  c \".rsplit(none, 1) }} {{ \"\".split() }} {{ \"\".split(\",\") }} {{ \"a</t>b\".split(\"</t>\")[-1] }}",
     "['a', 'b', '', 'c'] ['a', 'b'] ['a', 'b,c'] ['a,b', 'c'] ['a', 'b c '] [' a b', 'c'] [] [''] b"},
    {"{{ \"a\\nb\\r\\nc\\n\".splitlines() }} {{ \"a-b-c\".partition(\"-\") }} {{ \"a-b-c\".rpartition(\"-\") }} {{ \"abc\".partition(\"x\") }} {{ \"abc\".rpartition(\"x\") }}",
     "['a', 'b', 'c'] ('a', '-', 'b-c') ('a-b', '-', 'c') ('abc', '', '') ('', '', 'abc')"},
    {"{{ \"hello\".replace(\"l\", \"L\") }} {{ \"hello\".replace(\"l\", \"L\", 1) }} {{ \"abc\".replace(\"\", \"-\") }} {{ \"aaa\".replace(\"aa\", \"b\") }}",
     "heLLo heLlo -a-b-c- ba"},
    {"{{ \"hello\".startswith(\"he\") }} {{ \"hello\".endswith((\"x\", \"lo\")) }} {{ \"hello\".startswith(\"l\", 2) }} {{ \"hello\".find(\"l\") }} {{ \"hello\".rfind(\"l\") }} {{ \"hello\".find(\"z\") }} {{ \"hello\".count(\"l\") }} {{ u.find(\"東\") }} {{ \"hello\".index(\"e\") }}",
     "True True True 2 3 -1 2 7 1"},
    {"{{ \", \".join([\"a\", \"b\"]) }} {{ \"abc\".isalpha() }} {{ \"12\".isdigit() }} {{ \"a1\".isalnum() }} {{ \" \".isspace() }} {{ \"AB\".isupper() }} {{ \"ab\".islower() }} {{ \"\".isdigit() }}",
     "a, b True True True True True True False"},
    {"{{ \"x\".center(5) }}| {{ \"x\".ljust(3, \"-\") }} {{ \"x\".rjust(3) }} {{ \"7\".zfill(3) }} {{ \"-7\".zfill(4) }} {{ \"abc\".removeprefix(\"a\") }} {{ \"abc\".removesuffix(\"c\") }} {{ \"xy\".center(5, \"*\") }} {{ \"xyz\".center(6, \"*\") }}",
     "  x  | x--   x 007 -007 bc ab **xy* *xyz**"},
    {"{{ \"{} {}\".format(\"a\", 1) }} {{ \"{1} {0}\".format(\"a\", \"b\") }} {{ \"{x}\".format(x=1) }} {{ \"{:>5}|{:<5}|{:^5}\".format(\"a\", \"b\", \"c\") }} {{ \"{:.2f} {:05d} {:x}\".format(3.14159, 42, 255) }} {{ \"{{}}\".format() }} {{ \"{0.x} {0[y]}\".format(d) }} {{ \"{!r}\".format(\"a\") }}",
     "a 1 b a 1     a|b    |  c   3.14 00042 ff {} 1 [1, 2] 'a'"},
    {"{{ \"%s is %d\" % (\"a\", 5) }} {{ \"%s\" % \"x\" }} {{ \"%.2f %5.1f %05d %x %%\" % (3.14159, 2.5, 42, 255) }} {{ \"%(a)s\" % {\"a\": 1} }} {{ \"%-5s|\" % \"a\" }} {{ \"%r\" % \"a\" }}",
     "a is 5 x 3.14   2.5 00042 ff % 1 a    | 'a'"},
    {"{{ \"  x \"|trim }}| {{ \"xxaxx\"|trim(\"x\") }} {{ s|upper }} {{ s|lower }} {{ s|title }} {{ \"foo bar-baz (qux\"|title }} {{ \"hELLO\"|capitalize }}",
     "x| a HELLO <WORLD> hello <world> Hello <World> Foo Bar-Baz (Qux Hello"},
    {"{{ s|length }} {{ u|length }} {{ l|length }} {{ d|count }} {{ nope|length }} {{ d.items()|length }}",
     "13 11 3 3 0 3"},
    {"{{ l|join(\"-\") }} {{ m|join(\", \", attribute=\"role\") }} {{ \"abc\"|join(\".\") }} {{ [1,none,true]|join }} {{ nope|join(\",\") }}",
     "3-1-2 user, assistant, user a.b.c 1NoneTrue "},
    {"{{ nope|default(\"d\") }} {{ e|default(\"d\") }} {{ e|default(\"d\", true) }} {{ nope|d(1) }} {{ no|default(\"x\") }} {{ nope|default }}",
     "d  d 1 None "},
    {"{{ js|tojson }} {{ js|tojson(indent=2) }} {{ u|tojson }} {{ u|tojson(ensure_ascii=true) }} {{ js|tojson(separators=(\",\", \":\")) }} {{ {\"b\":1,\"a\":2}|tojson(sort_keys=true) }} {{ [1.0, 1e20, -0.0, 5]|tojson }} {{ \"\\x7f\\x01</script>'&\"|tojson }} {{ {1:2, none: 3, true: 4, 1.5: 5}|tojson }} {{ []|tojson(indent=4) }} {{ [[],{}]|tojson(indent=1) }} {{ (1,2)|tojson }} {{ js|tojson(indent=\"\\t\") }}",
     "{\"a\": 1.0, \"b\": [true, null, \"é\\\"\\n\"], \"c\": {}} {\n  \"a\": 1.0,\n  \"b\": [\n    true,\n    null,\n    \"é\\\"\\n\"\n  ],\n  \"c\": {}\n} \"Zürich 東京 😀\" \"Z\\u00fcrich \\u6771\\u4eac \\ud83d\\ude00\" {\"a\":1.0,\"b\":[true,null,\"é\\\"\\n\"],\"c\":{}} {\"a\": 2, \"b\": 1} [1.0, 1e+20, -0.0, 5] \"\177\\u0001</script>'&\" {\"1\": 4, \"null\": 3, \"1.5\": 5} [] [\n [],\n {}\n] [1, 2] {\n\t\"a\": 1.0,\n\t\"b\": [\n\t\ttrue,\n\t\tnull,\n\t\t\"é\\\"\\n\"\n\t],\n\t\"c\": {}\n}"},
    {"{{ ls|sort }} {{ ls|sort(case_sensitive=true) }} {{ l|sort(reverse=true) }} {{ m|sort(attribute=\"n\")|map(attribute=\"content\")|list }} {{ m|sort(attribute=\"role,n\")|map(attribute=\"n\")|list }}",
     "['A', 'b', 'c'] ['A', 'b', 'c'] [3, 2, 1] ['yo', 'hi', ' pad '] [1, 2, 3]"},
    {"{{ d|dictsort }} {{ {\"b\":1,\"A\":2}|dictsort }} {{ {\"b\":1,\"A\":2}|dictsort(true) }} {{ {\"b\":1,\"a\":2}|dictsort(by=\"value\", reverse=true) }}",
     "[('items', 'I'), ('x', 1), ('y', [1, 2])] [('A', 2), ('b', 1)] [('A', 2), ('b', 1)] [('a', 2), ('b', 1)]"},
    {"{{ m|selectattr(\"role\", \"equalto\", \"user\")|list|length }} {{ m|rejectattr(\"role\", \"equalto\", \"user\")|map(attribute=\"content\")|join }} {{ m|selectattr(\"nope\")|list }} {{ l|select(\"odd\")|list }} {{ l|reject(\"odd\")|list }} {{ [0,1,\"\",none,\"a\"]|select|list }} {{ l|select(\">\", 1)|list }} {{ l|select(\"in\", [1,2])|list }}",
     "2 yo [] [3, 1] [2] [1, 'a'] [3, 2] [1, 2]"},
    {"{{ l|map(\"string\")|list }} {{ ls|map(\"upper\")|join(\",\") }} {{ m|map(attribute=\"nope\", default=\"?\")|list }} {{ [\"a b\",\"c d\"]|map(\"replace\",\" \",\"_\")|list }} {{ m|map(attribute=\"content\")|map(\"trim\")|list }}",
     "['3', '1', '2'] B,A,C ['?', '?', '?'] ['a_b', 'c_d'] ['hi', 'yo', 'pad']"},
    {"{{ l|first }} {{ l|last }} {{ []|first }} {{ s|first }} {{ s|last }} {{ d|first }} {{ \"abc\"|list }} {{ d|list }} {{ d|items|list }}",
     "3 2  H > x ['a', 'b', 'c'] ['x', 'y', 'items'] [('x', 1), ('y', [1, 2]), ('items', 'I')]"},
    {"{{ l|reverse|list }} {{ \"abc\"|reverse }} {{ l|sum }} {{ m|sum(attribute=\"n\") }} {{ l|max }} {{ l|min }} {{ ls|max }} {{ []|max }} {{ m|max(attribute=\"n\") }}",
     "[2, 1, 3] cba 6 6 3 1 c  {'role': 'user', 'content': ' pad ', 'n': 3}"},
    {"{{ [1,1,2,\"a\",\"A\"]|unique|list }} {{ l|batch(2)|list }} {{ l|batch(2, 0)|list }} {{ m|groupby(\"role\")|list|length }} {% for g, x in m|groupby(\"role\") %}{{ g }}={{ x|length }};{% endfor %}",
     "[1, 2, 'a'] [[3, 1], [2]] [[3, 1], [2, 0]] 2 assistant=1;user=2;"},
    {"{{ \"42\"|int }} {{ \"42.7\"|int }} {{ \"x\"|int }} {{ \"x\"|int(5) }} {{ 3.9|int }} {{ \"0x1f\"|int(base=16) }} {{ \"ff\"|int(0,16) }} {{ \"-5 \"|int }} {{ true|int }} {{ none|int }} {{ \"1_0\"|int }}",
     "42 42 0 5 3 31 255 -5 1 0 10"},
    {"{{ \"2.5\"|float }} {{ \"x\"|float }} {{ 3|float }} {{ \"1e3\"|float }} {{ 42.55|round }} {{ 42.55|round(1) }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 42.1|round(0,\"ceil\") }} {{ 42.9|round(method=\"floor\") }} {{ 5|round }} {{ -3|abs }} {{ -2.5|abs }} {{ 1234|round(-2) }}",
     "2.5 0.0 3.0 1000.0 43.0 42.5 2.0 4.0 2.67 43.0 42.0 5 3 2.5 1200"},
    {"{{ ml|indent }}|{{ ml|indent(2, true) }}|{{ ml|indent(2, blank=true) }}|{{ ml|indent(\">\") }}|{{ \"a\\n\"|indent }}|",
     "a\n    b\n\n    c|  a\n  b\n\n  c|a\n  b\n  \n  c|a\n>b\n\n>c|a\n|"},
    {"{{ \"foo bar baz qux\"|truncate(9) }} {{ \"foo bar baz qux\"|truncate(9, true) }} {{ \"foo bar baz qux\"|truncate(11) }} {{ \"foo bar baz qux\"|truncate(11, false, \"...\", 0) }} {{ \"a b c\"|wordcount }} {{ \"a b&c/d\"|urlencode }}",
     "foo... foo ba... foo bar baz qux foo bar... 3 a%20b%26c/d"},
    {"{{ s|safe }} {{ s|e }} {{ (\"<\"|safe) + \"<\" }} {{ \"<\" + (\"<\"|safe) }} {{ (\"<\"|safe) ~ \"<\" }} {{ s|string }} {{ 5|string }} {{ [1]|string }} {{ s|e|safe is escaped }} {{ s|replace(\"o\",\"0\") }} {{ 101|replace(\"1\",\"x\") }} {{ s|center(20) }}|",
     "Hello <World> Hello &lt;World&gt; <&lt; &lt;< << Hello <World> 5 [1] True Hell0 <W0rld> x0x    Hello <World>    |"},
    {"{{ n is defined }} {{ nope is defined }} {{ nope is undefined }} {{ s is string }} {{ n is number }} {{ b is number }} {{ b is integer }} {{ n is integer }} {{ f is float }} {{ d is mapping }} {{ l is sequence }} {{ d is sequence }} {{ s is iterable }} {{ n is iterable }} {{ no is none }} {{ b is boolean }} {{ b is true }} {{ b is false }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is eq 7 }} {{ n is gt(5) }} {{ n is in [7] }} {{ n is not defined }} {{ n is not none }} {{ \"A\" is upper }} {{ \"a\" is lower }} {{ range is callable }} {{ n is sameas n }} {{ \"upper\" is filter }} {{ \"odd\" is test }} {{ nope is iterable }} {{ nope is string }} {{ d.nope is defined }}",
     "True False True True True True False True True True True True True False True True True False True False True False True True True False True True True True True True True True False False"},
    {"{% for x in l %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.first }}/{{ loop.last }}/{{ loop.length }}/{{ loop.depth }}/{{ loop.previtem }}/{{ loop.nextitem }} {% endfor %}",
     "1/0/3/2/True/False/3/1//1 2/1/2/1/False/False/3/1/3/2 3/2/1/0/False/True/3/1/1/ "},
    {"{% for x in [] %}x{% else %}none{% endfor %} {% for x in nope %}x{% else %}none{% endfor %} {% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %} {% for k in d %}{{ k }}{% endfor %} {% for c in \"añb\" %}[{{ c }}]{% endfor %}",
     "none none x=1 y=[1, 2] items=I  xyitems [a][ñ][b]"},
    {"{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% else %}none{% endfor %} {% for x in l if x > 9 %}a{% else %}none{% endfor %}",
     "1:3/2 2:2/2  none"},
    {"{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %} {{ range(3)|list }} {{ range(1,4)|list }} {{ range(5,0,-2)|list }} {{ range(3) }} {{ range(0,9,3) }} {{ range(4)[1:3]|list }} {{ range(4)[-1] }} {{ range(3)|length }}",
     "02 [0, 1, 2] [1, 2, 3] [5, 3, 1] range(0, 3) range(0, 9, 3) [1, 2] 3 3"},
    {"{% for t in tree recursive %}{{ t.v }}@{{ loop.depth }}{% if t.c %}({{ loop(t.c) }}){% endif %}{% endfor %}",
     "1@1(2@23@2(4@3))"},
    {"{% for x in [1,1,2] %}{{ loop.changed(x) }}{{ loop.cycle(\"a\",\"b\") }}{% endfor %}",
     "TrueaFalsebTruea"},
    {"{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }} {% set ns = namespace(t=0, u=\"a\") %}{% for i in l %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }} {{ ns[\"u\"] }} {{ ns.q is defined }} {% set a, b2 = 1, 2 %}{{ a }}{{ b2 }} {% if b %}{% set q = 5 %}{% endif %}{{ q }}",
     "4 2 3 1 6 a False 12 5"},
    {"{% set blk %}  <b>{{ n }}</b>{% endset %}[{{ blk }}] {% set blk2 | upper | trim %}  abc {% endset %}[{{ blk2 }}] {% filter upper %}abc{{ s }}{% endfilter %} {% filter replace(\"a\",\"b\")|upper %}aab{% endfilter %}",
     "[  <b>7</b>] [ABC] ABCHELLO <WORLD> BBB"},
    {"{% macro f(a, b=2, c=a) %}({{ a }},{{ b }},{{ c }}){% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=5, a=4) }} {{ f() }} {{ f(1,2,3) }} {{ f.name }}",
     "(1,2,1) (1,3,1) (4,5,4) (,2,) (1,2,3) f"},
    {"{% macro g() %}{{ varargs }} {{ kwargs }}{% endmacro %}{{ g(1, 2, x=3) }} {% macro h(a) %}[{{ caller(a) }}]{% endmacro %}{% call(x) h(5) %}got {{ x }}{% endcall %} {% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}in{% endcall %}",
     "(1, 2) {'x': 3} [got 5] <in>"},
    {"{% macro rec(n) %}{{ n }}{% if n > 0 %},{{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(3) }} {% macro late() %}{{ later }}{% endmacro %}{% set later = \"L\" %}{{ late() }}",
     "3,2,1,0 L"},
    {"{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a }} {% with %}{% set inner = 3 %}{{ inner }}{% endwith %}{{ inner is defined }}",
     "17 3False"},
    {"{% generation %}gen {{ n }}{% endgeneration %}! {{ strftime_now(\"%Y-%m-%d %d %b %H:%M\") }} {{ dict(a=1, b=2) }} {{ dict([(\"x\", 1)]) }} {{ dict({\"a\": 1}, b=2) }}",
     "gen 7! 2026-07-26 26 Jul 12:00 {'a': 1, 'b': 2} {'x': 1} {'a': 1, 'b': 2}"},
    {"{{ \"ab\" * 2 }} {{ 2 * \"ab\" }} {{ [1] * 2 }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ true + 1 }} {{ -n }} {{ +n }} {{ - 2.5 }} {{ --n }}",
     "abab abab [1, 1] [1, 2] (1, 2) 2 -7 7 -2.5 7"},
    {"{{ [nope] }} {{ nope == nope }} {{ nope == none }} {{ nope != 1 }} {{ {\"a\": 1} == {\"a\": 1.0} }} {{ [1] == (1,) }} {{ \"a'b\" ~ [\"a'b\", 'a\"b', 'a\\'\"b', \"\\n\\t\\x00é\\u200b\"] }}",
     "[Undefined] True False True True False a'b[\"a'b\", 'a\"b', 'a\\'\"b', '\\n\\t\\x00é\\u200b']"},
    {"{% print 1, 2 %} {% if n == 1 %}1{% elif n == 7 %}7{% else %}x{% endif %} {% if n: %}colon{% endif %} {{ n if n > 5 and s is string or false else \"z\" }}",
     "12 7 colon 7"},
    {"{{ d.x.y }} {{ d.copy() }} {{ l.index(1) }} {{ l.count(3) }} {{ (1,2,1).count(1) }} {{ no.x }} {{ n.x is defined }} {{ d.pop is defined }} {{ l.append is defined }}",
     " {'x': 1, 'y': [1, 2], 'items': 'I'} 1 1 2  False False False"},
    {"{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %} {{ m|map(attribute=\"role\")|unique|list }} {{ \"%s\" % none }} {{ s|attr(\"upper\") is callable }} {{ d|attr(\"x\") is defined }}",
     "123 ['user', 'assistant'] None True False"},
    {"{{ \"a\" if false }}{{ (\"a\" if false) is defined }} {{ [1,2,3][1:][0] }} {{ {\"k\": [1,2]}[\"k\"][-1] }} {{ \"abc\"[1:]|upper }} {{ s.split()[0].lower() }} {{ (s ~ \"x\")|length }}",
     "False 2 2 BC hello 14"},
    {"{% set content = \"<think>a</think>\\n\\nb\" %}{{ content.split(\"</think>\")[0].rstrip(\"\\n\").split(\"<think>\")[-1].lstrip(\"\\n\") }}|{{ content.split(\"</think>\")[-1].lstrip(\"\\n\") }} {{ messages is defined }}",
     "a|b False"},
    {"{{ 10 / 4 }} {{ 10 / 5 }} {{ 1 / 3 }} {{ 1e22 }} {{ 1e21 + 1 }} {{ 100000.0 * 100000 }} {{ 1.0 }} {{ 5e-324 }} {{ 0.0001 }} {{ 0.00001 }}",
     "2.5 2.0 0.3333333333333333 1e+22 1e+21 10000000000.0 1.0 5e-324 0.0001 1e-05"},
    {"  {% if b %}\n    yes\n  {% endif %}\nend\n",
     "    yes\nend"},
    {"a\n\n{{ n }}\n\n",
     "a\n\n7\n"},
    {"{% for x in l %}\n  - {{ x }}\n{% endfor %}\nend",
     "  - 3\n  - 1\n  - 2\nend"},
    {"x\r\ny\rz{{ '\r\n' }}",
     "x\ny\nz\n"},
    {"{%- for x in l -%}\n {{ x }} \n{%- endfor -%}\n",
     "312"},
    {"  {{ n }}\n  {%- if b %} a {%- endif +%}\nz",
     "  7 a\nz"},
    {"{# a\nb #}\nq\n   {#- x -#}   \n w",
     "qw"},
    {"\n\n  {% raw %}\n x {% endraw %}\n y",
     "\n\n\n x  y"},
    {"{{- n -}}\n  {% set x = 1 %}\n  {{ x }}",
     "7  1"},
    {"t {% if b %}\n u {% endif %} v\n  {% set y=2 %}  {{y}}",
     "t  u  v\n  2"},
    {"a {{ n }} {%- if b %}\n\n x{% endif %}\n   {#c#}\nb",
     "a 7\n xb"},
    {"   {%- if b %}x{% endif %}",
     "x"},
    {"{{ n }}   {% if b %}\nx{% endif %}",
     "7   x"},
    {"-}}\n  {% if b %}x{% endif %}",
     "-}}\nx"},
    {"{{ n -}}\n  {% if b %}x{% endif %}",
     "7x"},
    {"{% raw %}a{% endraw -%}   b",
     "ab"},
    {"a\n  {%+ raw %} x {% endraw +%}\ny",
     "a\n   x \ny"},
    {"{{ ''|first }}",
     ""},
    {"{{ d.items()[0] }}",
     ""},
    {"{{ n[0] }}",
     ""},
    {"{{ loop }}",
     ""},
    {"{{ {'a':1}.a }}{{ {'a':1,}['a'] }}{{ [1,2,] }}",
     "11[1, 2]"},
    {"{{ (1,2)[0] }}",
     "1"},
    {"{{ l[1,2] }}",
     ""},
    {"{{ 'x'|int(none) }}",
     "None"},
    {"{{ 1if b else 2 }}",
     "1"},
    {"{{ 1.5.x }}",
     ""},
    {"{{ m[0]['content'][0] }}",
     "h"},
    {"{{ 'a' * -1 }}|",
     "|"},
    {"{{ l.0 }}",
     "3"},
};

// Jinja2 refuses these too.
constexpr std::string_view kRefused[] = {
    "  {% if b %}",
    "  {% endif %}",
    "{{ l|length > 2 }} {{ n is divisibleby 7 and b }} {{ not n is none }} {{ \"a\" in \"abc\" and \"d\" not in \"abc\" }} {{ -1|abs }} {{ 3 - -2 }} {{ \"x\" ~ \"y\" if b else \"n\" }} {{ l|first + 1 }} {{ 5 is number is true }}",
    "{{ *l }}",
    "{{ f(*l) if f is defined else \"nf\" }} {% macro k(a,b,c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ k(*l) }} {{ k(**{\"a\": 1, \"b\": 2, \"c\": 3}) }} {{ k(1, *[2], **{\"c\": 3}) }}",
    "{% if %}x{% endif %}",
    "{{ 1 + }}",
    "{% for x %}",
    "{% endif %}",
    "{{ x",
    "{% if b %}",
    "{# a",
    "{{ 'a }}",
    "{{ a b }}",
    "{{ l.append(1) }}",
    "{{ nope.x }}",
    "{{ nope() }}",
    "{{ s + 1 }}",
    "{{ 1 + s }}",
    "{{ nope + 1 }}",
    "{{ s|nofilter }}",
    "{{ s is notest }}",
    "{% break %}",
    "{% include 'x' %}",
    "{{ raise_exception('boom') }}",
    "{{ 1 / 0 }}",
    "{{ 1 // 0 }}",
    "{{ 1 % 0 }}",
    "{{ l < 1 }}",
    "{{ nope < 1 }}",
    "{{ nope|tojson }}",
    "{{ {[1]: 2} }}",
    "{% set s.x = 1 %}",
    "{% set 1 = 2 %}",
    "{{ s() }}",
    "{{ range(1000000)|length }}",
    "{% for x in 5 %}{% endfor %}",
    "{% for x in none %}{% endfor %}",
    "{% macro a(x) %}{% endmacro %}{{ a(1,2) }}",
    "{% macro a(x) %}{% endmacro %}{{ a(y=2) }}",
    "{% set a, b = 1 %}",
    "{% set a, b = [1,2,3] %}",
    "{{ 'a'.index('b') }}",
    "{{ l['x'].y }}",
    "{{ 5 in 5 }}",
    "{{ 5 in 'x' }}",
    "{{ m|sort }}",
    "{{ [1,'a']|sort }}",
    "{{ 5|length }}",
    "{{ (m|map(attribute='n'))|length }}",
    "{{ '%d' % 'x' }}",
    "{{ '%s %s' % 'x' }}",
    "{{ '{} {}'.format(1) }}",
    "{{ [1][::0] }}",
    "{{ ''.join([1]) }}",
    "{% call s %}{% endcall %}",
    "{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{{ none|length }}",
    "{{ n['a'].b }}",
    "{{ none.x.y }}",
    "{{ ns.x }}",
    "{{ 012 }}",
    "{{ 'a' 'b' 1 }}",
    "{{ d[1:2] }}",
    "{{ -s }}",
    "{{ nope[1:] }}",
    "{{ s.nope() }}",
    "{% for k, v in l %}{% endfor %}",
    "{{ -'a'|length }}",
    "{{ 1..x }}",
    "{{ m.0.1.x }}",
};
// clang-format on

TEST(JinjaTest, WritesWhatJinjaWrites) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(test.source);
    try {
      EXPECT_EQ(Render(test.source), test.text);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(JinjaTest, RefusesWhatJinjaRefuses) {
  for (std::string_view source : kRefused) {
    EXPECT_THROW(Render(source), Error) << source;
  }
}

std::string ErrorOf(std::string_view source) {
  try {
    return Render(source);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(JinjaTest, ErrorsNameTheLine) {
  EXPECT_EQ(ErrorOf("a\n\n{{ nope.x }}"), "chat template, line 3: 'nope' is undefined");
  EXPECT_EQ(ErrorOf("a\n{% if b %}\n{% fi %}"), "chat template, line 3: unknown tag 'fi'");
  EXPECT_EQ(ErrorOf("{{ n\n + }}"), "chat template, line 2: unexpected '}}'");
  EXPECT_EQ(ErrorOf("\n{{ s|shout }}"), "chat template, line 2: there is no filter 'shout'");
  EXPECT_EQ(ErrorOf("{% macro f() %}\n{{ 1 // 0 }}{% endmacro %}\n\n{{ f() }}"),
            "chat template, line 2: division by zero");
}

TEST(JinjaTest, IntegersPastSixtyFourBitsAreAnError) {
  EXPECT_EQ(ErrorOf("{{ 9223372036854775807 + 1 }}"), "chat template, line 1: an integer leaves the range of 64 bits");
  EXPECT_EQ(ErrorOf("{{ 2 ** 64 }}"), "chat template, line 1: an integer leaves the range of 64 bits");
  EXPECT_EQ(ErrorOf("{{ 9223372036854775808 }}"),
            "chat template, line 1: the number 9223372036854775808 is out of range");
}

}  // namespace
}  // namespace sheepop
