# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Which ansible-core, for pip: the newest that the Python allows, unless it is said.
CORE ?= ansible-core
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
TREE := $(CURDIR)/build/tree/ansible_collections/glusterops/shares
# Containers that mount need root.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
ROOT := $(SUDO:%=% -E env PATH="$$PATH" ANSIBLE_HOME=$(CURDIR)/build/ansible-root)
LAB := $(ROOT) $(BIN)/python -m lab
NAME ?= demo
SUITE ?= bookworm

# podman's network programs are there, and not on the path of every user.
export PATH := $(BIN):$(PATH):/usr/sbin:/sbin
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/tree
export ANSIBLE_HOME := $(CURDIR)/build/ansible
export GLUSTEROPS_LAB_DIR := $(CURDIR)/.lab
export PYTHONDONTWRITEBYTECODE := 1
export MYPY_CACHE_DIR := $(CURDIR)/build/mypy
# Where the machine's locale is none or unknown, Ansible would stop.
export LC_ALL := C.UTF-8

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.done: requirements.txt requirements-dev.txt
	@tests/utils/prepare.sh python
	echo "Installing Python packages into $(VENV:$(CURDIR)/%=%) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements-dev.txt '$(CORE)'
	touch $@

.PHONY: venv tree
venv: $(VENV)/.done
tree: venv
	@tests/utils/tree.sh

# ---- the lab ----
.PHONY: lab-up lab-vm lab-down lab-status shell demo demo-heketi clean
lab-up: venv ## Bring the lab up (NAME=demo, SUITE=bookworm, bullseye or trixie)
	@tests/utils/prepare.sh lab
	$(LAB) up --name $(NAME) --suite $(SUITE)

lab-vm: NAME := vm
lab-vm: venv ## Bring a virtual machine up, with LVM thin pools for snapshots (NAME=vm)
	@tests/utils/prepare.sh vm
	$(LAB) up --vm --name $(NAME)

lab-down: venv ## Remove the lab's containers and network, or its virtual machine
	@$(LAB) down --name $(NAME)

lab-status: venv ## Show what runs
	@$(LAB) status --name $(NAME)

shell: venv ## A shell on a machine of the lab: make shell HOST=server1
	@$(LAB) shell $(or $(HOST),server1) --name $(NAME)

demo: tree ## From bare servers to a sealed share, mounted by its tenant
	@tests/utils/prepare.sh lab
	$(ROOT) $(BIN)/python -m lab.demo

demo-heketi: tree ## The same with volumes that Heketi makes
	@tests/utils/prepare.sh lab
	$(ROOT) $(BIN)/python -m lab.demo --heketi

clean: ## Remove the labs, their images and networks, and what was built
	@if [ -x $(BIN)/python ] && { command -v podman || command -v qemu-system-x86_64; } > /dev/null; then $(LAB) clean; fi
	$(SUDO) rm -rf .lab build
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis
	kept=$${XDG_CACHE_HOME:-$$HOME/.cache}/glusterops-shares
	[ ! -e "$$kept" ] || echo "Kept, since every checkout uses it: $$kept (environments of make sanity)"

# ---- tests ----
.PHONY: lint lint-python lint-ansible lint-documents sanity unit fuzz contract packages
.PHONY: integration integration-ca integration-heketi integration-pool integration-servers integration-tls integration-vm chaos molecule molecule-default
.PHONY: molecule-heketi molecule-pool molecule-servers test-quick test everything test-all test-core core bench build
# Beside the labs of "make test" these only fill gaps.
FILLER = @[ -z "$(FILLING)" ] || renice -n 10 $$$$ > /dev/null

lint: lint-python lint-ansible lint-documents ## Linters: black, ruff, mypy, shellcheck, ansible-lint, changelog, documentation

lint-python: tree
	$(FILLER)
	cd $(TREE)
	black --check --quiet . || { black --check .; exit 1; }
	ruff check --quiet .
	(cd ../../.. && mypy --config-file $(TREE)/pyproject.toml -p ansible_collections.glusterops.shares.plugins)
	mypy --config-file pyproject.toml -p lab -p benchmarks
	shellcheck tests/utils/*.sh findings/*.sh .ci/run

lint-ansible: tree
	$(FILLER)
	cd $(TREE)
	ansible-lint -q --offline
	yamllint --strict .

lint-documents: tree
	$(FILLER)
	cd $(TREE)
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

sanity: tree ## ansible-test sanity, every test of it
	$(FILLER)
	tests/utils/sanity.sh $(TREE)

unit: tree ## Unit tests
	$(FILLER)
	cd $(TREE)
	PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH) python -m pytest tests/unit -q -n 2

fuzz: tree ## Spoilt answers of gluster and openssl, and lives of shares and of a CA, for longer than in the unit tests (EXAMPLES=10000)
	@cd $(TREE)
	export PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH) FUZZ_EXAMPLES=$(or $(EXAMPLES),10000)
	python -m pytest tests/unit/plugins/module_utils/test_fuzz_*.py \
	    tests/unit/plugins/module_utils/_shares/test_share_life.py \
	    tests/unit/plugins/module_utils/_tls/test_ca_life.py -q -n 3

contract: tree ## The Heketi client and the stand-in Heketi against recorded answers
	$(FILLER)
	cd $(TREE)
	PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH) python -m pytest tests/contract -q -n 2

packages: venv
	@tests/utils/prepare.sh lab vm

# What tests nothing of GlusterFS's version runs on one version only, unless all are asked for.
ONE_VERSION = $(if $(ALL_VERSIONS),,-m 'not all_versions')
define INTEGRATION
	@cd $(TREE)
	export PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH)
	$(ROOT) $(BIN)/python -m pytest -q --durations=10
endef

integration: tree packages ## Modules, roles and playbooks on real GlusterFS (TESTS=... for some)
	$(INTEGRATION) $(or $(TESTS),tests/integration)

integration-heketi: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration $(addprefix --ignore=tests/integration/,ca pool servers tls vm)

integration-pool: export LAB_NAME := pool
integration-pool: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration/pool

integration-ca: export LAB_NAME := ca
integration-ca: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration/ca

integration-servers: export LAB_NAME := servers
integration-servers: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration/servers

integration-tls: export LAB_NAME := tls
integration-tls: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration/tls

integration-vm: tree packages
	$(INTEGRATION) $(ONE_VERSION) tests/integration/vm

chaos: export LAB_NAME := chaos
chaos: tree packages ## Users' work while everything breaks, for MINUTES=30, decided by SEED=... (by chance)
	@cd $(TREE)
	export PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH):tests:tests/integration
	$(ROOT) $(BIN)/python -m chaos $(MINUTES:%=--minutes %) $(SEED:%=--seed %)

molecule: molecule-servers molecule-heketi molecule-pool ## The molecule scenarios; the first begins with the example, default

# The example is run as users run it.
molecule-heketi molecule-pool molecule-servers: export ANSIBLE_PIPELINING := 1
molecule-default molecule-heketi molecule-pool molecule-servers: tree packages
	@cd $(TREE)
	$(ROOT) $(BIN)/molecule test --scenario-name $(@:molecule-%=%)

# The longest first.
QUICK := sanity unit lint-ansible lint-python lint-documents
TOGETHER := $(MAKE) --no-print-directory --output-sync=target

test-quick: ## Lint, sanity and unit tests
	@$(TOGETHER) --jobs=3 $(QUICK)

test: ## Everything
	@$(TOGETHER) --jobs=3 FILLING=1 everything

everything: integration-tls integration-heketi integration-pool integration-ca integration-servers molecule-pool molecule-heketi molecule-servers integration-vm $(QUICK) contract

test-all: ## Everything, on every version of GlusterFS, and of ansible-core
	@$(TOGETHER) --jobs=3 FILLING=1 ALL_VERSIONS=1 everything
	$(TOGETHER) molecule-default test-core

# The oldest ansible-core that is supported, and the newest for the newest Python here; each has its own environment.
test-core: ## Unit tests, sanity and a site on the oldest and the newest ansible-core
	@oldest=$$(tests/utils/python.sh 3.10 3.12)
	newest=$$(tests/utils/python.sh 3.12 3.14)
	$(MAKE) --no-print-directory core VENV=$(CURDIR)/build/core-oldest PYTHON=$$oldest CORE='ansible-core==2.17.*'
	$(MAKE) --no-print-directory core VENV=$(CURDIR)/build/core-newest PYTHON=$$newest

core: venv
	@$(BIN)/ansible --version | sed -n '1p; s/^ *python version = /on Python /p'
	$(TOGETHER) --jobs=3 molecule-default sanity unit

bench: tree ## Benchmarks: prints ratios, writes benchmarks/latest.json (COUNT=1000)
	@tests/utils/prepare.sh lab
	$(ROOT) $(BIN)/python -m benchmarks --count $(or $(COUNT),1000) $(BENCH_ARGS)

build: tree ## Build the collection's package into build/
	@ansible-galaxy collection build --force --output-path build $(TREE)
