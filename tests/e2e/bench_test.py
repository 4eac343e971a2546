"""sheepop bench: the shape of its report."""

from program import LLAMA, ProgramTest, main


class Bench(ProgramTest):
    FLAGS = ("bench", "-m", LLAMA, "--prefill", 8, "--decode", 4, "--batch", "1,2", "--depth", "0,5", "--repeat", 2)

    def test_fields(self):
        out = self.json(*self.FLAGS)
        self.assertEqual(set(out), {"machine", "results", "peak_rss_bytes"})
        self.assertEqual(set(out["machine"]), {"isa", "threads", "read_gb_s", "int8_gops"})
        self.assertIn(out["machine"]["isa"], self.isas())
        self.assertGreater(out["peak_rss_bytes"], 1 << 20)
        tests = [(result["test"], result["tokens"], result["batch"], result["depth"]) for result in out["results"]]
        self.assertEqual(sorted(tests), sorted([("prefill", 8, 1, depth) for depth in (0, 5)] +
                                               [("decode", 4, batch, depth) for batch in (1, 2) for depth in (0, 5)]))
        for result in out["results"]:
            rate = result["tokens_per_s"]
            self.assertLessEqual(0, rate["min"])
            self.assertLessEqual(rate["min"], rate["median"])
            self.assertLessEqual(rate["median"], rate["max"])
            self.assertGreater(result["share_of_limit"], 0)
            self.assertLessEqual(result["share_of_limit"], 1)
            self.assertIn(result["limited_by"], ("int8",) if result["test"] == "prefill" else ("memory", "cache"))

    def test_errors(self):
        self.assertIn("repeat", self.error("bench", "-m", LLAMA, "--repeat", 0, "--json", code=2))
        self.assertIn("batch", self.error("bench", "-m", LLAMA, "--batch", 100000, "--json", code=2))


if __name__ == "__main__":
    main()
