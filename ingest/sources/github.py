"""A folder of a GitHub repository as a source, through the REST API and raw downloads."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from ingest.config import Source, problem_of_address
from ingest.errors import ConfigurationError, OutOfReach, printable
from ingest.sources.cache import CachedResponse, ResponseCache
from ingest.sources.http import Client, RetryPolicy, tag_of
from ingest.sources.listing import LINK, UNSAFE, Entry, Listing, Origin, now, unsafe

_API = "https://api.github.com"
_RAW = "https://raw.githubusercontent.com"
_JSON = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGES = 10_000  # of 100 commits; no file has had as many
_PROBLEMS = {"120000": LINK, "160000": "is a submodule"}
T = TypeVar("T")


# --- the API's responses, as far as they are used ---


def _sha(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", text):
        raise ValueError("is not a SHA of 40 or 64 lower-case hexadecimal digits")
    return text


def _in_range(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 9999:
        raise ValueError("is not a time between 1970 and 9998")
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


_Sha = Annotated[str, AfterValidator(_sha)]


class _Response(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Item(_Response):
    path: str = Field(min_length=1)
    type: str
    mode: str
    sha: _Sha
    size: int = Field(default=0, ge=0, lt=1 << 63)


class _Tree(_Response):
    tree: list[_Item]
    truncated: bool = False

    @field_validator("tree")
    @classmethod
    def _once(cls, tree: list[_Item]) -> list[_Item]:
        if len({item.path for item in tree}) < len(tree):
            raise ValueError("has a path twice")
        return tree


class _Committer(_Response):
    date: Annotated[datetime, AfterValidator(_in_range)]


class _Details(_Response):
    committer: _Committer


class _Commit(_Response):
    sha: _Sha
    commit: _Details

    @property
    def origin(self) -> Origin:
        """The commit's identity and its committer's time."""
        return Origin(self.sha, self.commit.committer.date)


_TREE = TypeAdapter(_Tree)
_COMMITS = TypeAdapter(list[_Commit])


@dataclass(frozen=True)
class Server:
    """Where GitHub is, from the environment. ``raw_url`` is null on a server that is known by its API alone."""

    api_url: str
    raw_url: str | None
    token: str | None

    @staticmethod
    def from_environment() -> Server:
        api = os.environ.get("GITHUB_API_URL", "").rstrip("/") or _API
        raw = os.environ.get("GITHUB_RAW_URL", "").rstrip("/") or (_RAW if api == _API else None)
        for name, url in (("GITHUB_API_URL", api), ("GITHUB_RAW_URL", raw)):
            if problem := url and problem_of_address(url):
                raise ConfigurationError(f"{name} {problem}")
        token = os.environ.get("GITHUB_TOKEN", "").strip() or None
        if token and not re.fullmatch("[!-~]+", token):
            raise ConfigurationError(
                "GITHUB_TOKEN holds a line break, a space or another character that no token has; set it again"
            )
        return Server(api, raw, token)


class GitHub:
    """The files of ``source.folder`` at one commit: the newest of ``source.ref``, pinned when it is first needed."""

    def __init__(self, server: Server, source: Source, retries: RetryPolicy, responses: ResponseCache) -> None:
        assert source.repository is not None
        self._source = source
        self._server = server
        self._name = f"GitHub {source.repository}"
        self._repository = f"{server.api_url}/repos/{source.repository}"
        self._api = Client(self._name, retries, server.token, source.redirects)
        self._raw = Client(self._name, retries, redirects=source.redirects)
        self._responses = responses
        self._head = ""
        self._at: dict[str, tuple[Entry, ...]] = {}

    def listing(self) -> Listing:
        taken_at = now()
        self._head = self._newest_commit()
        entries = self._entries_at(self._head)
        if entries is None:
            raise ConfigurationError(
                f"{self._name} has no folder {self._source.folder!r} at commit {self._head[:7]};"
                " correct `folder` in the configuration"
            )
        self._responses.save()
        return Listing(entries, taken_at)

    def history(self, path: str, since: datetime | None) -> list[Origin]:
        params = {"sha": self._head or self._newest_commit(), "path": path, "per_page": "100"}
        if since:
            params["since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        url: str | None = f"{self._repository}/commits"
        pages: set[str] = set()
        found: list[Origin] = []
        while url:
            if url in pages or len(pages) == _PAGES:
                raise OutOfReach(f"{self._name}: the list of commits of {printable(path)} has no end; run again later")
            pages.add(url)
            response = self._api.get(url, params=params, headers=_JSON)
            found += [commit.origin for commit in self._parsed(_COMMITS, response.content)]
            url, params = response.links.get("next", {}).get("url"), {}
            if url and not url.startswith(f"{self._server.api_url}/"):
                raise OutOfReach(f"{self._name}: the list of commits goes on at another server, {url}")
        return found[::-1]

    def entry_at(self, path: str, commit: str) -> Entry | None:
        if commit not in self._at:
            self._at[commit] = self._entries_at(commit) or ()
        return next((entry for entry in self._at[commit] if entry.path == path), None)

    def _entries_at(self, commit: str) -> tuple[Entry, ...] | None:
        """The files of the folder as of one commit; None where there is no such folder."""
        tree = commit
        for part in self._source.folder.split("/") if self._source.folder else []:
            found = [item for item in self._tree(tree) if item.path == part and item.type == "tree"]
            if not found:
                return None
            tree = found[0].sha
        deep = any("/" in dataset.file or dataset.is_deep for dataset in self._source.datasets)
        return tuple(self._entry(item, commit) for item in self._tree(tree, deep) if item.type != "tree")

    def origin(self, entry: Entry) -> Origin:
        params = {"sha": entry.commit or self._head, "path": self._source.path_of(entry.name), "per_page": "1"}
        response = self._api.get(f"{self._repository}/commits", params=params, headers=_JSON)
        found = self._parsed(_COMMITS, response.content)
        if not found:
            raise OutOfReach(f"{self._name} names no commit for {entry.path}; run again later")
        return found[0].origin

    def fetch(self, entry: Entry, scratch: Path) -> tuple[Entry, Path]:
        into = scratch / "content"
        got = None
        if self._server.raw_url:
            path = f"{self._source.repository}/{entry.commit or self._head}/{quote(entry.path)}"
            got = self._raw.download(f"{self._server.raw_url}/{path}", into, entry.size, entry.sha)
        if got is None and (self._server.token or not self._server.raw_url):  # private, or known by its API alone
            headers = {**_JSON, "Accept": "application/vnd.github.raw+json"}
            blob = f"{self._repository}/git/blobs/{entry.sha}"
            got = self._api.download(blob, into, entry.size, entry.sha, headers=headers)
        if got is None:
            raise OutOfReach(f"{self._name}: {entry.path} is listed but cannot be downloaded (404)")
        return entry, got

    def _newest_commit(self) -> str:
        params = {"per_page": "1"} | ({"sha": self._source.ref} if self._source.ref else {})
        found = self._json(_COMMITS, f"{self._repository}/commits", params)
        if not found:
            raise OutOfReach(f"{self._name} has no commit")
        return found[0].sha

    def _tree(self, sha: str, deep: bool = False) -> list[_Item]:
        tree = self._json(_TREE, f"{self._repository}/git/trees/{sha}", {"recursive": "1"} if deep else {})
        if tree.truncated:
            raise ConfigurationError(
                f"{self._name} has too many files in {self._source.folder!r} for one listing;"
                " point `folder` deeper into the repository"
            )
        return tree.tree

    def _entry(self, item: _Item, commit: str) -> Entry:
        return Entry(
            name=item.path,
            path=printable(self._source.path_of(item.path)),
            sha=item.sha,
            size=item.size,
            commit=commit,
            problem=UNSAFE if unsafe(item.path) else _PROBLEMS.get(item.mode),
        )

    def _json(self, kind: TypeAdapter[T], url: str, params: dict[str, str]) -> T:
        """A response of the API, asked for on condition that it has changed since the last one."""
        address = f"{url}?{urlencode(params)}"
        known = self._responses.get(address)
        headers = _JSON | ({"If-None-Match": known.tag} if known else {})
        response = self._api.get(url, params=params, headers=headers)
        if response.status_code == 304 and known:
            return self._parsed(kind, known.body.encode())
        content = self._parsed(kind, response.content)
        if tag := tag_of(response):
            self._responses.put(address, CachedResponse(tag, response.content.decode()))
        return content

    def _parsed(self, kind: TypeAdapter[T], content: bytes) -> T:
        try:
            return kind.validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "".join(f"{part}: " for part in [".".join(map(str, first["loc"]))] if part)
            message = first["msg"].removeprefix("Value error, ")
            raise OutOfReach(f"{self._name}: the API's answer cannot be used: {place}{message[:200]}") from None
