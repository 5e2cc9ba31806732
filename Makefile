# What a newcomer types. Each target sets up what it needs from nothing, once: the stamps in .venv say what is done.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CAN_RUN := $(VENV)/.can-run
CAN_TEST := $(VENV)/.can-test
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test lint browser bench clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST)

run: $(CAN_RUN) ## Serve the page on this machine; `make run LAN=1` serves it to everybody on the same network
	@exec $(BIN)/streamlit run app.py $(if $(DEV),--server.fileWatcherType=auto) $(if $(LAN),--server.address=0.0.0.0 --browser.serverAddress=$$($(BIN)/python -c '$(LAN_ADDRESS)'))

test: lint browser ## Check style, types, imports and behaviour, in a real browser too
	$(BIN)/python -m pytest

lint: $(CAN_TEST) ## Check style, types and imports only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(CAN_TEST) ## Measure side by side with other ways to compute the same
	$(BIN)/python -m benchmarks

clean: ## Forget all that was set up
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results

# The address under which this machine is known to its neighbours: where a datagram to far away (none is sent) would leave.
LAN_ADDRESS := import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.connect(("192.0.2.1", 9)); print(s.getsockname()[0])

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'rnnviz needs Python 3.11 or newer: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(CAN_RUN): requirements.txt | $(BIN)/python
	@echo 'Installing what the program runs on; the first time takes some minutes.'
	$(PIP_INSTALL) --requirement requirements.txt
	@touch $@

$(CAN_TEST): pyproject.toml $(CAN_RUN)
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@

# Chromium and a font with Hangul for the browser tests. RNNVIZ_CHROMIUM=/path/to/chrome names another browser.
CHROMIUM := $${RNNVIZ_CHROMIUM:-$$(command -v chromium chromium-browser google-chrome | head -n 1)}
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

browser: $(CAN_TEST)
	@missing=; \
	[ -x "$(CHROMIUM)" ] || missing='chromium'; \
	if command -v apt-get >/dev/null; then \
		command -v fc-list >/dev/null || missing="$$missing fontconfig"; \
		fc-list :lang=ko 2>/dev/null | grep -q . || missing="$$missing fonts-nanum"; \
		[ -z "$$missing" ] || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -q -y $$missing; }; \
	elif [ -n "$$missing" ]; then \
		echo 'The browser tests need Chromium or Chrome. macOS: brew install --cask chromium.' >&2; \
		echo 'Then: make test RNNVIZ_CHROMIUM=/path/to/it (macOS: /Applications/Chromium.app/Contents/MacOS/Chromium)' >&2; \
		exit 1; \
	fi

export RNNVIZ_CHROMIUM
