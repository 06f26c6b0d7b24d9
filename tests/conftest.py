"""Fixtures of the whole suite."""

from pathlib import Path

import pytest
from hypothesis import settings

# A machine that is busy is no defect.
settings.register_profile("sixmeg", deadline=None)
settings.load_profile("sixmeg")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party models, weights and data beside the project; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "models").is_dir():
        pytest.skip("needs ../shared (third-party models and data), which is not on this machine")
    return folder
