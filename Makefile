# Every gate is one line here. `make help` lists them. Nothing needs to be installed beforehand but
# Python >= 3.10, a stable Rust toolchain and a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QUIET := --quiet
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 22

$(VENV)/made:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	touch $@

$(VENV)/built: $(VENV)/made pyproject.toml Cargo.toml Cargo.lock $(shell find rust/core rust/arrow rust/python python -name '*.rs' -o -name '*.toml' -o -name '*.bin' | grep -v /target/)
	$(PIP) install 'maturin>=1.14,<2'
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release --locked $(QUIET)
	touch $@

$(VENV)/tested: $(VENV)/made pyproject.toml
	$(PIP) install --group lint
	touch $@

.PHONY: build
build: $(VENV)/built ## Build the package into a virtual environment of its own

.PHONY: demo
demo: ## Embed and rank a few sentences with the bundled model
	@begun=$$(date +%s); took() { echo "      done after $$(($$(date +%s) - begun)) s"; }; \
	echo "1/3   a virtual environment in $(VENV)"; \
	$(MAKE) --no-print-directory --silent $(VENV)/made && took && \
	echo "2/3   the package, built there: minutes the first time, which cargo counts below" && \
	$(MAKE) --no-print-directory --silent QUIET= build && took && \
	echo "3/3   m2v-fast demo" && $(BIN)/m2v-fast demo && took

.PHONY: test
test: test-rust fuzz-smoke test-python test-no-fallback ## Run every test

.PHONY: test-rust
test-rust: ## Run the Rust tests, with and without the fallback
	cargo test --locked --quiet -p m2v-fast
	@# The engines are the same code: the longest sweeps are not run again.
	cargo test --locked --quiet -p m2v-fast --no-default-features -- \
		--skip scalars:: --skip combinations::some_pairs --skip corpora::
	cargo test --locked --quiet -p m2v-fast --features hub --test hub
	cargo test --locked --quiet -p m2v-fast --features hub --lib hub::
	cargo build --locked --quiet -p m2v-fast --features hub
	rustdoc --test docs/rust.md --edition 2024 --test-run-directory . \
		-L dependency=target/debug/deps --extern m2v_fast=target/debug/libm2v_fast.rlib

.PHONY: test-python
test-python: build $(VENV)/tested ## Run the Python tests
	$(BIN)/python -m pytest --ignore tests/integrations --ignore tests/server --ignore tests/server_system

BARE := .venv-no-fallback

$(BARE)/made: pyproject.toml
	$(PYTHON) -m venv $(BARE)
	$(BARE)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(BARE)/bin/python -m pip --disable-pip-version-check --quiet install --group test
	touch $@

.PHONY: test-no-fallback
test-no-fallback: $(VENV)/made $(BARE)/made ## Compare ids and vectors in a build without the tokenizers crate
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --no-default-features --features abi3 --out $(BARE)/dist
	$(BARE)/bin/python -m pip --disable-pip-version-check --quiet install $(BARE)/dist/*.whl
	$(BARE)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(BARE)/dist/*.whl
	M2V_FAST_NO_FALLBACK=1 $(BARE)/bin/python -m pytest -q tests/test_kernels.py tests/test_ids.py tests/test_parity.py

DENY := target/tools/bin/cargo-deny

$(DENY):
	cargo install cargo-deny --version 0.20.2 --locked --quiet --root target/tools

.PHONY: deny
deny: $(DENY) $(VENV)/made ## Check licences, sources and versions of the Rust dependencies
	$(DENY) --locked check --hide-inclusion-graph licenses bans sources
	$(DENY) --locked --manifest-path rust/server/Cargo.toml --config rust/server/deny.toml \
		check --hide-inclusion-graph licenses bans sources
	cargo fetch --locked --quiet
	cargo fetch --locked --quiet --manifest-path rust/server/Cargo.toml
	$(BIN)/python scripts/third_party_licenses.py --check
	$(BIN)/python scripts/sbom.py --check

# What the registry would be given, built from that alone. A tree with changes will do.
.PHONY: check-crate
check-crate: ## Package the crate for Rust and build the package, as publishing does, without publishing
	cargo publish --dry-run --locked --quiet --allow-dirty -p m2v-fast

SEMVER := target/tools/bin/cargo-semver-checks

$(SEMVER):
	cargo install cargo-semver-checks --version 0.51.0 --locked --quiet --root target/tools

# The last release before this revision. Before the first one nothing is promised.
SEMVER_BASELINE ?= $(shell git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null)

.PHONY: check-semver
check-semver: ## Compare the crate's interface with that of the last release (SEMVER_BASELINE=revision)
	@test "$$(git rev-parse --is-shallow-repository)" = false || { echo 'the history is cut off, and with it the releases'; exit 2; }
	@if test -z '$(SEMVER_BASELINE)'; then echo 'no release to compare with yet'; \
	else $(MAKE) --no-print-directory $(SEMVER) && $(SEMVER) semver-checks --package m2v-fast \
		--baseline-rev $(SEMVER_BASELINE); fi

.PHONY: test-sdist
test-sdist: build ## Make the source distribution twice, build the package of it, and run that
	PATH=$(abspath $(BIN)):$$PATH CARGO_TARGET_DIR=$(abspath target) \
		$(BIN)/python -m tests.long.sdist target/sdist

MINUTES ?= 30

.PHONY: soak
soak: build $(VENV)/tested ## Random text through every engine, memory and results watched (MINUTES=30)
	$(BIN)/python -m tests.long.soak --minutes $(MINUTES)

MEGABYTES ?= 2

.PHONY: adversarial
adversarial: build $(VENV)/tested ## Texts made to be slow or big, through every engine (MEGABYTES=2)
	$(BIN)/python -m tests.long.adversarial --megabytes $(MEGABYTES)

KILLS ?= 20

.PHONY: test-kills
test-kills: build $(VENV)/tested ## Kill m2v-fast embed at random moments and go on, to the same bytes (KILLS=20)
	$(BIN)/python -m tests.long.kills --kills $(KILLS)

SECONDS ?= 60

.PHONY: test-threads
test-threads: build $(VENV)/tested ## Eight threads on one model of each engine, compared (SECONDS=60)
	$(BIN)/python -m tests.long.threads --seconds $(SECONDS)

FREE_THREADED ?= python3.14t
FREE := target/free-threaded

.PHONY: test-free-threaded free-threaded-version
# First of all: PyO3 would say so after minutes.
free-threaded-version:
	@$(FREE_THREADED) -c 'import sys, sysconfig; sys.exit(None if sys.version_info >= (3, 14) and \
		sysconfig.get_config_var("Py_GIL_DISABLED") else "FREE_THREADED must name a free-threaded \
	CPython of 3.14 or later, and " + sys.executable + " is " + sys.version)'

test-free-threaded: free-threaded-version build $(VENV)/tested ## The same without the interpreter's lock (FREE_THREADED=python3.14t)
	rm -rf $(FREE)
	$(FREE_THREADED) -m venv $(FREE)/venv
	$(BIN)/maturin build --release --locked --quiet \
		--interpreter $(abspath $(FREE)/venv/bin/python) --out $(FREE)
	@# Without the Hugging Face library, which has wheels for few of these interpreters.
	$(FREE)/venv/bin/python -m pip --disable-pip-version-check --quiet install numpy platformdirs tqdm click
	$(FREE)/venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps $(FREE)/*.whl
	$(FREE)/venv/bin/python -m tests.long.threads --seconds $(SECONDS) \
		$$($(BIN)/python -m tests.support.engines $(FREE)/models | sed 's/^/--model /')

.PHONY: fuzz-smoke
# Built beside the crate itself, where nearly all that the targets need is built already.
fuzz-smoke: ## Run every fuzz target over a fixed set of inputs
	cargo test --locked --quiet --manifest-path rust/fuzz/Cargo.toml --target-dir target

TARGET ?= tokenizer_tree
FUZZ_FLAGS ?=

target/tools/bin/cargo-fuzz:
	cargo install cargo-fuzz --locked --version '^0.13' --root target/tools

# libFuzzer with AddressSanitizer. Inputs that are worth keeping go to rust/fuzz/corpus, those that
# fail to rust/fuzz/artifacts.
.PHONY: fuzz
fuzz: target/tools/bin/cargo-fuzz ## Fuzz one target (TARGET=name, SECONDS=60); needs a C++ compiler
	mkdir -p rust/fuzz/corpus/$(TARGET)
	cd rust/fuzz && RUSTC_BOOTSTRAP=1 PATH="$(abspath target/tools/bin):$$PATH" cargo fuzz run \
		--fuzz-dir . --features libfuzzer --target-dir $(abspath target/fuzz) $(TARGET) \
		corpus/$(TARGET) seeds/$(TARGET) $(if $(filter tokenizer_bytes,$(TARGET)),models) \
		-- -max_total_time=$(SECONDS) -dict=words.dict -timeout=120 -rss_limit_mb=6000 \
		-max_len=$(if $(filter tokenizer_bytes,$(TARGET)),24000,1024) \
		-print_final_stats=1 $(FUZZ_FLAGS)

# Sanitizers are flags of nightly compilers, which RUSTC_BOOTSTRAP=1 allows on a stable one.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
ASAN := RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/asan
ASAN_VENV := target/asan/venv
# What the binding has unsafe code for: strings, arrays, threads. (Leaks are not looked for: the
# interpreter itself does not free everything at its end.)
ASAN_TESTS ?= tests/test_arrow_memory.py tests/test_api.py tests/test_input.py tests/test_kernels.py tests/test_index.py \
	tests/test_output_dtype.py tests/test_threads.py
# The sanitizer keeps what is freed, and its own lock of memory is held in a child that was forked
# beside a thread that allocates (of 19 runs three hung there, by gdb's stack): two tests are not for it.
ASAN_SKIP := not no_more_is_kept and not forked_children_encode
# Memcheck takes a test some fifty times as long. These touch every unsafe block of the crate;
# Valgrind's processor has AVX2 and no AVX-512, so the kernels are portable and AVX2.
MEMCHECK_TESTS ?= pool scratch scan:: bert:: sentences:: road:: forged_indexes unigram:: text::normalizers \
	--skip scalars --skip charmap::tests::agrees_with_the_definition

.PHONY: sanitize sanitize-rust sanitize-python memcheck
sanitize: sanitize-rust sanitize-python memcheck ## Run tests under AddressSanitizer and Valgrind (many minutes)

sanitize-rust:
	$(ASAN) cargo test --locked --quiet --target $(HOST) -p m2v-fast --lib --tests

$(ASAN_VENV)/made: pyproject.toml
	$(PYTHON) -m venv $(ASAN_VENV)
	$(ASAN_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(ASAN_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --group test 'maturin>=1.14,<2'
	touch $@

# The runtime must be there before the interpreter allocates anything, and a str must be an
# allocation of its own for a read beyond its end to be noticed.
sanitize-python: $(ASAN_VENV)/made
	rm -rf target/asan/dist
	$(ASAN) $(ASAN_VENV)/bin/maturin build --locked --quiet --profile dev --target $(HOST) --compatibility linux --out target/asan/dist
	$(ASAN_VENV)/bin/python -m pip --disable-pip-version-check --quiet install target/asan/dist/*.whl
	$(ASAN_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps target/asan/dist/*.whl
	LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
		$(ASAN_VENV)/bin/python -m pytest -q -p no:cacheprovider $(ASAN_TESTS) -k '$(ASAN_SKIP)'

memcheck:
	CARGO_TARGET_$(subst -,_,$(shell echo $(HOST) | tr a-z A-Z))_RUNNER="valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite" \
		cargo test --locked --quiet -p m2v-fast --lib -- $(MEMCHECK_TESTS)

.PHONY: coverage
coverage: ## Count the normalizers, pre-tokenizers and models that run on an engine of ours
	cargo test --locked --quiet -p m2v-fast --test ids -- --ignored --nocapture --test-threads 1 coverage

.PHONY: test-exhaustive
test-exhaustive: ## Every character in many contexts, every corpus text, thousands of random models: hours
	cargo test --locked --release -p m2v-fast -- --include-ignored

# An environment of its own: the frameworks want other versions of what we use.
FRAMEWORKS := .venv-integrations

$(FRAMEWORKS)/made: pyproject.toml
	$(PYTHON) -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(FRAMEWORKS)/bin/python -m pip --disable-pip-version-check --quiet install --group integrations
	touch $@

.PHONY: test-integrations
test-integrations: $(VENV)/made $(FRAMEWORKS)/made ## Test the adapters and Milvus against the real frameworks (they take two gigabytes)
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --out $(FRAMEWORKS)/dist
	$(FRAMEWORKS)/bin/python -m pip --disable-pip-version-check --quiet install $(FRAMEWORKS)/dist/*.whl
	$(FRAMEWORKS)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(FRAMEWORKS)/dist/*.whl
	M2V_FAST_PAGES=integrations $(FRAMEWORKS)/bin/python -m pytest -q tests/integrations \
		tests/pages/test_run.py \
		--ignore tests/integrations/test_recipes.py \
		--ignore tests/integrations/test_ray.py --ignore tests/integrations/test_spark.py \
		--ignore tests/integrations/test_daft.py \
		--ignore tests/integrations/test_sentence_transformers.py \
		--ignore tests/integrations/test_bertopic.py --ignore tests/integrations/test_keybert.py

.PHONY: notebook
notebook: $(VENV)/built $(FRAMEWORKS)/made ## Run examples/quickstart.ipynb and keep what it prints and draws
	VIRTUAL_ENV=$(abspath $(FRAMEWORKS)) $(BIN)/maturin develop --release --locked --quiet
	$(FRAMEWORKS)/bin/python scripts/run_notebook.py examples/quickstart.ipynb

ENGINES := .venv-engines
DAFT := .venv-daft

# Daft wants an older pyarrow than the others.
$(ENGINES)/made $(DAFT)/made: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --group $(patsubst .venv-%,%,$(@D))
	touch $@

.PHONY: test-engines
test-engines: $(VENV)/made $(ENGINES)/made $(DAFT)/made ## Test Ray, Spark (which needs Java) and Daft: two workers, some of which die
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --out $(ENGINES)/dist
	for folder in $(ENGINES) $(DAFT); do \
		$$folder/bin/python -m pip --disable-pip-version-check --quiet install $(ENGINES)/dist/*.whl && \
		$$folder/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(ENGINES)/dist/*.whl || exit 1; \
	done
	$(ENGINES)/bin/python -m pytest -q tests/integrations/test_ray.py tests/integrations/test_spark.py
	$(DAFT)/bin/python -m pytest -q tests/integrations/test_daft.py

# The server is a workspace and a wheel of its own (rust/server says why).
SERVER := .venv-server
SERVER_CARGO := --manifest-path rust/server/Cargo.toml --target-dir target

.PHONY: server
server: ## Build the server, target/release/m2v-server: it needs no Python
	cargo build --release --locked --quiet $(SERVER_CARGO)

$(SERVER)/made: pyproject.toml
	$(PYTHON) -m venv $(SERVER)
	$(SERVER)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(SERVER)/bin/python -m pip --disable-pip-version-check --quiet install --group server
	touch $@

$(SERVER)/built: $(VENV)/made $(SERVER)/made $(shell find rust/core rust/arrow rust/python rust/server python -name '*.rs' -o -name '*.toml' -o -name '*.json' -o -name '*.html' -o -name '*.py' | grep -v -e /target/ -e /fuzz/)
	$(PIP) install 'maturin>=1.14,<2'
	rm -rf $(SERVER)/dist
	$(BIN)/maturin build --release --locked --quiet --out $(SERVER)/dist
	cd rust/server && CARGO_TARGET_DIR=$(abspath target) $(abspath $(BIN))/maturin build \
		--release --locked --quiet --out $(abspath $(SERVER))/dist
	$(SERVER)/bin/python -m pip --disable-pip-version-check --quiet install $(SERVER)/dist/*.whl
	$(SERVER)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(SERVER)/dist/*.whl
	touch $@

.PHONY: test-server
test-server: $(SERVER)/built fuzz-server-smoke ## Test the server: its own tests, real clients, faults
	cargo test --locked --quiet $(SERVER_CARGO)
	PATH=$(abspath $(SERVER))/bin:$$PATH M2V_FAST_PAGES=server \
		$(SERVER)/bin/python -m pytest -q tests/server tests/pages/test_run.py

# What needs more than a toolchain: a browser, proxies, a musl compiler and target, a root to change.
SYSTEM := chromium chromium-driver nginx-light caddy musl-tools openssl

.PHONY: test-server-system
test-server-system: $(SERVER)/built ## The page in Chromium, nginx and Caddy, the image's steps, both wheels (Debian, as root)
	dpkg-query --show $(SYSTEM) >/dev/null 2>&1 || \
		{ apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends $(SYSTEM); }
	rustup target list --installed | grep -qx x86_64-unknown-linux-musl || rustup target add x86_64-unknown-linux-musl
	PATH=$(abspath $(SERVER))/bin:$$PATH M2V_SERVER_WHEELS=$(SERVER)/dist \
		$(SERVER)/bin/python -m pytest -q tests/server_system

.PHONY: soak-server
soak-server: $(SERVER)/built ## Ask the server all that it answers, reload and break off, its memory watched (MINUTES=30)
	PATH=$(abspath $(SERVER))/bin:$$PATH $(SERVER)/bin/python -m tests.long.soak_server --minutes $(MINUTES)

# Everything that a request may be, whole: a workspace of its own, as rust/fuzz is.
SERVER_FUZZ := --manifest-path rust/server/fuzz/Cargo.toml

.PHONY: fuzz-server-smoke fuzz-server
fuzz-server-smoke: ## Run the fuzz target over whole requests over a fixed set of inputs
	cargo test --locked --quiet $(SERVER_FUZZ) --target-dir target

fuzz-server: target/tools/bin/cargo-fuzz ## Fuzz whole requests (SECONDS=60); needs a C++ compiler
	mkdir -p rust/server/fuzz/corpus/request
	cd rust/server/fuzz && RUSTC_BOOTSTRAP=1 PATH="$(abspath target/tools/bin):$$PATH" cargo fuzz run \
		--fuzz-dir . --features libfuzzer --target-dir $(abspath target/fuzz) request \
		corpus/request seeds -- -max_total_time=$(SECONDS) -dict=words.dict -timeout=120 \
		-max_len=4096 -print_final_stats=1 $(FUZZ_FLAGS)

SERVER_PEERS := target/server-peers

$(SERVER_PEERS)/made: $(VENV)/built pyproject.toml
	$(PYTHON) -m venv $(SERVER_PEERS)
	$(SERVER_PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(SERVER_PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --group server-peers
	VIRTUAL_ENV=$(abspath $(SERVER_PEERS)) $(BIN)/maturin develop --release --locked --quiet
	touch $@

.PHONY: bench-server
bench-server: $(SERVER_PEERS)/made ## Time the server beside others, with wrk; draws docs/benchmarks/server.svg
	cargo build --release --locked --quiet $(SERVER_CARGO) --bins --examples
	$(SERVER_PEERS)/bin/python -m benches.server $(BENCH_ARGS) --json target/server.json
	$(SERVER_PEERS)/bin/python scripts/plot_server.py target/server.json

RECIPES := .venv-recipes

$(RECIPES)/made: pyproject.toml
	$(PYTHON) -m venv $(RECIPES)
	$(RECIPES)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(RECIPES)/bin/python -m pip --disable-pip-version-check --quiet install --group recipes
	touch $@

.PHONY: test-recipes
test-recipes: $(VENV)/made $(RECIPES)/made ## Run the code of docs/recipes.md in the libraries it is for (they take over a gigabyte)
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --out $(RECIPES)/dist
	$(RECIPES)/bin/python -m pip --disable-pip-version-check --quiet install $(RECIPES)/dist/*.whl
	$(RECIPES)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(RECIPES)/dist/*.whl
	$(RECIPES)/bin/python -m pytest -q tests/integrations/test_recipes.py

TORCH := .venv-integrations-torch

$(TORCH)/made: pyproject.toml
	$(PYTHON) -m venv $(TORCH)
	$(TORCH)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(TORCH)/bin/python -m pip --disable-pip-version-check --quiet install --group integrations-torch
	touch $@

.PHONY: test-integrations-torch
test-integrations-torch: $(VENV)/made $(TORCH)/made ## Test sentence-transformers, BERTopic and KeyBERT (torch: gigabytes)
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --out $(TORCH)/dist
	$(TORCH)/bin/python -m pip --disable-pip-version-check --quiet install $(TORCH)/dist/*.whl
	$(TORCH)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(TORCH)/dist/*.whl
	M2V_FAST_PAGES=torch $(TORCH)/bin/python -m pytest -q tests/pages/test_run.py \
		tests/integrations/test_sentence_transformers.py \
		tests/integrations/test_bertopic.py tests/integrations/test_keybert.py

# Its source distribution carries the tests. Their fixtures need torch, so an environment of its own.
SUITE := target/model2vec

$(SUITE)/made: pyproject.toml
	mkdir -p $(SUITE)
	$(PYTHON) -m venv $(SUITE)/venv
	$(SUITE)/venv/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(SUITE)/venv/bin/python -m pip --disable-pip-version-check --quiet download \
		--no-binary model2vec --no-deps --dest $(SUITE) model2vec==0.10.0
	tar -xzf $(SUITE)/model2vec-0.10.0.tar.gz -C $(SUITE)
	$(SUITE)/venv/bin/python -m pip --disable-pip-version-check --quiet install \
		'model2vec[distill,onnx,train,tests]==0.10.0' pytest
	touch $@

.PHONY: test-model2vec
test-model2vec: $(VENV)/made $(SUITE)/made ## Run model2vec's own tests on its class, accelerated, and on ours in its place (torch: gigabytes)
	$(PIP) install 'maturin>=1.14,<2'
	$(BIN)/maturin build --release --locked --quiet --out $(SUITE)/dist
	$(SUITE)/venv/bin/python -m pip --disable-pip-version-check --quiet install $(SUITE)/dist/*.whl
	$(SUITE)/venv/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps $(SUITE)/dist/*.whl
	$(SUITE)/venv/bin/python tests/long/model2vec_suite.py $(SUITE)/model2vec-0.10.0 $(SUITE)/reports

# Environments with one release of a library each; neither needs torch.
RELEASES := target/releases

$(RELEASES)/wheel: $(VENV)/built $(shell find python -name '*.py')
	rm -rf $(RELEASES)/dist
	$(BIN)/maturin build --release --locked --quiet --out $(RELEASES)/dist
	touch $@

.PHONY: test-model2vec-releases
test-model2vec-releases: $(RELEASES)/wheel ## Run a program with compat on beside releases of model2vec from 0.3.4 on
	$(BIN)/python -m tests.long.model2vec_releases $(RELEASES)/model2vec --wheel $(RELEASES)/dist/*.whl

.PHONY: test-tokenizers-releases
test-tokenizers-releases: $(RELEASES)/wheel ## Run what needs the package tokenizers beside its releases, 1.0's candidates included
	$(BIN)/python -m tests.long.tokenizers_releases $(RELEASES)/tokenizers --wheel $(RELEASES)/dist/*.whl

# The documentation site: every warning is an error, and every link and anchor leads somewhere.
SITE := .venv-docs

$(SITE)/made: pyproject.toml
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(SITE)/bin/python -m pip --disable-pip-version-check --quiet install --group docs
	touch $@

.PHONY: docs
docs: $(VENV)/built $(SITE)/made ## Build the documentation site into target/site, strictly
	VIRTUAL_ENV=$(abspath $(SITE)) $(BIN)/maturin develop --release --locked --quiet
	$(SITE)/bin/python -m sphinx --builder html --fail-on-warning --keep-going --fresh-env --quiet \
		--doctree-dir target/doctrees docs target/site
	$(SITE)/bin/python scripts/check_site.py target/site

.PHONY: lint
lint: build $(VENV)/tested ## Run every linter and type checker, and compare the stubs with the module
	cargo fmt --all --check
	cargo clippy --locked --quiet --workspace --all-targets -- --deny warnings
	cargo fmt --manifest-path rust/peers/Cargo.toml --all --check
	cargo fmt --manifest-path rust/fuzz/Cargo.toml --all --check
	cargo clippy --locked --quiet --manifest-path rust/fuzz/Cargo.toml --target-dir target --all-targets -- --deny warnings
	cargo fmt --manifest-path rust/server/Cargo.toml --all --check
	cargo clippy --locked --quiet $(SERVER_CARGO) --all-targets -- --deny warnings
	cargo fmt --manifest-path rust/server/fuzz/Cargo.toml --all --check
	cargo clippy --locked --quiet $(SERVER_FUZZ) --target-dir target --all-targets -- --deny warnings
	cargo clippy --locked --quiet -p m2v-fast --features hub --all-targets -- --deny warnings
	cargo clippy --locked --quiet -p m2v-fast --no-default-features --all-targets -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --quiet --no-deps -p m2v-arrow -p m2v-fast --features m2v-fast/hub
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd $(VENV) && ../$(BIN)/python -m mypy.stubtest m2v_fast._native

.PHONY: format
format: $(VENV)/tested ## Format everything
	cargo fmt --all
	cargo fmt --manifest-path rust/fuzz/Cargo.toml --all
	cargo fmt --manifest-path rust/peers/Cargo.toml --all
	cargo fmt --manifest-path rust/server/Cargo.toml --all
	cargo fmt --manifest-path rust/server/fuzz/Cargo.toml --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

MODEL ?= bundled:minilm
TEXTS ?=
BENCH_ARGS ?=
BENCH_JSON ?= target/benchmarks.json

.PHONY: bench
bench: build $(VENV)/tested ## Time m2v_fast beside model2vec and NumPy (MODEL=folder, TEXTS=files)
	$(BIN)/m2v-fast bench $(MODEL) $(TEXTS) --no-peers --kernels $(BENCH_ARGS)
	$(BIN)/python -m benches.long_text $(firstword $(TEXTS))
	$(BIN)/python -m pytest benches --benchmark-only --model $(MODEL) $(if $(TEXTS),--text $(firstword $(TEXTS)))

.PHONY: bench-stages
bench-stages: build ## Time ids and pooling apart and together, from Rust (MODEL=folder, TEXTS=files)
	cargo build --release --locked --quiet -p m2v-fast --example stages
	$(BIN)/python -m benches.stages $(MODEL) $(TEXTS) $(BENCH_ARGS)

.PHONY: bench-crates
bench-crates: $(VENV)/built ## Time the crate beside model2vec-rs, from Rust (MODEL=folder, TEXTS=files)
	cargo build --release --locked --quiet -p m2v-fast --example timed
	cargo build --release --locked --quiet --manifest-path rust/peers/Cargo.toml --target-dir target/peers
	$(BIN)/python -m benches.crates $(MODEL) $(TEXTS)

# Not those of the environment.
OLD =
NEW = tree
unexport OLD NEW
AB_ARGS ?=

.PHONY: ab
ab: $(VENV)/made $(VENV)/tested $(VENV)/built ## Time two builds in turn (OLD=revision or wheel; NEW= likewise, the tree without it)
	@test -n "$(OLD)" || { echo 'usage: make ab OLD=revision|wheel [NEW=revision|wheel]'; exit 2; }
	$(BIN)/python -m benches.ab $(OLD) $(NEW) $(AB_ARGS)

# An environment of their own: some peers want other versions of what we use. The group peers-torch has
# sentence-transformers as well.
PEERS_GROUP ?= peers
PEERS := target/peers/venv-$(PEERS_GROUP)

$(PEERS)/made: $(VENV)/built pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --group $(PEERS_GROUP)
	VIRTUAL_ENV=$(abspath $(PEERS)) $(BIN)/maturin develop --release --locked --quiet
	touch $@

PEER_PROGRAM := target/peers/release/peer-model2vec-rs

# model2vec does not take this release, so another interpreter runs it.
PEERS_TOKENIZERS := target/peers/venv-tokenizers

$(PEERS_TOKENIZERS)/made: pyproject.toml
	$(PYTHON) -m venv $(PEERS_TOKENIZERS)
	$(PEERS_TOKENIZERS)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(PEERS_TOKENIZERS)/bin/python -m pip --disable-pip-version-check --quiet install --group peers-tokenizers
	touch $@

.PHONY: bench-peers
bench-peers: $(PEERS)/made $(PEERS_TOKENIZERS)/made ## Time every other implementation that installs here (MODEL=folder, TEXTS=files, PEERS_GROUP=peers-torch)
	cargo build --release --locked --quiet --manifest-path rust/peers/Cargo.toml --target-dir target/peers
	release="$$($(PEERS_TOKENIZERS)/bin/python -c 'from importlib.metadata import version; print(version("tokenizers"))')"; \
	$(PEERS)/bin/m2v-fast bench $(MODEL) $(TEXTS) --kernels \
		--peer "model2vec-rs, from Rust=$(PEER_PROGRAM)" \
		--peer "model2vec-rs, from Rust, all threads=$(PEER_PROGRAM)" \
		--peer "tokenizers $$release alone=$(PEERS_TOKENIZERS)/bin/python tokenizers" \
		--peer "tokenizers $$release alone, all threads=$(PEERS_TOKENIZERS)/bin/python tokenizers" \
		$(BENCH_ARGS) --json $(BENCH_JSON)

.PHONY: bench-plots
bench-plots: $(PEERS)/made ## Draw docs/benchmarks from what bench-peers measured
	$(PEERS)/bin/m2v-fast bench --from $(BENCH_JSON) --plot docs/benchmarks/

.PHONY: wheel
# From the tree as it lies: with maturin's own --sdist the wheel would be built of an unpacked copy, all
# anew.
wheel: build ## Build the wheel for this machine and the source distribution into dist/
	$(BIN)/maturin build --release --locked --out dist
	$(BIN)/maturin sdist --out dist

# The wheels that are published: linked with zig against the glibc that manylinux_2_17 means, and
# without the name of any folder of this machine.
RELEASE := target/release-tools
RELEASE_BIN := $(abspath $(RELEASE))/bin
RELEASE_TARGET ?= $(shell uname -m)-unknown-linux-gnu
RELEASE_COMPATIBILITY ?= $(if $(findstring musl,$(RELEASE_TARGET)),musllinux_1_2,manylinux2014)
RELEASE_OUT ?= $(CURDIR)/dist/release
CARGO_HOME ?= $(HOME)/.cargo
RUSTUP_HOME ?= $(HOME)/.rustup
REMAPPED = $(CURDIR)=/m2v-fast $(abspath $(CARGO_HOME))=/cargo $(abspath $(RUSTUP_HOME))=/rustup
RELEASE_ENV = PATH="$(RELEASE_BIN):$$PATH" CARGO_INCREMENTAL=0 \
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 315532800)} \
	RUSTFLAGS="$(foreach folder,$(REMAPPED),--remap-path-prefix=$(folder)) \
		$(if $(findstring musl,$(RELEASE_TARGET)),-Ctarget-feature=-crt-static)"
RELEASE_FLAGS = --release --locked --zig --target $(RELEASE_TARGET) \
	--compatibility $(RELEASE_COMPATIBILITY)

$(RELEASE)/made: pyproject.toml
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(RELEASE)/bin/python -m pip --disable-pip-version-check --quiet install --group release
	touch $@

.PHONY: release-wheel
release-wheel: $(RELEASE)/made ## Build the wheel that is published into dist/release (RELEASE_TARGET=triple)
	rm -rf $(RELEASE_OUT)
	@# Without rustup the toolchain is whoever's who installed it.
	! command -v rustup >/dev/null || rustup target list --installed | grep -qx $(RELEASE_TARGET) || rustup target add $(RELEASE_TARGET)
	$(RELEASE_ENV) maturin build $(RELEASE_FLAGS) --out $(RELEASE_OUT)
	$(RELEASE)/bin/python scripts/repack_wheel.py $(RELEASE_OUT)/*.whl

.PHONY: check-wheel
check-wheel: release-wheel ## Judge the published wheel: platform, ABI, metadata, licences, contents, size
	PATH="$(RELEASE_BIN):$$PATH" $(RELEASE_BIN)/python scripts/check_wheel.py $(RELEASE_OUT)/*.whl
	@# Two packages are meant: Haystack's adapter is in Haystack's namespace (W009).
	$(RELEASE_BIN)/check-wheel-contents --ignore W009 \
		--toplevel m2v_fast,haystack_integrations $(RELEASE_OUT)/*.whl
	$(RELEASE_BIN)/twine check --strict $(RELEASE_OUT)/*.whl
	$(RELEASE_BIN)/abi3audit --strict --summary $(RELEASE_OUT)/*.whl
	$(RELEASE_BIN)/validate-pyproject pyproject.toml rust/server/pyproject.toml
	@# The project has no address: reports go by GitHub (SECURITY.md).
	PATH="$(RELEASE_BIN):$$PATH" $(RELEASE_BIN)/pyroma --min 10 --skip-tests AuthorEmail .

.PHONY: test-reproducible
test-reproducible: $(RELEASE)/made ## Build the published wheel in two folders and homes: the same bytes (some ten minutes)
	PATH="$(RELEASE_BIN):$$PATH" $(RELEASE_BIN)/python -m tests.long.reproducible target/reproducible

# Not that of the environment, where the name is a common one.
TARGET = s390x powerpc64 armv7 i686 x86_64 aarch64
unexport TARGET

.PHONY: test-other
test-other: ## Compiling for a platform that is not served says so (TARGET=s390x)
	bash tests/long/other.sh target/other $(TARGET)

VERSIONS := target/versions
DEBIAN := target/debian
DEBIAN_TOOLS = UV=$(abspath $(VERSIONS))/tools/bin/uv MATURIN=$(abspath $(BIN))/maturin

.PHONY: test-arm64 test-next-python
test-arm64: build $(VENV)/tested $(VERSIONS)/made ## Test on an emulated arm64 (Debian, as root; six gigabytes)
	cargo fetch --locked --quiet
	$(BIN)/python -m tests.long.figures write $(DEBIAN)/figures
	$(DEBIAN_TOOLS) bash tests/long/arm64.sh $(DEBIAN)

test-next-python: $(RELEASES)/wheel $(VERSIONS)/made ## Test on Debian's newest CPython, by both stable ABIs (Debian, as root)
	cargo fetch --locked --quiet
	$(DEBIAN_TOOLS) bash tests/long/next_python.sh $(DEBIAN) $(RELEASES)/dist/*.whl

WORKFLOWS := target/workflow-tools

$(WORKFLOWS)/made: pyproject.toml
	$(PYTHON) -m venv $(WORKFLOWS)
	$(WORKFLOWS)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(WORKFLOWS)/bin/python -m pip --disable-pip-version-check --quiet install --group workflows
	touch $@

.PHONY: check-workflows
check-workflows: $(WORKFLOWS)/made ## Judge the workflows: permissions, pins, schema
	$(WORKFLOWS)/bin/zizmor --offline --quiet .github
	$(WORKFLOWS)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(WORKFLOWS)/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

$(VERSIONS)/made: pyproject.toml
	mkdir -p $(VERSIONS)
	$(PYTHON) -m venv $(VERSIONS)/tools
	$(VERSIONS)/tools/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(VERSIONS)/tools/bin/python -m pip --disable-pip-version-check --quiet install --group versions
	touch $@

# The newest NumPy wants a newer interpreter than the oldest one that is served.
VERSIONS_PYTHON ?= $(BIN)/python

.PHONY: test-oldest test-newest
test-oldest: $(RELEASES)/wheel $(VERSIONS)/made ## Test the package on the oldest dependencies that it says it takes
	UV=$(VERSIONS)/tools/bin/uv $(BIN)/python -m tests.long.versions oldest $(VERSIONS) \
		$(RELEASES)/dist/*.whl $(VERSIONS_PYTHON)

test-newest: $(RELEASES)/wheel $(VERSIONS)/made ## Test the package on the newest dependencies, pre-releases included (VERSIONS_PYTHON=python3.x)
	UV=$(VERSIONS)/tools/bin/uv $(BIN)/python -m tests.long.versions newest $(VERSIONS) \
		$(RELEASES)/dist/*.whl $(VERSIONS_PYTHON)
	$(BIN)/python -m tests.long.tokenizers_releases $(RELEASES)/tokenizers 0.23.3 newest \
		--wheel $(RELEASES)/dist/*.whl

.PHONY: clean
clean: ## Remove everything that the other targets made
	rm -rf $(VENV) $(BARE) $(FRAMEWORKS) $(TORCH) $(ENGINES) $(DAFT) $(SERVER) $(RECIPES) $(SITE) target dist
