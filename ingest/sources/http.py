"""HTTP with one set of retry rules for everything that is fetched."""

from __future__ import annotations

import email.utils
import http.client
import ipaddress
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import tenacity
import urllib3

from ingest.errors import OutOfReach, Refused
from ingest.sources.listing import blob_hash, blob_sha

ATTEMPTS = 6
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two packets
SECONDARY_PAUSE = 60.0  # seconds; what GitHub asks for at a secondary rate limit, and twice that the next time
_CENTURY = 100 * 366 * 86400.0  # seconds; no wait that a server asks for is longer than that
_BACKOFF = tenacity.wait_random_exponential(multiplier=0.25, max=8)

T = TypeVar("T")


class _Again(Exception):
    """A failure that may pass: ``problem`` for the person, ``delay`` in seconds where the server named one."""

    def __init__(self, problem: str, delay: float | None = None, integrity: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.delay = delay
        self.integrity = integrity

    def pause(self, attempt: int) -> float | None:
        """Seconds to wait after an attempt, the first of which is 1; None where the server named no time."""
        return self.delay


class _Limited(_Again):
    """A rate limit. After a ``secondary`` one, each wait is twice the one before."""

    def __init__(self, status: int, delay: float | None, secondary: bool) -> None:
        self.kind = "secondary rate limit" if secondary else "rate limit"
        super().__init__(f"{self.kind} reached (HTTP {status})", delay)
        self._secondary = secondary

    def pause(self, attempt: int) -> float | None:
        if self.delay is None or not self._secondary:
            return self.delay
        return float(self.delay * 2 ** (attempt - 1))


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server: at most ``max_wait`` seconds at a time, and not at all once ``stop`` is set."""

    max_wait: float = 60.0
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Fetched:
    """What a file turned out to be: git blob SHA-1, size in bytes, and the server's ETag and Last-Modified."""

    unchanged: bool
    sha: str = ""
    size: int = 0
    tag: str | None = None
    modified: str | None = None


class _Session(requests.Session):
    """Takes proxies from the environment, as requests does, but nothing from ~/.netrc, which may name any host.

    Redirects are followed on the same server, and to the hosts ``allowed``, but never to a private address.
    """

    def __init__(self, name: str, allowed: Collection[str]) -> None:
        super().__init__()
        self._name = name
        self._allowed = {host.lower() for host in allowed}
        self.auth = lambda request: request  # requests looks into ~/.netrc where there is none

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        found = super().get_redirect_target(resp)
        if found is None:
            return None
        assert resp.url
        try:
            old, new = urlsplit(resp.url), urlsplit(urljoin(resp.url, found))
            same = old.hostname == new.hostname and _port(old) == _port(new)
            upgraded = old.hostname == new.hostname and (_port(old), _port(new)) == (80, 443)
        except ValueError:
            raise OutOfReach(f"{self._name}: {_place(resp.url)} redirects to what is no address") from None
        problem = None
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            problem = "which is not https; it is not followed"
        elif (same and old.scheme == new.scheme) or (upgraded and new.scheme == "https"):
            return found
        elif (new.hostname or "") not in self._allowed:
            problem = f"another server; if that is meant, write redirects: [{new.hostname}] at the source"
        elif any(not address.is_global for address in _addresses(new.hostname or "")):
            problem = "which has a private address; it is not followed"
        if problem:
            where = f"{new.scheme}://{new.netloc.rpartition('@')[2]}"
            raise OutOfReach(f"{self._name}: {_place(resp.url)} redirects to {where}, {problem}")
        return found

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect; requests looks into ~/.netrc here too."""
        assert prepared_request.url and response.request.url
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)


class Client:
    """Fetches from one host. A token is sent with every request of this client, and never to another host."""

    def __init__(
        self, name: str, retries: RetryPolicy, token: str | None = None, redirects: Collection[str] = ()
    ) -> None:
        self._name = name
        self._token = token
        self._retries = retries
        self._session = _Session(name, redirects)
        self._session.headers["User-Agent"] = "netflix-lakehouse-ingest"
        self._session.headers["Accept-Encoding"] = "identity"
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=16)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(
        self,
        url: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> requests.Response:
        """The response, read in full, with status 200, 304 or one of ``accept``."""

        def attempt() -> requests.Response:
            with self._request(url, params, headers, accept) as response:
                _ = response.content
                return response

        return self._retry(url, attempt)

    def download(
        self, url: str, into: Path, size: int, sha: str, *, headers: dict[str, str] | None = None
    ) -> Path | None:
        """Stream to a file and check it against size and git blob SHA-1; None where there is no such file (404).

        Raises:
            Refused: the bytes differ from what was promised, each time.
        """

        def attempt() -> Path | None:
            with self._request(url, None, headers, (404,)) as response, into.open("wb") as file:
                if response.status_code == 404:
                    return None
                digest, length = blob_hash(size), 0
                for chunk in self._chunks(response):
                    length += len(chunk)
                    if length > size:
                        break
                    digest.update(chunk)
                    file.write(chunk)
            if length != size:
                more = "more than" if length > size else f"{length} instead of"
                raise _Again(f"the download has {more} {size} bytes", integrity=True)
            if digest.hexdigest() != sha:
                raise _Again(f"the download has SHA-1 {digest.hexdigest()} instead of {sha}", integrity=True)
            return into

        return self._retry(url, attempt)

    def fetch(self, url: str, into: Path, tag: str | None, limit: int) -> Fetched | None:
        """Stream to a file, unless it still has the ETag ``tag``; None where there is no such file (404).

        Of more than ``limit`` bytes, one more than these is taken.
        """

        def attempt() -> Fetched | None:
            headers = {"If-None-Match": tag} if tag else {}
            with self._request(url, None, headers, (404,)) as response:
                if response.status_code == 404:
                    return None
                if response.status_code == 304:
                    return Fetched(unchanged=True)
                size = 0
                with into.open("wb") as file:
                    for chunk in self._chunks(response):
                        size += file.write(chunk[: limit + 1 - size])
                        if size > limit:
                            break
            with into.open("rb") as file:
                sha = blob_sha(file, size)
            return Fetched(False, sha, size, tag_of(response), response.headers.get("Last-Modified"))

        return self._retry(url, attempt)

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        for chunk in response.iter_content(1 << 18):
            if self._retries.stop.is_set():
                raise OutOfReach(f"{self._name}: stopped")
            yield chunk

    @contextmanager
    def _request(
        self, url: str, params: dict[str, str] | None, headers: dict[str, str] | None, accept: tuple[int, ...]
    ) -> Iterator[requests.Response]:
        auth = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            try:
                response = self._session.get(
                    url, params=params, headers={**auth, **(headers or {})}, timeout=TIMEOUT, stream=True
                )
            except ValueError as error:  # of a redirect's address; most of requests' own errors are none of these
                if isinstance(error, requests.RequestException):
                    raise
                raise OutOfReach(f"{self._name}: {_place(url)}: {_cause(error)}") from None
            with response:
                if response.status_code not in (200, 304, *accept):
                    self._fail(response)
                yield response
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise _Again(_cause(error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise OutOfReach(f"{self._name}: {_place(url)}: {_cause(error)}") from None

    def _fail(self, response: requests.Response) -> None:
        """Sort a failed request into what may pass and what will not."""
        status = response.status_code
        if status >= 500:
            raise _Again(f"HTTP {status}", _delay(response))
        if status in (403, 429) and (delay := _delay(response)) is not None:
            raise _Limited(status, delay, secondary=False)
        says = self._message(response)
        if status in (403, 429) and re.search("secondary rate limit|abuse detection", says, re.IGNORECASE):
            raise _Limited(status, SECONDARY_PAUSE, secondary=True)
        limited = "Retry-After" in response.headers or response.headers.get("X-RateLimit-Remaining") == "0"
        if status == 429 or (status == 403 and limited):
            raise _Limited(status, None, secondary=False)
        if status == 401:
            raise OutOfReach(f"{self._name}: the token in GITHUB_TOKEN was refused (HTTP 401); renew it or unset it")
        place = f"{self._name}: {_place(response.url)}"
        if status == 404:
            raise OutOfReach(f"{place} is not there (HTTP 404), or needs a GITHUB_TOKEN")
        said = f"; the server says: {says}" if says else ""
        if status == 403:
            token = "the token in GITHUB_TOKEN may not read it" if self._token else "it may need a GITHUB_TOKEN"
            raise OutOfReach(f"{place} is forbidden (HTTP 403); {token}{said}")
        raise OutOfReach(f"{place} answered HTTP {status}{said}")

    def _message(self, response: requests.Response) -> str:
        """What the server says in an error's JSON, as GitHub does, in at most 300 characters; empty if nothing."""
        try:
            found = json.loads(response.raw.read(1 << 16, decode_content=True))
        except (ValueError, RecursionError, OSError, urllib3.exceptions.HTTPError):
            return ""
        text = found.get("message") if isinstance(found, dict) else None
        if not isinstance(text, str):
            return ""
        text = " ".join(text.replace(self._token, "***").split() if self._token else text.split())
        return text if len(text) <= 300 else text[:299] + "…"

    def _retry(self, url: str, attempt: Callable[[], T]) -> T:
        stop, longest = self._retries.stop, self._retries.max_wait

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.pause(state.attempt_number) if isinstance(error, _Again) else None
            if asked is None:
                return _BACKOFF(state)
            if asked > longest and isinstance(error, _Limited):
                when = datetime.fromtimestamp(time.time() + asked, UTC)
                token = "" if self._token else "; setting GITHUB_TOKEN raises the limit"
                raise OutOfReach(
                    f"{self._name}: {error.kind} reached; try again after {when:%Y-%m-%d %H:%M:%S} UTC{token}"
                )
            return min(asked, longest)

        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(_Again),
                stop=tenacity.stop_any(tenacity.stop_after_attempt(ATTEMPTS), tenacity.stop_when_event_set(stop)),
                wait=wait,
                sleep=tenacity.sleep_using_event(stop),
                reraise=True,
            )(attempt)
        except _Again as error:
            if error.integrity:
                raise Refused(f"{error.problem} ({ATTEMPTS} attempts); the next run tries again", final=False) from None
            raise OutOfReach(
                f"{self._name}: {_place(url)} does not answer: {error.problem} ({ATTEMPTS} attempts);"
                " check the network and the address, then run again"
            ) from None


def tag_of(response: requests.Response) -> str | None:
    """The ETag, if it is one that can be sent back: what is no visible ASCII or very long would fail each later run."""
    tag = response.headers.get("ETag", "")
    return tag if re.fullmatch("[!-~]{1,1000}", tag) else None


def _delay(response: requests.Response) -> float | None:
    """Seconds until the server wants to hear from us again, if it says so."""
    after = response.headers.get("Retry-After")
    if after is not None:
        delay = _number(after)
        return _until(after) if delay is None else min(delay, _CENTURY)
    reset = _number(response.headers.get("X-RateLimit-Reset", ""))
    if reset is not None and response.headers.get("X-RateLimit-Remaining") == "0":
        return min(max(0.0, reset - time.time()) + 1, _CENTURY)
    return None


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _until(date: str) -> float | None:
    """Seconds until a date of an HTTP header; None where it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(date)
        return min(max(0.0, moment.timestamp() - time.time()), _CENTURY)
    except (ValueError, OverflowError):
        return None


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses of a host; none where it has no name here, as behind a proxy."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def _place(url: str) -> str:
    """A URL for a message: without query, user and password."""
    parts = urlsplit(url)
    path = re.sub(r"(//)\S*@|(/)[^/]*@", r"\1\2***@", parts.path)  # which may hold the address of another redirect
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def _cause(error: BaseException) -> str:
    """The innermost reason, in a few words, and without a password that a URL in it may hold."""
    while True:
        inner = error.__cause__ or error.__context__ or getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    if type(error) is http.client.BadStatusLine:
        return "its answer is not HTTP"
    text = str(getattr(error, "strerror", None) or "") or str(error) or type(error).__name__
    return re.sub(r"//\S*@", "//***@", text.splitlines()[0])[:200]
