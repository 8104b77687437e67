"""A folder of a GitHub repository as a source, through the REST API and raw downloads."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import requests

from ingest.answers import Answer, Answers
from ingest.config import Source
from ingest.errors import ConfigurationError, OutOfReach
from ingest.http import Client, Patience
from ingest.listing import Entry, Listing, Origin, now, unsafe

_API = "https://api.github.com"
_RAW = "https://raw.githubusercontent.com"
_JSON = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PROBLEMS = {"120000": "is a symbolic link", "160000": "is a submodule"}


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
            if url and not url.startswith(("https://", "http://")):
                raise ConfigurationError(f"{name} must start with https://, but is {url!r}")
        return Server(api, raw, os.environ.get("GITHUB_TOKEN", "").strip() or None)


class GitHub:
    """The files of ``source.folder`` at one commit: the newest of ``source.ref``, pinned when it is first needed."""

    def __init__(self, server: Server, source: Source, patience: Patience, answers: Answers) -> None:
        assert source.repository is not None
        self._source = source
        self._server = server
        self._name = f"GitHub {source.repository}"
        self._repository = f"{server.api_url}/repos/{source.repository}"
        self._api = Client(self._name, patience, server.token)
        self._raw = Client(self._name, patience)
        self._answers = answers
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
        self._answers.save()
        return Listing(entries, taken_at)

    def history(self, path: str, since: datetime | None) -> list[Origin]:
        params = {"sha": self._head or self._newest_commit(), "path": path, "per_page": "100"}
        if since:
            params["since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        url: str | None = f"{self._repository}/commits"
        found: list[Origin] = []
        while url:
            response = self._api.get(url, params=params, headers=_JSON)
            found += [_origin(commit) for commit in self._parsed(response)]
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
            found = [item for item in self._tree(tree) if item["path"] == part and item["type"] == "tree"]
            if not found:
                return None
            tree = found[0]["sha"]
        deep = any("/" in dataset.file for dataset in self._source.datasets)
        return tuple(self._entry(item, commit) for item in self._tree(tree, deep) if item["type"] != "tree")

    def origin(self, entry: Entry) -> Origin:
        params = {"sha": entry.commit or self._head, "path": entry.path, "per_page": "1"}
        found = self._parsed(self._api.get(f"{self._repository}/commits", params=params, headers=_JSON))
        if not found:
            raise OutOfReach(f"{self._name} names no commit for {entry.path}; run again later")
        return _origin(found[0])

    def fetch(self, entry: Entry, scratch: Path) -> Path:
        into = scratch / entry.sha
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
        return got

    def _newest_commit(self) -> str:
        params = {"per_page": "1"} | ({"sha": self._source.ref} if self._source.ref else {})
        found = self._json(f"{self._repository}/commits", params)
        if not found:
            raise OutOfReach(f"{self._name} has no commit")
        return str(found[0]["sha"])

    def _tree(self, sha: str, deep: bool = False) -> list[dict[str, Any]]:
        answer = self._json(f"{self._repository}/git/trees/{sha}", {"recursive": "1"} if deep else {})
        if answer.get("truncated"):
            raise ConfigurationError(
                f"{self._name} has too many files in {self._source.folder!r} for one listing;"
                " point `folder` deeper into the repository"
            )
        return list(answer["tree"])

    def _entry(self, item: dict[str, Any], commit: str) -> Entry:
        name = str(item["path"])
        problem = _PROBLEMS.get(str(item.get("mode")))
        if unsafe(name):
            problem = "has a name that leaves its folder or is not printable"
        return Entry(
            name=name,
            path=f"{self._source.folder}/{name}".lstrip("/"),
            sha=str(item["sha"]),
            size=int(item.get("size") or 0),
            commit=commit,
            problem=problem,
        )

    def _json(self, url: str, params: dict[str, str]) -> Any:
        """An answer of the API, asked for on condition that it has changed since it was last given."""
        address = f"{url}?{urlencode(params)}"
        known = self._answers.get(address)
        headers = _JSON | ({"If-None-Match": known.tag} if known else {})
        response = self._api.get(url, params=params, headers=headers)
        if response.status_code == 304 and known:
            return json.loads(known.body)
        content = self._parsed(response)
        if "ETag" in response.headers:
            self._answers.put(address, Answer(response.headers["ETag"], response.text))
        return content

    def _parsed(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except requests.JSONDecodeError:
            raise OutOfReach(f"{self._name}: the API answered something other than JSON") from None


def _origin(commit: dict[str, Any]) -> Origin:
    """The commit's identity and its committer's time, as the commits API gives them."""
    moment = datetime.fromisoformat(str(commit["commit"]["committer"]["date"]))
    return Origin(str(commit["sha"]), moment.astimezone(UTC))
