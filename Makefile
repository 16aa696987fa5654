# All verbs; `make help` lists them. Every one does its own set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO_TEST := cargo test --release --workspace --no-fail-fast

.PHONY: help setup setup-timing demo live-demo test dpdk test-dpdk check soak crash bench fuzz timing prove netlist clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building and testing need (Debian, Ubuntu)
	@tools/setup

setup-timing: ## install synthesis, place-and-route and a solver into .tools/venv
	@tools/setup-timing

demo: setup ## a seeded market through gateware and model in lockstep; writes out/orders.pcap and out/report.html
	@tools/demo

live-demo: setup ## venue, card and host alive for SECONDS_TO_RUN=60, people at the controls, one account at the end; ARGS=model
	@tools/live-demo $(ARGS)

test: setup ## all tests
	$(CARGO_TEST) -- --show-output

dpdk: setup ## the program that gives a card a device of DPDK (`--port dpdk:ARGS`); installs libdpdk-dev
	@tools/dpdk build

test-dpdk: setup ## that program on virtual devices of DPDK; skips where libdpdk-dev cannot be installed
	@tools/dpdk test

check: setup ## lints: clippy without warnings, and the house rules
	cargo clippy --release --workspace --all-targets -- -D warnings
	for script in tools/* .ci/run; do case $$script in tools/versions) ;; *) bash -n $$script || exit 1 ;; esac; done

soak: setup ## 100 million cycles of seeded traffic in lockstep, with functional coverage; ARGS="--help" for options
	cargo run --release -q -p riposte-tests --example soak -- $(ARGS)

crash: setup ## hosts, cards and venues killed at POINTS=1000 seeded points while they trade, by SEED=1: no order twice, no fill lost
	RIPOSTE_CRASHES=$(or $(POINTS),1000) $(if $(SEED),RIPOSTE_SEED=$(SEED)) cargo test --release -p riposte --test crashes --test run killed -- --nocapture

bench: setup ## speed of the cards, with clock and unit
	@tools/bench

fuzz: ## libFuzzer on every reader of bytes that others write, SECONDS=60 each; ARGS="wire desk" for some of them
	@SECONDS_EACH=$(or $(SECONDS),60) tools/fuzz $(ARGS)

timing: setup setup-timing ## Fmax and resources of the card on an ECP5
	@tools/timing

prove: setup setup-timing ## formal proofs of what the gateware promises, each with its mutants and its cover
	@tools/prove

netlist: setup setup-timing ## the synthesised card against the reference model, on a short recording
	@tools/netlist

clean: ## remove what was built and written
	cargo clean
	rm -rf out .tools
