"""A server that speaks as much S3 and Azure as a listing and a download need, with the answers that a test gives it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.servers import in_thread


class Answers:
    """The objects of a bucket, and how it answers in place of them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failure: tuple[int, str] | None = None
        self.modified = "2024-01-01T00:00:00Z"
        self.asked: list[str] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        query = parse_qs(url.query)
        self.asked.append(f"{handler.command} {handler.path}")
        prefix = query.get("prefix", [""])[0]
        listed = {key: content for key, content in self.objects.items() if key.startswith(prefix)}
        status, body = 200, b""
        if self.failure:
            status, body = self.failure[0], self.failure[1].encode()
        elif "list-type" in query:
            found = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{self.modified}</LastModified>"
                f"<ETag>&quot;{_tag(content)}&quot;</ETag><Size>{len(content)}</Size></Contents>"
                for key, content in listed.items()
            )
            body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
        elif query.get("comp") == ["list"]:
            found = "".join(
                f"<Blob><Name>{escape(key)}</Name><Properties>"
                "<Last-Modified>Mon, 01 Jan 2024 00:00:00 GMT</Last-Modified>"
                f"<Content-Length>{len(content)}</Content-Length><Content-Type>text/csv</Content-Type>"
                f"<Etag>{_tag(content)}</Etag></Properties></Blob>"
                for key, content in listed.items()
            )
            body = f"<EnumerationResults><Blobs>{found}</Blobs><NextMarker /></EnumerationResults>".encode()
        elif (content := self.objects.get(unquote(url.path).removeprefix("/bucket/"))) is not None:
            body = content
        else:
            status = 404
        handler.send_response(status)
        handler.send_header("ETag", f'"{_tag(body)}"')
        handler.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            with suppress(ConnectionError):  # of a client that does not wait for it
                handler.wfile.write(body)


def _tag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@contextmanager
def serving(answers: Answers) -> Iterator[tuple[Answers, int]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.answer(self)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_thread(server):
        yield answers, server.server_port
