"""The project as dbt itself parses it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.templates import Templates


@pytest.fixture(scope="session")
def manifest(templates: Templates) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((templates.parsed() / "manifest.json").read_text())
    return manifest


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
