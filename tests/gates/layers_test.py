"""scripts/check_layers refuses an include that goes up, however it is spelled."""

import unittest

from gate import GateTest

LAYERS = """# Low to high.
base:
kernel: base
ingest: base
cli: kernel base

kernel/generic: kernel
kernel/avx2 closed: kernel kernel/generic
kernel/avx512 closed: kernel kernel/generic kernel/avx2
ingest/clean: ingest
ingest/readers: ingest ingest/clean -ingest/ingest.h
"""

UP = [
    '#include "cli/app.h"',
    "#include <cli/app.h>",
    '#include"cli/app.h"',
    '  #  include\t"cli/app.h"  // why',
    '#include /* here */ "cli/app.h"',
    '/* before */ #include "cli/app.h"',
    '#include "../cli/app.h"',
    '#include "base/../cli/app.h"',
    '#include "../../src/cli/app.h"',
    '#include "src/cli/app.h"',
    '#include "./../cli/app.h"',
    '#inc\\\nlude "cli/app.h"',
    '#include \\\n  "cli/app.h"',
    '%:include "cli/app.h"',
    '??=include "cli/app.h"',
    '#include_next "cli/app.h"',
    '#import "cli/app.h"',
    'import "cli/app.h";',
    "export import <cli/app.h>;",
    '#if __has_include("cli/app.h")\n#endif',
    "#if defined(X) || __has_include( <cli/app.h> )\n#endif",
    '#include "cli/not_there_yet.h"',
]


class Layers(GateTest):
    gate = "check_layers"

    def setUp(self):
        super().setUp()
        self.put("src/LAYERS", LAYERS)
        for name in ("base/error.h", "kernel/kernels.h", "kernel/generic/lanes.h", "kernel/avx2/lanes.h", "ingest/ingest.h",
                     "ingest/blob.h", "ingest/clean/step.h", "ingest/readers/reader.h", "cli/app.h"):
            self.put(f"src/{name}", "")
        self.put("testing/paths.h", "")

    def check(self, name, include, reason):
        """The file with the include is refused with the reason, or passes where that is None."""
        self.put(f"src/{name}", f"#include <vector>\n{include}\n")
        if reason is None:
            self.passes()
        else:
            said = self.refuses()
            self.assertIn(reason, said)
            self.assertIn(f"src/{name}:2: ", said)
        (self.tree / "src" / name).unlink()

    def test_includes_that_go_down_pass(self):
        self.check("kernel/sum.cc", '#include "base/error.h"', None)
        self.check("cli/sum.cc", '#include "kernel/kernels.h"', None)
        self.check("kernel/avx2/sum.cc", '#include "kernel/generic/lanes.h"', None)
        self.check("kernel/sum.cc", '#include "kernel/generic/lanes.h"', None)
        self.check("kernel/sum_test.cc", '#include "testing/paths.h"', None)
        self.check("kernel/sum.cc", "#include <cli11/app.h>", None)

    def test_every_spelling_of_an_include_that_goes_up_is_refused(self):
        for include in UP:
            with self.subTest(include):
                self.check("base/sum.cc", include, "base may not include cli")

    def test_a_macro_is_refused_since_nobody_sees_what_it_includes(self):
        self.check("base/sum.cc", "#include HEADER", "what a macro names, HEADER")
        self.check("base/sum.cc", "#if __has_include(HEADER)\n#endif", "what a macro names, HEADER")

    def test_an_include_that_goes_down_has_one_spelling(self):
        for include in ("<base/error.h>", '"../base/error.h"', '"src/base/error.h"', '"base/./error.h"'):
            with self.subTest(include):
                self.check("kernel/sum.cc", f"#include {include}", 'spell it "base/error.h"')
        self.check("kernel/sum.cc", '#include "kernels.h"', 'spell it "kernel/kernels.h"')

    def test_words_in_comments_and_strings_are_no_includes(self):
        self.check("base/sum.cc", '// #include "cli/app.h"', None)
        self.check("base/sum.cc", '/*\n#include "cli/app.h"\n*/', None)
        self.check("base/sum.cc", 'auto text = R"(\n#include "cli/app.h"\n)";', None)
        self.check("base/sum.cc", 'auto quote = \'"\';\n#include "base/error.h"', None)

    def test_files_of_any_name_are_read(self):
        for name in ("base/page.cc.in", "base/table.def", "base/sum.inl", "base/sum.h"):
            with self.subTest(name):
                self.check(name, '#include "cli/app.h"', "base may not include cli")

    def test_a_subfolder_includes_what_its_line_names(self):
        self.check("ingest/clean/sum.cc", '#include "ingest/readers/reader.h"', "ingest/clean may not include ingest/readers")
        self.check("kernel/generic/sum.cc", '#include "cli/app.h"', "kernel may not include cli")
        self.check("ingest/readers/sum.cc", '#include "ingest/blob.h"', None)
        self.check("ingest/readers/sum.cc", '#include "ingest/ingest.h"', "ingest/readers may not include ingest/ingest.h")

    def test_a_closed_subfolder_is_included_by_those_that_name_it(self):
        self.check("kernel/avx512/sum.cc", '#include "kernel/avx2/lanes.h"', None)
        self.check("kernel/sum.cc", '#include "kernel/avx2/lanes.h"', "kernel/avx2 is closed to kernel")
        self.check("cli/sum.cc", '#include "kernel/avx2/lanes.h"', "kernel/avx2 is closed to cli")
        self.check("kernel/generic/sum.cc", '#include "kernel/avx2/lanes.h"', "kernel/generic may not include kernel/avx2")

    def test_what_is_for_tests_or_outside_src_is_refused(self):
        self.check("kernel/sum.cc", '#include "testing/paths.h"', "src/ may not include testing, except in tests")
        self.put("bench/clock.h", "")
        self.check("kernel/sum.cc", '#include "bench/clock.h"', "src/ may not include bench")
        self.check("kernel/sum.cc", '#include "../../../elsewhere.h"', "src/ may not include")

    def test_a_folder_or_subfolder_without_a_line_is_refused(self):
        for name in ("serve/http.cc", "kernel/neon/lanes.cc", "kernel/avx2/deep/lanes.cc"):
            with self.subTest(name):
                self.put(f"src/{name}", "")
                self.assertIn(f"src/{name}: its folder", self.refuses())
                (self.tree / "src" / name).unlink()

    def test_a_list_that_contradicts_itself_is_refused(self):
        for line in ("base: cli", "sample: grammar", "kernel/avx2: ingest", "model/arch: model", "cli: base", "Kernel: base"):
            with self.subTest(line):
                self.put("src/LAYERS", f"{LAYERS}{line}\n")
                self.assertIn(f"src/LAYERS:{LAYERS.count(chr(10)) + 1}: ", self.refuses())

    def test_an_empty_tree_is_refused(self):
        for path in (self.tree / "src").rglob("*.h"):
            path.unlink()
        self.assertIn("no file in src/", self.refuses())


if __name__ == "__main__":
    unittest.main(verbosity=2)
