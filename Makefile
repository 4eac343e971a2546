# The front of the build: CMake does the work, see CMakePresets.json.
#   make          build the program: build/release/sheepop
#   make demo     set up, build, fetch a small model once, and let it write
#   make test     set up, build and run every test
#   make check    what must hold before a change is finished (sanitizers, layers, format)
#   make bench    micro-benchmarks; bench/compare measures against llama.cpp
#   make install  program, library and headers to PREFIX (default /usr/local)

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
PRESET ?= release

.PHONY: all setup build demo test check bench install clean

all: build

setup:
	@scripts/setup

build: setup
	@cmake --preset $(PRESET) > build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	@cmake --build --preset $(PRESET) -j $(JOBS)

demo: build
	@scripts/demo

test: build
	@scripts/run_tests build/$(PRESET)

check: setup
	@scripts/check

bench: setup
	@cmake --preset bench > /dev/null && cmake --build --preset bench -j $(JOBS)
	@for b in build/bench/src/*/sheepop_*_bench; do $$b; done

install: build
	@cmake --install build/$(PRESET) --prefix $(PREFIX)

clean:
	@rm -rf build
