# The front of the build: CMake does the work, see CMakePresets.json.
#   make                  build the program: build/release/sheepop
#   make demo             set up, build the program, fetch a small model once, and let it write
#   make test             set up, build and run every test: what must hold before a push, and what CI runs
#   make check            what must hold before a change is finished: sanitizers, short runs of the fuzzers, all of the linter
#   make soak PART=name   one long trial, which goes on where it was stopped; without PART it names them
#   make bench            micro-benchmarks; bench/compare measures against llama.cpp
#   make install          program, library, headers, manual pages and completions to PREFIX (default /usr/local)
#   make dist             Debian packages, source archive and wheel in dist/; says what it passed over, and why

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
PRESET ?= release

.PHONY: all build demo test check soak bench install dist clean

all: build

build:
	@scripts/setup
	@scripts/build --preset $(PRESET) --jobs $(JOBS) sheepop

demo:
	@scripts/setup
	@JOBS=$(JOBS) scripts/demo

test:
	@scripts/setup --tests
	@scripts/build --preset $(PRESET) --jobs $(JOBS) --tests
	@scripts/run_tests build/$(PRESET)

check:
	@scripts/setup --tests
	@JOBS=$(JOBS) scripts/check

soak:
	@scripts/setup --tests
	@JOBS=$(JOBS) scripts/soak $(PART)

bench:
	@scripts/setup --tests
	@scripts/build --preset bench --jobs $(JOBS) --tests
	@for b in build/bench/src/*/sheepop_*_bench; do $$b; done

install:
	@scripts/setup
	@scripts/build --preset $(PRESET) --jobs $(JOBS) sheepop sheepop_installed sheepop_c sheepop_pages
	@cmake --install build/$(PRESET) --prefix $(PREFIX)

dist:
	@scripts/setup
	@JOBS=$(JOBS) scripts/dist

clean:
	@rm -rf build dist
