"""A server that stands before another one and changes what that answers, down to the bytes."""

from __future__ import annotations

import http.client
import json
import re
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.support.servers import in_thread


@dataclass(frozen=True)
class Change:
    """What happens to the answers at one address: the ``at``-th that was asked for. ``place`` chooses among the parts
    of the answer, as often as there are some; ``once``: only the first answer is changed."""

    what: str  # a method of ``Answer``
    at: int
    place: int
    value: object
    once: bool = False


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut: int | None = None  # bytes after which the connection is closed

    def json(self, place: int, value: object) -> None:
        """Put the value in the place of a part of the JSON; ``...`` removes the part, and a type doubles it."""
        try:
            tree = json.loads(self.body)
        except ValueError:
            return self.spot(place, value)
        value = value.decode("latin-1") if isinstance(value, bytes) else value
        holders = [(holder, key) for holder in _holders(tree) for key in _keys(holder)]
        if not holders:
            self.body = json.dumps(value if value is not ... else None).encode()
            return None
        holder, key = holders[place % len(holders)]
        if value is ...:
            del holder[key]
        elif value is list:
            holder[key] = [holder[key], holder[key]]
            if isinstance(holder, list):
                holder.insert(key, holder[key][0])
        else:
            holder[key] = value
        self.body = json.dumps(tree).encode()
        return None

    def text(self, place: int, value: object) -> None:
        """Put the value between two tags of XML."""
        spans = list(re.finditer(b">[^<>]*<", self.body))
        if not spans:
            return self.spot(place, value)
        span = spans[place % len(spans)]
        self.body = self.body[: span.start() + 1] + _plain(value) + self.body[span.end() - 1 :]
        return None

    def spot(self, place: int, value: object) -> None:
        """Put the value in the place of up to 9 bytes."""
        at = place % (len(self.body) + 1)
        self.body = self.body[:at] + _plain(value) + self.body[at + place % 10 :]

    def whole(self, place: int, value: object) -> None:
        self.body = _plain(value)

    def header(self, place: int, value: object) -> None:
        name = HEADERS[place % len(HEADERS)]
        if place % 2 or value is ...:
            self.headers = [(other, text) for other, text in self.headers if other.lower() != name.lower()]
        if value is not ...:
            self.headers.append((name, _plain(value).decode("latin-1")))

    def answered(self, place: int, value: object) -> None:
        self.status = STATUSES[place % len(STATUSES)]
        if value is not ...:
            self.header(place, value)

    def redirected(self, place: int, value: object) -> None:
        self.status = REDIRECTS[place % len(REDIRECTS)]
        self.header(HEADERS.index("Location"), value)

    def cut_off(self, place: int, value: object) -> None:
        self.cut = place % (len(self.body) + 200)

    def sent(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {text}" for name, text in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + self.body


HEADERS = (
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Content-Encoding",
    "Location",
    "Transfer-Encoding",
    "Link",
    "Retry-After",
    "X-RateLimit-Reset",
    "X-RateLimit-Remaining",
    "Content-Range",
    "Content-Type",
    "Set-Cookie",
    "WWW-Authenticate",
)
REDIRECTS = (301, 302, 303, 307, 308)
STATUSES = (100, 200, 201, 204, 206, 300, 304, 400, 401, 403, 404, 412, 416, 429, 500, 503, 600, 999)


class Between(socketserver.ThreadingTCPServer):
    """Stands before the server at ``url``; forget() before each conversation."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = ""
        self.changes: Sequence[Change] = ()
        self.addresses: list[str] = []
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def own_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def forget(self, changes: Sequence[Change] = ()) -> None:
        self.addresses.clear()
        self.changes = changes

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that have gone are no error here."""

    def changed(self, path: str, answer: Answer) -> Answer:
        with self.lock:
            first = path not in self.addresses
            if first:
                self.addresses.append(path)
            at = self.addresses.index(path)
        for change in self.changes:
            if change.at == at and (first or not change.once):
                getattr(answer, change.what)(change.place, change.value)
        return answer


class _Handler(socketserver.StreamRequestHandler):
    server: Between

    def handle(self) -> None:
        line = self.rfile.readline().decode("latin-1")
        method, path, _ = line.split(" ", 2)
        headers = dict(found.decode("latin-1").rstrip().split(": ", 1) for found in iter(self.rfile.readline, b"\r\n"))
        self.server.asked.append(f"{method} {path} {headers}")
        there = http.client.HTTPConnection(urlsplit(self.server.url).netloc)
        there.request(method, path, headers={name: text for name, text in headers.items() if name.lower() != "host"})
        found = there.getresponse()
        own = [(name, text) for name, text in found.getheaders() if name.lower() not in ("connection", "date")]
        body = found.read().replace(self.server.url.encode(), self.server.own_url.encode())
        own = [(name, text.replace(self.server.url, self.server.own_url)) for name, text in own]
        length = next((text for name, text in own if name.lower() == "content-length"), "")
        there.close()
        answer = self.server.changed(path, Answer(found.status, own, body))
        if ("Content-Length", length) in answer.headers and method != "HEAD" and answer.cut is None:
            answer.headers.remove(("Content-Length", length))
            answer.headers.append(("Content-Length", str(len(answer.body))))
        answer.headers.append(("Connection", "close"))
        self.wfile.write(answer.sent()[: answer.cut])


def _plain(value: object) -> bytes:
    if value is ... or isinstance(value, type):
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _holders(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict | list):
        yield tree
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _holders(part)


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


@contextmanager
def standing_before(url: str) -> Iterator[Between]:
    server = Between()
    server.url = url
    with in_thread(server):
        yield server
