# One set of commands for people, pre-commit and CI. Each works on a fresh machine that has Python, make and a package registry.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test slow check fix bench docs clean

demo: $(READY)
	@$(BIN)/lissom demo

test: $(READY)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

slow: $(READY)
	@$(BIN)/python -m pytest -q -m slow

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

fix: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Every claim of speed or accuracy that takes minutes, not hours; each ends with one JSON line of its figures.
bench: $(READY)
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/train_speed.py
	@$(BIN)/python benchmarks/profile_speed.py

# The site, English and Chinese, in build/site; nothing in it is loaded from another host.
docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q
	@echo "build/site/index.html"

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again only when the package's needs change; a second call of any command installs nothing.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the pinned packages into .venv (once) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev,docs,geo]'
	@touch $@
