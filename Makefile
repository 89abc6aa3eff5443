# Entry points for people and scripts. The build itself is CMake: see docs/development.md.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PRESET ?= release
TIDY ?= changed
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)

.PHONY: help deps build demo test faults lint format ui-check bench asan tsan coverage image clean

help: ## Show the targets
	@echo "Cairn: build, test and try it out. Targets:"
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  make demo DATA=FILE    on your own transactions (.csv, .csv.zst, .xlsx or .zip)"
	@echo "  make demo KEEP=1       leaves the server and its web UI up until Ctrl-C"
	@echo "  make lint TIDY=all     clang-tidy on every file, not only the changed ones"
	@echo "  JOBS=N                 parallel jobs (default: all cores, here $(JOBS))"

deps: ## Install what the build needs (Debian 12 and 13)
	@scripts/install-deps

build: deps ## Build build/bin/{cairnd,mlctl,cairn-pipeline}
	@scripts/build $(PRESET) cairnd mlctl cairn-pipeline

demo: build ## Run the whole journey on the retail data; DATA=FILE or DATA=synthetic takes others
	@KEEP=$(KEEP) scripts/demo $(if $(DATA),$(DATA))

test: deps ## Build and run all tests
	@scripts/run-tests $(PRESET)

faults: deps ## Run the drills against damage, power cuts, full disks and floods at full length
	@scripts/faults

lint: ## Check format, include direction, protos and clang-tidy
	@scripts/install-deps --lint
	@scripts/check-format
	@scripts/check-layering --self-test
	@scripts/check-layering
	@scripts/check-protos
	@scripts/build $(PRESET) cairn_ui_files
	@scripts/check-web
	@scripts/tidy-changed $(if $(filter all,$(TIDY)),--all)

ui-check: build ## Check the web UI in Chromium before a real server; ARGS='--only 3 --runs 2000'
	@scripts/ui-check $(ARGS)

format: ## Rewrite the sources in the project's format
	@scripts/install-deps --lint
	@scripts/check-format --fix

bench: deps ## Build and run the benchmarks, beside pandas and scikit-learn if Python has them
	@scripts/build $(PRESET) cairnd mlctl cairn-pipeline benchmarks
	@scripts/bench

asan: deps ## Run the tests under the address and undefined-behaviour sanitizers
	@scripts/run-tests asan

tsan: deps ## Run the tests under the thread sanitizer
	@scripts/run-tests tsan

coverage: deps ## Run the tests and print line coverage by folder
	@scripts/run-tests coverage
	@scripts/coverage build-coverage

image: ## Build the container image cairn:local with docker, podman or buildah
	@scripts/build-image cairn:local

clean: ## Remove everything that was built; fetched dependencies stay
	rm -rf build build-dev build-asan build-tsan build-coverage
