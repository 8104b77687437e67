"""A small HTTP server that speaks the part of GitHub's REST API that ingest uses, over a history in memory.

It can misbehave: ``server.fault`` is asked before each answer and may name a fault, and ``server.edit`` may change what
it answers. It also serves as a proxy for http, in so far as it takes every host's addresses for its own.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.servers import in_thread

MODES = {"file": "100644", "symlink": "120000", "submodule": "160000"}


def blob_sha(content: bytes) -> str:
    """Git's object name of a file's content, written down independently of the code under test."""
    return hashlib.sha1(f"blob {len(content)}".encode() + b"\x00" + content).hexdigest()


@dataclass(frozen=True)
class Commit:
    sha: str
    at: datetime
    files: dict[str, bytes]
    touched: frozenset[str]
    kinds: dict[str, str]


@dataclass
class Repository:
    """Commits, oldest first. ``commit`` adds one: ``files`` maps paths to contents, None removes a path."""

    commits: list[Commit] = field(default_factory=list)

    def commit(
        self,
        files: Mapping[str, bytes | None],
        at: datetime | None = None,
        sha: str | None = None,
        kinds: dict[str, str] | None = None,
    ) -> Commit:
        before = self.commits[-1].files if self.commits else {}
        after = {path: content for path, content in {**before, **files}.items() if content is not None}
        touched = frozenset(path for path in before | after if before.get(path) != after.get(path)) | frozenset(
            kinds or {}
        )
        at = at or datetime(2024, 1, 1 + len(self.commits) // 24, len(self.commits) % 24, tzinfo=UTC)
        sha = sha or hashlib.sha1(f"{len(self.commits)} {at} {sorted(touched)}".encode()).hexdigest()
        all_kinds = (self.commits[-1].kinds if self.commits else {}) | (kinds or {})
        self.commits.append(Commit(sha, at, after, touched, all_kinds))
        return self.commits[-1]

    def at(self, sha: str) -> Commit | None:
        return next((commit for commit in self.commits if commit.sha == sha), None)


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int


Fault = tuple[str, int, dict[str, str]]  # what, HTTP status, headers


class GitHubServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.fault: Callable[[str], Fault | None] = lambda path: None
        self.edit: Callable[[str, bytes], bytes] = lambda path, body: body
        self.headers: dict[str, str] = {}
        self.page_size = 100
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that have gone are no error here."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api_calls(self) -> list[Request]:
        return [request for request in self.requests if request.path.startswith("/repos/")]

    @property
    def downloads(self) -> list[Request]:
        return [request for request in self.requests if request.path.startswith("/raw/")]

    @property
    def environment(self) -> dict[str, str]:
        return {"GITHUB_API_URL": self.url, "GITHUB_RAW_URL": f"{self.url}/raw"}


class _Handler(BaseHTTPRequestHandler):
    server: GitHubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self.server.lock:
            fault = self.server.fault(path)
        if fault and fault[0] == "status":
            return self._answer(path, query, fault[1], self.server.edit(path, b'{"message": "fault"}'), fault[2])
        try:
            status, body, headers = self._content(path, query)
        except KeyError:
            status, body, headers = 404, b'{"message": "Not Found"}', {}
        body = self.server.edit(path, body)
        tag = f'W/"{hashlib.sha1(body).hexdigest()}"'
        if status == 200:
            headers["ETag"] = tag
            if self.headers.get("If-None-Match") == tag:
                status, body = 304, b""
        self._answer(path, query, status, body, headers, fault[0] if fault else "")

    def _answer(
        self, path: str, query: dict[str, str], status: int, body: bytes, headers: dict[str, str], fault: str = ""
    ) -> None:
        with self.server.lock:
            self.server.requests.append(Request(path, query, dict(self.headers.items()), status))
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
            return
        length = len(body)
        if fault == "truncate":
            body = body[: len(body) // 2]
        if fault == "wrong bytes":
            body = bytes(len(body))
        if fault == "short":
            body = body[:-1]
            length = len(body)
        self.send_response(status)
        for name, value in (headers | self.server.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for at in range(0, len(body), piece := 1 << 18 if fault == "slow" else len(body) or 1):
            if at:
                time.sleep(1)
            self.wfile.write(body[at : at + piece])
        if fault == "truncate":
            self.close_connection = True
            self.wfile.flush()
            self.connection.close()

    def _content(self, path: str, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        first, owner, name, *rest = path.strip("/").split("/")
        repository = self.server.repositories[f"{owner}/{name}"]
        if first == "raw":
            commit = repository.at(rest[0])
            if commit is None:
                raise KeyError(rest[0])
            return 200, commit.files["/".join(rest[1:])], {}
        if rest == ["commits"]:
            return self._commits(repository, query)
        if rest[:2] == ["git", "trees"]:
            return 200, json.dumps(self._tree(repository, rest[2], "recursive" in query)).encode(), {}
        if rest[:2] == ["git", "blobs"]:
            for commit in repository.commits:
                for content in commit.files.values():
                    if blob_sha(content) == rest[2]:
                        return 200, content, {}
        raise KeyError(path)

    def _commits(self, repository: Repository, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        last = len(repository.commits)
        if query.get("sha", "main") != "main":
            last = repository.commits.index(repository.at(query["sha"]) or repository.commits[-1]) + 1
        wanted = query.get("path", "")
        since = datetime.fromisoformat(query["since"]) if "since" in query else None
        found = [
            {
                "sha": commit.sha,
                "commit": {"committer": {"date": commit.at.strftime("%Y-%m-%dT%H:%M:%SZ")}},
            }
            for commit in reversed(repository.commits[:last])
            if (not wanted or any(path == wanted or path.startswith(f"{wanted}/") for path in commit.touched))
            and (since is None or commit.at >= since)
        ]
        size = min(int(query.get("per_page", "30")), self.server.page_size)
        page = int(query.get("page", "1"))
        headers = {}
        if len(found) > page * size:
            link = f"{self.server.url}{urlsplit(self.path).path}?" + "&".join(
                f"{key}={value}" for key, value in (query | {"page": str(page + 1)}).items()
            )
            headers["Link"] = f'<{link}>; rel="next", <{link}>; rel="last"'
        return 200, json.dumps(found[(page - 1) * size : page * size]).encode(), headers

    def _tree(self, repository: Repository, sha: str, recursive: bool) -> dict[str, object]:
        """``sha`` is a commit's, or ``<commit>`` and a folder hashed together, as trigger out before."""
        folder, commit = "", repository.at(sha)
        if commit is None:
            commit, folder = next(
                (commit, folder)
                for commit in repository.commits
                for folder in {path[:at] for path in commit.files for at in range(len(path)) if path[at] == "/"}
                if _folder_sha(commit, folder) == sha
            )
        prefix = f"{folder}/" if folder else ""
        items: dict[str, dict[str, object]] = {}
        for path, content in commit.files.items():
            if not path.startswith(prefix):
                continue
            name = path[len(prefix) :]
            if "/" in name and ".." not in name:
                top = name.split("/")[0]
                items[top] = {"path": top, "type": "tree", "mode": "040000", "sha": _folder_sha(commit, prefix + top)}
                if not recursive:
                    continue
            kind = commit.kinds.get(path, "file")
            items[name] = {
                "path": name,
                "type": "commit" if kind == "submodule" else "blob",
                "mode": MODES[kind],
                "sha": blob_sha(content),
                "size": len(content),
            }
        return {"sha": sha, "tree": list(items.values()), "truncated": False}


def _folder_sha(commit: Commit, folder: str) -> str:
    return hashlib.sha1(f"{commit.sha} {folder}".encode()).hexdigest()


@contextmanager
def running() -> Iterator[GitHubServer]:
    server = GitHubServer()
    with in_thread(server):
        yield server
