import json
import os
import subprocess
import sys

import torch

from lissom.runs.environment import environment, git


def test_it_is_plain_json_and_says_what_a_result_depends_on():
    facts = json.loads(json.dumps(environment()))
    assert facts["python"] == sys.version.split()[0]
    assert facts["packages"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert facts["torch"]["threads"] == torch.get_num_threads()
    assert facts["cores"] >= 1
    assert facts["cpu"]
    assert facts["memory_gb"] is None or facts["memory_gb"] > 0.1


def test_torch_is_not_imported_for_it():
    code = "import sys, lissom.runs.environment as e; e.environment(ask_torch=False); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_repository_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    assert git(tmp_path) is None


def test_a_repositorys_commit_and_whether_it_was_changed(tmp_path):
    def run(*command):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(["git", *who, *command], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    run("init", "-q")
    (tmp_path / "file").write_text("1")
    run("add", "file")
    run("commit", "-q", "-m", "first")
    assert git(tmp_path) == {"commit": run("rev-parse", "HEAD").strip(), "dirty": False}
    (tmp_path / "file").write_text("2")
    assert git(tmp_path)["dirty"] is True


def test_without_git_it_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert git(tmp_path) is None
