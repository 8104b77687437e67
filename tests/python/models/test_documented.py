"""What dbt's docs say of macros, tests and columns, against the SQL of the macros and the tables of a built lake."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.parser.schemas import is_valid_type

from tests.support.lake import CHECKOUT, SPELLED, Lake

FOLDERS = {
    "macros": "netflix_lakehouse",
    "tests/dbt": "netflix_lakehouse",
    "dbt_duckdb_delta/macros": "dbt_duckdb_delta",
}
WITHOUT_A_DESCRIPTION = {
    "macros/dbt_duckdb_delta.sql": "written by a command of the package; what its macros hand on to is described there"
}
BEGINS = re.compile(
    r"""\{%-?\s*(?:
        (?P<kind>macro|test)\s+(?P<name>\w+)\s*\((?P<arguments>.*?)\)
        |materialization\s+(?P<materialization>\w+)\s*,\s*adapter="(?P<adapter>\w+)".*?
    )\s*-?%\}""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Written:
    """A macro, test or materialization as its file has it."""

    id: str  # in dbt's manifest
    file: Path
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.id.split(".")[2]


def written() -> Iterator[Written]:
    for folder, package in FOLDERS.items():
        for file in sorted((CHECKOUT / folder).rglob("*.sql")):
            for found in BEGINS.finditer(re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)):
                if found["materialization"]:
                    name = f"materialization_{found['materialization']}_{found['adapter']}"
                else:
                    name = found["name"] if found["kind"] == "macro" else f"test_{found['name']}"
                yield Written(f"macro.{package}.{name}", file, names_in(found["arguments"] or ""))


def names_in(signature: str) -> tuple[str, ...]:
    """The names of arguments, whose defaults are written as in Python."""
    (function,) = ast.parse(f"def f({signature}): ...").body
    assert isinstance(function, ast.FunctionDef)
    return tuple(argument.arg for argument in function.args.args)


@pytest.fixture(scope="module")
def macros() -> list[Written]:
    return list(written())


def test_every_macro_and_every_generic_test_is_described(macros: list[Written], manifest: dict[str, Any]) -> None:
    ours = {name for name in manifest["macros"] if name.split(".")[1] in FOLDERS.values()}
    assert {macro.id for macro in macros} == ours, "the signatures in the files, and what dbt finds there"
    without: dict[str, list[str]] = defaultdict(list)
    for macro in macros:
        if not manifest["macros"][macro.id]["description"].strip():
            without[str(macro.file.relative_to(CHECKOUT))].append(macro.name)
    assert without.keys() == WITHOUT_A_DESCRIPTION.keys(), dict(without)


def test_the_described_arguments_are_those_of_the_signature(macros: list[Written], manifest: dict[str, Any]) -> None:
    for macro in macros:
        said = manifest["macros"][macro.id]
        if said["description"]:
            assert tuple(argument["name"] for argument in said["arguments"]) == macro.arguments, macro.name
            for argument in said["arguments"]:
                assert argument["description"].strip(), (macro.name, argument["name"])
                assert is_valid_type(argument["type"] or ""), (macro.name, argument["name"])


def test_macros_are_described_beside_their_files(macros: list[Written]) -> None:
    """And no description outlives its macro, for which dbt has but a warning."""
    beside = {(macro.file.parent, macro.name) for macro in macros}
    for folder in FOLDERS:
        for file in (CHECKOUT / folder).rglob("*.yml"):
            names = {(file.parent, macro["name"]) for macro in yaml.safe_load(file.read_text())["macros"]}
            assert names <= beside, names - beside


def test_columns_have_the_types_of_the_tables(manifest: dict[str, Any], sample_lake: Lake) -> None:
    """All columns of a table, and no other. In silver, which has no contract, nothing else compares the two."""
    seen = set()
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["schema"] in ("silver", "gold"):
            said = {column: about["data_type"] for column, about in node["columns"].items()}
            assert said == sample_lake.types(f"{node['schema']}/{node['name']}"), node["name"]
            seen |= {node["schema"], *said.values()}
    assert seen == {"silver", "gold", *SPELLED.values()}
