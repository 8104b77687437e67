"""The configuration file: which sources there are, which of their files go to which raw tables, and how."""

from __future__ import annotations

import codecs
import fnmatch
import hashlib
import json
import math
import re
from difflib import get_close_matches
from enum import StrEnum
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from dbt_duckdb_delta.location import INSTEAD, SCHEMES
from ingest.errors import ConfigurationError

DEFAULT = Path(__file__).with_name("sources.yml")


class SchemaEvolution(StrEnum):
    """What happens to a column that the raw table does not have yet; the names and meanings of Auto Loader."""

    ADD_NEW_COLUMNS = "add_new_columns"
    RESCUE = "rescue"
    FAIL_ON_NEW_COLUMNS = "fail_on_new_columns"
    NONE = "none"


class Format(StrEnum):
    """How records stand in a file, where it is no workbook. ``ndjson``: one JSON object a line."""

    DELIMITED = "delimited"
    NDJSON = "ndjson"


class VanishedRows(StrEnum):
    """What it means when a row is no longer in the newest version of a file. ``deleted``: the file is a full copy."""

    DELETED = "deleted"
    KEPT = "kept"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
OFF = math.inf
# A share that is never exceeded stands for a limit that is switched off: `off` in YAML.
Limit = Annotated[float, BeforeValidator(lambda value: OFF if value is False else value), Field(strict=True, ge=0)]


class Limits(_Strict):
    """How far a version may be from the last accepted one before it is held. The first eight are shares of 1; a version
    exactly at a limit is within it. docs/ingest.md says what each is a share of."""

    lost: Limit = 0.2
    new: Limit = 0.5
    changed: Limit = 0.5
    repeated: Limit = 0.001
    rescued: Limit = 0.05
    uniform: Limit = 0.2
    alike: Limit = 0.8
    emptied: Limit = 0.2
    at_least: int = Field(default=20, ge=0)  # records; of fewer, any share may differ
    empty: bool = True  # hold a version without records
    cut: bool = True  # hold a version whose file ends within a record
    again: bool = True  # hold a version with the bytes of one that another had replaced, where no commit is behind it
    renamed: bool = True  # hold a version that has lost every key as one that has lost many


# A list that grows may lose what it had, grow at any pace, and rename what all its keys are made of.
_OF_A_LIST = {"lost": OFF, "new": OFF, "renamed": False}


class Dataset(_Strict):
    """One file, or all files that match a pattern, for one raw table."""

    file: str
    table: Name
    format: Format = Format.DELIMITED
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    skip_rows: int = Field(default=0, ge=0, le=1000)  # lines above the header
    sheet: Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = ()
    required: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    renumbered: tuple[str, ...] = ()  # numbers of records that mean something else in each version
    columns: dict[str, tuple[str, ...]] = {}
    hold: Limits = Limits()
    schema_evolution: SchemaEvolution = SchemaEvolution.ADD_NEW_COLUMNS
    vanished_rows: VanishedRows = VanishedRows.KEPT
    max_bytes: int = Field(default=8 << 30, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _no_null_values(cls, value: object) -> object:
        if isinstance(value, dict) and "null_values" in value:
            raise ValueError("null_values is no setting: raw keeps the text, and the models decide what is null")
        return value

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str) -> str:
        if not value or PurePosixPath(value).is_absolute() or ".." in PurePosixPath(value).parts:
            raise ValueError("must be a file name or pattern below the source's folder")
        if any("**" in part and part != "**" for part in value.split("/")):
            raise ValueError("** stands for folders, and so between slashes: **/*.csv")
        return value

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, value: str) -> str:
        if value in '"\r\n' or not value.isascii():
            raise ValueError("must be one ASCII character other than a quote or a line end")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            known = codecs.lookup(value)
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding {value!r}") from None
        if not known._is_text_encoding:  # "base64" and others make bytes of bytes
            raise ValueError(f"{value!r} is no encoding of text")
        return known.name

    @field_validator("key")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for name in value:
            if (column := name.strip().lower().replace(" ", "_")) in seen:
                raise ValueError(f"names the column {name!r} twice")
            seen.add(column)
        return value

    @field_validator("hold")
    @classmethod
    def _shares(cls, value: Limits) -> Limits:
        for name in value.model_fields_set - {"new", "at_least"}:  # more than all may be new
            if 1 < (limit := getattr(value, name)) < OFF:
                raise ValueError(f"{name} is a share of 1, and {limit:g} more than all: for 20% write 0.2")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Dataset:
        other = [name for name in ("format", "delimiter", "encoding", "skip_rows") if name in self.model_fields_set]
        if self.sheet and other:
            raise ValueError(f"{other[0]} does not go with sheet: a workbook has none")
        if self.sheet and all(name.startswith("!") for name in self.sheet):
            raise ValueError("sheet names no sheet to read, only some to leave out (!)")
        if self.sheet and not self.needed:
            raise ValueError("sheet needs required or key: by these columns the header is found")
        if self.format is Format.NDJSON and self.model_fields_set & {"delimiter", "skip_rows"}:
            raise ValueError("delimiter and skip_rows do not go with format: ndjson")
        if both := set(self.key) & set(self.renumbered):
            raise ValueError(f"{min(both)} cannot be in key and renumbered: records are found again by the key")
        return self

    @property
    def limits(self) -> Limits:
        """What ``hold`` sets, and for the rest the defaults of a full copy or of a list that grows."""
        written = self.hold.model_dump(include=self.hold.model_fields_set)
        return Limits(**(({} if self.is_full_copy else _OF_A_LIST) | written))

    @property
    def spellings(self) -> dict[str, str]:
        """Other spellings, in lower case, with the column that each stands for."""
        return {other.lower(): name for name, others in self.columns.items() for other in others}

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which a file is refused: those that are required, and those of the key."""
        return tuple(dict.fromkeys([*self.required, *self.key]))

    @property
    def is_full_copy(self) -> bool:
        """Whether each version of a file has all records, and not only what is new."""
        return self.vanished_rows is VanishedRows.DELETED

    @property
    def is_pattern(self) -> bool:
        return any(sign in self.file for sign in "*?[")

    def matches(self, name: str) -> bool:
        """Whether ``name``, relative to the source's folder, belongs here. ``*`` does not cross a ``/``, and ``**``
        stands for any number of folders."""
        parts = name.split("/")
        reached = {0}  # how many of the parts may be taken by the pattern's parts so far
        for part in self.glob.split("/"):
            if part == "**":
                reached = set(range(min(reached), len(parts)))
            else:
                reached = {at + 1 for at in reached if at < len(parts) and fnmatch.fnmatchcase(parts[at], part)}
            if not reached:
                return False
        return len(parts) in reached

    @property
    def glob(self) -> str:
        """The pattern as ``Path.glob`` takes it, which finds files only where a file's name is asked for."""
        return f"{self.file}/*" if PurePosixPath(self.file).name == "**" else self.file

    @property
    def fixed(self) -> str:
        """The folder that all files of a pattern lie in or below; empty for that of the source."""
        folders = self.glob.split("/")[:-1]
        return "/".join(takewhile(lambda part: not any(sign in part for sign in "*?["), folders))

    @property
    def is_deep(self) -> bool:
        """Whether files of a pattern may lie in several folders."""
        return self.fixed.count("/") + bool(self.fixed) < self.glob.count("/")

    @property
    def checks(self) -> str:
        """A fingerprint of what decides whether a file is refused; a refused file is tried again when it changes."""
        checks = self.model_dump(mode="json", include={"delimiter", "schema_evolution", "max_bytes"})
        checks["required"] = self.needed
        if self.columns:
            checks["columns"] = self.columns
        reading = {"format", "encoding", "skip_rows", "sheet"}
        checks |= self.model_dump(mode="json", include=reading, exclude_defaults=True)
        return hashlib.sha256(json.dumps(checks, sort_keys=True).encode()).hexdigest()[:12]


class Source(_Strict):
    """Where files come from: exactly one of ``repository`` (GitHub), ``path`` (a local folder, or a
    folder in an object store) and ``url`` (HTTPS)."""

    repository: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    ref: str | None = None
    path: str | None = None
    url: str | None = None
    folder: str = ""
    stale_after_days: int | None = Field(default=None, gt=0)
    formerly: tuple[Name, ...] | None = None
    redirects: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    optional: bool = False  # its folder, in a local copy (--from) or its own, may be missing
    instead_of: Name | None = None  # the source that has the same in another layout; a lake has files of one of them
    datasets: tuple[Dataset, ...] = Field(min_length=1)

    @field_validator("path")
    @classmethod
    def _place(cls, value: str | None) -> str | None:
        if problem := value and "://" in value and problem_of_store(value):
            raise ValueError(problem)
        return value

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if problem := value and problem_of_address(value):
            raise ValueError(problem)
        return value

    @field_validator("folder")
    @classmethod
    def _plain(cls, value: str) -> str:
        if ".." in PurePosixPath(value).parts:
            raise ValueError("must be a folder inside the source")
        return value.strip("/")

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if sum(place is not None for place in (self.repository, self.path, self.url)) != 1:
            raise ValueError("needs exactly one of: repository, path, url")
        if self.ref and not self.repository:
            raise ValueError("ref goes with repository only")
        if self.url:
            for dataset in self.datasets:
                if dataset.is_pattern:
                    raise ValueError(f"a url source cannot list files, so {dataset.file!r} must be a plain file name")
        return self

    @property
    def is_store(self) -> bool:
        return self.path is not None and "://" in self.path

    def path_of(self, name: str) -> str:
        """The path within the source, as the ledger has it, of a file that lies at ``name`` below the folder."""
        return f"{self.folder}/{name}".lstrip("/")

    def names(self, path: str, table: str) -> bool:
        """Whether a file at ``path`` within the source is of a dataset, and that of the raw table."""
        below = self.path_of("")
        dataset = self.dataset_of(path.removeprefix(below)) if path.startswith(below) else None
        return dataset is not None and dataset.table == table

    def dataset_of(self, name: str) -> Dataset | None:
        """The first dataset that a file (relative to the folder) belongs to."""
        return next((dataset for dataset in self.datasets if dataset.matches(name)), None)


class Config(_Strict):
    sources: dict[Name, Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_name_each(self) -> Config:
        names = [old for source in self.sources.values() for old in source.formerly or ()]
        for name in names:
            if name in self.sources:
                raise ValueError(f"formerly: {name} is the name of a source that is still there")
            if names.count(name) > 1:
                raise ValueError(f"formerly: {name} was the name of one source only")
        for name, source in self.sources.items():
            if source.instead_of and (source.instead_of == name or source.instead_of not in self.sources):
                raise ValueError(f"{name}: instead_of: {source.instead_of} is no other source")
        return self

    @property
    def renamed(self) -> dict[str, str]:
        """Former names of sources with the present ones."""
        return {old: name for name, source in self.sources.items() for old in source.formerly or ()}

    def layouts_beside(self, name: str) -> dict[str, Source]:
        """The sources that have the same as another one in other layouts, by name."""
        first = self.sources[name].instead_of or name
        return {
            other: source
            for other, source in self.sources.items()
            if other != name and first in (other, source.instead_of)
        }

    def dataset_of(self, source: str, path: str) -> Dataset | None:
        """The dataset of a file by its path in the ledger; None where the configuration has no such source or file."""
        of = self.sources.get(source)
        if of is None:
            return None
        paths = [path, path.removeprefix(f"{source}/")]  # another source may have had the path first
        found = (of.dataset_of(name.removeprefix(of.path_of(""))) for name in paths)
        return next((dataset for dataset in found if dataset), None)


def problem_of_address(url: str) -> str | None:
    """What is wrong with an address that a person gave; without the address, which may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a valid address"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an address that starts with https://"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or a password"
    return None


def problem_of_store(url: str) -> str | None:
    """What is wrong with the address of a folder in an object store; without the address, as above."""
    scheme, _, place = url.partition("://")
    bucket, *folders = place.rstrip("/").split("/")
    if scheme in INSTEAD:
        return f"must start with {INSTEAD[scheme]}://"
    if scheme not in SCHEMES:
        return "must be a folder, or an address that starts with s3://, gs://, az:// or abfss://"
    if "?" in place or "#" in place:
        return "must not hold a ? or #; credentials come from the environment"
    if scheme == "abfss" and not re.fullmatch(r"[a-z0-9$-]+@[a-z0-9]+(\.[a-z0-9-]+)+", bucket):
        return "must begin like abfss://container@account.dfs.core.windows.net"
    if scheme != "abfss" and not re.fullmatch(r"[A-Za-z0-9$_.-]+", bucket):
        return f"must name a bucket or container after {scheme}://"
    if {"", ".", ".."} & set(folders) or not place.isprintable():
        return "must not hold an empty part, . or .., or what cannot be shown"
    return None


class _Loader(yaml.SafeLoader):
    """YAML in which no key stands twice in a mapping: the first would be lost without a word."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is here for the second time", problem_mark=key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return node


def load(path: Path) -> Config:
    """Read and validate a configuration file.

    Raises:
        ConfigurationError: with the file, the place in it and what is wrong.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; give another file with --config") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, a number or a day that cannot be
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigurationError(f"{path}{place}: {problem}") from None
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        # A name that is none is why another one is missing.
        first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
        place = ".".join(str(part) for part in first["loc"] if part != "[key]") or "top level"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            known = {name for model in (Config, Source, Dataset, Limits) for name in model.model_fields}
            close = get_close_matches(str(first["loc"][-1]), known, 1)
            message = "there is no such setting" + (f"; did you mean {close[0]}?" if close else "")
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ConfigurationError(f"{path}: {place}: {message}{more}") from None
