# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
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
# Where the machine's locale is none or unknown, Ansible would stop.
export LC_ALL := C.UTF-8

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.done: requirements.txt requirements-dev.txt
	@tests/utils/prepare.sh python
	echo "Installing Python packages into .venv ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements-dev.txt
	touch $@

.PHONY: venv tree
venv: $(VENV)/.done
tree: venv
	@tests/utils/tree.sh

# ---- the lab ----
.PHONY: lab-up lab-vm lab-down lab-status shell demo clean
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

demo: tree ## From nothing to a sealed share, mounted by its tenant
	@tests/utils/prepare.sh lab
	$(ROOT) $(BIN)/python -m lab.demo

clean: ## Remove the labs, their images and networks, and what was built
	@if [ -x $(BIN)/python ] && { command -v podman || command -v qemu-system-x86_64; } > /dev/null; then $(LAB) clean; fi
	$(SUDO) rm -rf .lab build
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis

# ---- tests ----
.PHONY: lint sanity unit contract packages integration integration-containers integration-tls integration-vm
.PHONY: molecule
.PHONY: test-quick test everything bench build
lint: tree ## Linters: black, ruff, mypy, shellcheck, ansible-lint, changelog, documentation
	@cd $(TREE)
	black --check --quiet . || { black --check .; exit 1; }
	ruff check --quiet .
	(cd ../../.. && mypy --config-file $(TREE)/pyproject.toml -p ansible_collections.glusterops.shares.plugins)
	mypy --config-file pyproject.toml -p lab -p benchmarks
	shellcheck tests/utils/*.sh .ci/run
	ansible-lint -q --offline
	yamllint --strict .
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

sanity: tree ## ansible-test sanity, every test of it
	@tests/utils/sanity.sh $(TREE)

unit: tree ## Unit tests
	@cd $(TREE)
	PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH) python -m pytest tests/unit -q -n 2

contract: tree ## The Heketi client and the stand-in Heketi against recorded answers
	@cd $(TREE)
	PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH) python -m pytest tests/contract -q -n 2

packages: venv
	@tests/utils/prepare.sh lab vm

define INTEGRATION
	@cd $(TREE)
	export PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH)
	$(ROOT) $(BIN)/python -m pytest -q --durations=10
endef

integration: tree packages ## Modules, roles and playbooks on real GlusterFS (TESTS=... for some)
	$(INTEGRATION) $(or $(TESTS),tests/integration)

integration-containers: tree packages
	$(INTEGRATION) tests/integration --ignore=tests/integration/vm --ignore=tests/integration/tls

integration-tls: export LAB_NAME := tls
integration-tls: tree packages
	$(INTEGRATION) tests/integration/tls

integration-vm: tree packages
	$(INTEGRATION) tests/integration/vm

molecule: tree packages ## The molecule scenarios
	@cd $(TREE)
	$(ROOT) $(BIN)/molecule test --all

test-quick: lint sanity unit ## Lint, sanity and unit tests

# Two at a time: what runs in containers mostly waits.
test: ## Everything
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target everything

everything: integration-containers lint sanity unit contract integration-tls integration-vm molecule

bench: tree ## Benchmarks: prints ratios, writes benchmarks/latest.json (COUNT=1000)
	@tests/utils/prepare.sh lab
	$(ROOT) $(BIN)/python -m benchmarks --count $(or $(COUNT),1000) $(BENCH_ARGS)

build: tree ## Build the collection's package into build/
	@ansible-galaxy collection build --force --output-path build $(TREE)
