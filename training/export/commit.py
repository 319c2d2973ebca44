"""The commit of the code that made an artifact."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def git_commit() -> str:
    """The repository's HEAD, 40 hex digits; empty outside a repository or without git."""
    git = shutil.which("git")
    if git is None:
        return ""

    def ask(*words: str) -> str:
        here = Path(__file__)
        done = subprocess.run([git, *words], cwd=here.parent, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    # An installed Aisle may lie inside somebody else's repository: only one that tracks this file is Aisle's.
    return ask("rev-parse", "HEAD") if ask("ls-files", "--error-unmatch", Path(__file__).name) else ""
