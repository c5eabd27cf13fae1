# SyteOps. `make help` lists what can be made.
#
# HOST, PORT, WORKERS, SYTEOPS_DATA_DIR and the other settings (docs/settings.md) come from the
# environment, or from the command line: `make run PORT=9000`.

PYTHON ?= python3
VENV ?= .venv
DEV_VENV ?= .venv-dev
BENCH_VENV ?= .venv-bench
CONTRACT_VENV ?= .venv-contract
LOCK_VENV ?= .venv-lock
# More processes than processors: tests of servers wait a good deal. In no other order: tests that
# empty the tables must come last in a process.
PYTEST_ARGS ?= -q -n 3 --dist loadgroup

# Whoever calls make may be at work on another Django project.
unexport DJANGO_SETTINGS_MODULE PYTHONHOME

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-postgresql test-all soak mutate check contract accessibility screenshots bench bench-instructions \
	bench-scale bench-pages bench-profile lock clean run-environment dev-environment bench-environment node-environment

help: ## Show this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: run-environment ## Set up what is missing and serve on http://127.0.0.1:8000/admin/
	@$(VENV)/bin/python manage.py setup
	@exec $(VENV)/bin/python manage.py serve

test: dev-environment ## Run all tests on SQLite
	$(DEV_VENV)/bin/python -m pytest $(PYTEST_ARGS)

test-postgresql: dev-environment ## Run all tests on PostgreSQL with Redis
	$(DEV_VENV)/bin/python -m tests.run_on_postgresql $(PYTEST_ARGS)

test-all: ## Run all tests on both Pythons and both databases; installs what is missing
	@.ci/run whole

soak: dev-environment ## Let things go wrong under load, on both databases (FAULT=, TIMES=)
	$(DEV_VENV)/bin/python -m tests.concurrency.soak $(FAULT) $(if $(TIMES),--times $(TIMES))

mutate: dev-environment ## Break every guard, one at a time, and see a test fail (PART=: some of them)
	$(DEV_VENV)/bin/python -m tests.mutations $(PART)

check: dev-environment ## Check style, types, imports, migrations, API description and settings
	@$(throw_away); \
	step ruff format --check --quiet .; \
	step ruff check --quiet .; \
	step mypy; \
	step lint-imports --no-logo; \
	step python manage.py makemigrations --check --dry-run; \
	step python -m pytest --quiet tests/contract; \
	step python manage.py check --fail-level WARNING

contract: dev-environment contract-environment node-environment ## Check the API description, webhooks and workflows with tools that need Node
	@$(throw_away); \
	python manage.py spectacular --file "$$data/openapi.yaml"; \
	cd tests/contract; \
	export PATH="$$PWD/node_modules/.bin:$$PATH" REDOCLY_TELEMETRY=off; \
	step spectral lint "$$data/openapi.yaml" --ruleset spectral.yaml --fail-severity hint; \
	step redocly lint "$$data/openapi.yaml" --config redocly.yaml; \
	cd ../..; step python -m tests.contract "$(abspath $(CONTRACT_VENV))"

accessibility: dev-environment node-environment-accessibility ## Check every page of the admin with pa11y in both themes, three with Lighthouse
	@$(DEV_VENV)/bin/python -m tests.accessibility

screenshots: dev-environment ## Make the pictures in docs/images anew, of a site with demo content
	@$(DEV_VENV)/bin/python -m tests.docs.screenshots

bench: bench-environment ## Compare with stock DRF and a bare view, on loopback (BENCH_DB=sqlite|postgresql|both)
	@$(BENCH_VENV)/bin/python -m benchmarks $(BENCH_DB)

bench-instructions: bench-environment ## Count instructions per request; fails above the bounds
	@$(BENCH_VENV)/bin/python -m benchmarks.instructions $(LOADS)

bench-profile: bench-environment ## Show where the loads that fall short spend their time (BENCH_DB=, LOADS=)
	@$(BENCH_VENV)/bin/python -m benchmarks.profile $(or $(BENCH_DB),both) $(LOADS)

bench-scale: bench-environment ## Show how lists grow with 1,000 to 100,000 rows (SIZES=: others)
	@$(BENCH_VENV)/bin/python -m benchmarks.scale $(SIZES)

bench-pages: bench-environment ## Measure every page of the admin at 10,000 records of each entity (RECORDS=, JSON=file)
	@$(BENCH_VENV)/bin/python -m benchmarks.pages $(or $(RECORDS),10000) $(JSON)

lock: ## Write requirements/ anew from pyproject.toml (UPGRADE=1: with the newest versions)
	@$(call create,$(LOCK_VENV))
	@$(call install_by_pip,$(LOCK_VENV),requirements/install.txt)
	@$(call compile,run.txt,pyproject.toml)
	@$(call compile,dev.txt,pyproject.toml --group dev)
	@$(call compile,bench.txt,pyproject.toml --group bench)
	@$(call compile,contract.txt,--group contract)
	@$(call compile,install.txt,--group install)

clean: ## Remove environments and caches; never the data in var/
	rm -rf $(VENV) $(DEV_VENV)* $(BENCH_VENV) $(CONTRACT_VENV) $(LOCK_VENV)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf tests/contract/node_modules tests/accessibility/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

run-environment:
	@$(call create,$(VENV))
	@$(call install,$(VENV),requirements/run.txt)

dev-environment:
	@$(call create,$(DEV_VENV))
	@$(call install,$(DEV_VENV),requirements/dev.txt,by uv)

bench-environment:
	@$(call create,$(BENCH_VENV))
	@$(call install,$(BENCH_VENV),requirements/bench.txt,by uv)

contract-environment:
	@$(call create,$(CONTRACT_VENV))
	@$(call install,$(CONTRACT_VENV),requirements/contract.txt,by uv)

node-environment: node-environment-contract

# Exactly what is locked, unless that is installed already.
node-environment-%:
	@cd tests/$*; \
	command -v npm >/dev/null || { \
		echo "The tools in tests/$*/package.json need Node 20.19 or newer, with npm." >&2; \
		exit 1; }; \
	if ! cmp -s package-lock.json node_modules/installed.json; then \
		echo "Installing tests/$*/package-lock.json (a quarter of a minute) ..."; \
		npm ci --no-audit --no-fund --loglevel=error >/dev/null && cp package-lock.json node_modules/installed.json; \
	fi

# --- How -------------------------------------------------------------------------------------

# Begins a recipe of steps. In a throw-away data directory, and whatever database the caller works
# with is left alone.
define throw_away
set -e; \
data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; \
export SYTEOPS_DATA_DIR="$$data" SYTEOPS_ENV_FILE= DATABASE_URL= CACHE_URL=; \
export PATH="$(abspath $(DEV_VENV))/bin:$$PATH"; \
step() { echo "== $$*"; "$$@"; }
endef

# Makes the environment $(1), and anew when it is broken or of another Python than $(PYTHON).
define create
version='import sys; print("%d.%d" % sys.version_info[:2])'; \
wanted=$$($(PYTHON) -c "$$version" 2>/dev/null) || wanted=none; \
case $$wanted in 3.1[1-9]|3.[2-9]?) ;; *) \
	echo "SyteOps needs Python 3.11 or newer; $(PYTHON) is $$wanted." >&2; \
	echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1;; esac; \
if [ "$$($(1)/bin/python -c "$$version" 2>/dev/null)" != "$$wanted" ] \
	|| ! $(1)/bin/python -m pip --version >/dev/null 2>&1; then \
	echo "Creating $(1) with Python $$wanted ..."; \
	$(PYTHON) -m venv --clear $(1) || { \
		echo "This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }; \
fi
endef

# Installs the pinned and hashed $(2) into $(1), unless exactly these are installed already.
define install
if ! cmp -s $(2) $(1)/installed.txt; then \
	echo "Installing $(2) into $(1) (up to half a minute) ..."; \
	rm -f $(1)/installed.txt; \
	$(if $(3),{ $(call install_by_pip,$(1),requirements/install.txt) && $(call install_by_uv,$(1),$(2)); } || )\
	$(call install_by_pip,$(1),$(2)) && cp $(2) $(1)/installed.txt; \
fi
endef

define install_by_pip
$(1)/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r $(2)
endef

# A tenth of pip's work. Only for those who develop: an operator's pip may be configured in ways
# that uv knows nothing of, and what is never written to must be compiled when it is installed.
# Like pip, it trusts whom the machine trusts: the proxy of a company has a certificate of its own.
define install_by_uv
$(1)/bin/uv pip install --quiet --system-certs --python $(1)/bin/python --require-hashes -r $(2)
endef

# Resolves for every supported Python at once; keeps the pins that are there. Writes no address.
define compile
$(LOCK_VENV)/bin/uv pip compile --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade) $(2) \
	-o requirements/$(1) >/dev/null && echo "requirements/$(1)"
endef
