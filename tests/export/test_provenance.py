"""The revision in an artefact is that of the product's own source, or none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from export import provenance


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_revision_turns_dirty_when_a_tracked_file_changes(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "one")
    clean = provenance.product(tmp_path)
    (tmp_path / "a").write_text("2")
    dirty = provenance.product(tmp_path)
    assert git(tmp_path, "rev-parse", "HEAD") == clean["git_revision"] == dirty["git_revision"]
    assert (clean["git_dirty"], dirty["git_dirty"]) == (False, True)


def test_a_folder_that_is_no_work_tree_has_no_revision(tmp_path: Path) -> None:
    found = provenance.product(tmp_path)
    assert (found["git_revision"], found["git_dirty"]) == (None, None)
    assert found["name"] == "sixmeg"


def test_a_library_that_is_not_there_has_the_version_none() -> None:
    found = provenance.libraries(("numpy", "no-such-library"))
    assert {"python", "numpy", "no-such-library"} == found.keys()
    assert (np.__version__, None) == (found["numpy"], found["no-such-library"])
