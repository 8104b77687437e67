"""Object stores as sources: S3, Azure Blob Storage and Google Cloud Storage, through obstore (the extra ``cloud``)."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from ingest.config import Source, problem_of_address
from ingest.errors import ConfigurationError, IngestError, OutOfReach, printable
from ingest.sources.cache import CachedResponse, ResponseCache
from ingest.sources.listing import (
    UNSAFE,
    Entry,
    Listing,
    Origin,
    base_name,
    blob_hash,
    now,
    unsafe,
)

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_PART = 32 << 20  # bytes of one request, so that none of them takes long
_CHUNK = 1 << 20
_LISTING = 600.0  # seconds that one folder may take, which are millions of objects
_OBJECTS = 1_000_000  # of one folder that datasets ask for
_LOOKS = 3  # at an object that changes while it is read
_RETRIES: RetryConfig = {"max_retries": 5, "retry_timeout": timedelta(minutes=3)}
_CLIENT: ClientConfig = {
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=60),
    "timeout": timedelta(minutes=3),
}
_TRUE = ("1", "true", "yes", "on", "y")
_VARIABLES = {"s3": "AWS", "az": "AZURE", "abfss": "AZURE", "gs": "GOOGLE"}
_CREDENTIALS = {
    "AWS": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "AZURE": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
    "GOOGLE": "GOOGLE_SERVICE_ACCOUNT",
}
_ENDPOINTS = {
    "AWS": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "AZURE": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AZURITE_BLOB_STORAGE_URL"),
    "GOOGLE": (),
}
# Where the clients look last for credentials: the metadata servers of the clouds' machines.
_LAST_RESORT = re.compile(r"//169\.254\.1(69|70)\.|//metadata\.google|//[^/\s]+/latest/(api/token|meta-data/iam)")
_PLACE = re.compile(r"Error performing [A-Z]+ \S+ in .*? - ", re.DOTALL)


class Store:
    """The objects of ``source`` below its ``path`` and ``folder``; each one's last change is its ``Last-Modified``.

    A listing tells contents apart by ETag and size. What git calls the content (its blob SHA-1) is known once the
    object has been downloaded, and remembered with its ETag, so that each state of an object is downloaded once.
    """

    def __init__(self, source: Source, responses: ResponseCache) -> None:
        assert source.path is not None
        self._source = source
        self._responses = responses
        scheme, _, place = source.path.partition("://")
        bucket, *folders = [part for part in place.split("/") if part]
        self._base = "/".join([*folders, *(part for part in source.folder.split("/") if part)])
        self._root = f"{scheme}://{bucket}"
        self._name = "/".join([self._root, *folders])
        self._variables = _VARIABLES[scheme]
        self._store = self._connected(scheme, bucket)

    def _connected(self, scheme: str, bucket: str) -> ObjectStore:
        """The client, with what the environment says.

        Raises:
            ConfigurationError: what it says cannot be used.
        """
        options: ClientConfig = {**_CLIENT, "allow_http": self._allows_http()}
        try:
            if scheme == "s3":
                return S3Store(bucket, client_options=options, retry_config=_RETRIES)
            if scheme == "gs":
                return GCSStore(bucket, client_options=options, retry_config=_RETRIES)
            if scheme == "az":
                return AzureStore(bucket, client_options=options, retry_config=_RETRIES)
            return AzureStore.from_url(self._root, client_options=options, retry_config=_RETRIES)
        except (BaseError, ValueError, OSError) as error:
            raise ConfigurationError(f"{self._name} cannot be used: {_said(error)}; {self._set}") from None

    def _allows_http(self) -> bool:
        """Whether addresses without encryption are meant.

        Raises:
            ConfigurationError: an endpoint in the environment is none, or is not encrypted and that is not allowed.
        """
        environment = {name.upper(): value for name, value in os.environ.items() if value}
        allowed = [f"{self._variables}_ALLOW_HTTP", f"{self._variables}_STORAGE_USE_EMULATOR"]
        http = any(environment.get(name, "").strip().lower() in _TRUE for name in allowed)
        for name in _ENDPOINTS[self._variables]:
            value = environment.get(name, "")
            problem = problem_of_address(value) if value else None
            if problem is None and not re.fullmatch("[!-~]*", value):
                problem = "is not a valid address"
            if problem is None and value.startswith("http:") and not http:
                problem = f"is not https; if that is meant, set {allowed[0]}=true"
            if problem:
                raise ConfigurationError(f"{name} {problem}")
        return http

    @property
    def _set(self) -> str:
        return f"set {_CREDENTIALS[self._variables]}"

    def listing(self) -> Listing:
        taken_at = now()
        found: dict[str, Entry] = {}
        for meta in self._objects():
            name = self._named(meta)
            if meta["size"] == 0 and self._head(meta["path"]) is None:
                continue  # what stands for a folder: its name ends with a slash, which the client leaves out
            if name not in found or meta["size"]:
                found[name] = self._entry(name, meta)
        if not found:
            self._check()
        return Listing(tuple(found[name] for name in sorted(found)), taken_at)

    def _objects(self) -> Iterator[ObjectMeta]:
        """What may belong to a dataset. Below the part of a pattern that is fixed everything is listed, or, where only
        the last part is not, what lies in that folder. A plain name is looked up."""
        folders: dict[str, bool] = {}
        for dataset in self._source.datasets:
            if dataset.is_pattern:
                folder = "/".join(filter(None, [self._base, dataset.fixed]))
                folders[folder] = folders.get(folder, False) or dataset.is_deep
            elif (meta := self._head(self._key(dataset.file))) is not None and self._wants(meta):
                yield meta
        deep = [folder for folder, is_deep in folders.items() if is_deep]
        for folder, is_deep in folders.items():
            if any(folder != other and (not other or folder.startswith(f"{other}/")) for other in deep):
                continue
            with self._failures():
                try:
                    yield from asyncio.run(asyncio.wait_for(self._folder(folder or None, is_deep), _LISTING))
                except TimeoutError:
                    place = f"{self._root}/{folder}".rstrip("/")
                    raise OutOfReach(
                        f"{place} is not listed to its end after {_LISTING:g} s; name a narrower folder"
                    ) from None

    async def _folder(self, folder: str | None, is_deep: bool) -> list[ObjectMeta]:
        """The objects in a folder, or anywhere below it, that datasets ask for."""
        if not is_deep:
            listed = await obstore.list_with_delimiter_async(self._store, folder)
            return [meta for meta in listed["objects"] if self._wants(meta)]
        found: list[ObjectMeta] = []
        async for page in obstore.list(self._store, folder, chunk_size=1000):
            found += filter(self._wants, page)
            if len(found) > _OBJECTS:
                raise ConfigurationError(
                    f"{self._root}/{folder or ''} has more than {_OBJECTS:,} files that datasets ask for; name a"
                    " narrower folder in `folder` or in the pattern"
                )
        return found

    def _named(self, meta: ObjectMeta) -> str:
        """The name of an object below the source's folder."""
        return meta["path"].removeprefix(f"{self._base}/") if self._base else meta["path"]

    def _wants(self, meta: ObjectMeta) -> bool:
        name = self._named(meta)
        return bool(self._source.dataset_of(name) or (unsafe(name) and self._source.dataset_of(base_name(name))))

    def _check(self) -> None:
        """Where nothing was found: whether there is such a bucket at all, and may be listed."""
        with self._failures():
            next(iter(obstore.list(self._store, self._base or None, chunk_size=1)), None)

    def _key(self, name: str) -> str:
        return f"{self._base}/{name}".lstrip("/")

    def _head(self, key: str) -> ObjectMeta | None:
        """What the store says of one object; None where it has none of this name."""
        with self._failures():
            try:
                return obstore.head(self._store, key)
            except FileNotFoundError:
                return None

    def _entry(self, name: str, meta: ObjectMeta) -> Entry:
        if not meta["e_tag"]:
            raise OutOfReach(f"{self._root}/{meta['path']} has no ETag, without which a change cannot be seen")
        tag, size = _bare(meta["e_tag"]), meta["size"]
        known = self._responses.get(f"{self._root}/{meta['path']}")
        if known and known.tag == tag and (facts := json.loads(known.body))["size"] == size:
            sha = str(facts["sha"])
        else:  # what stands for it until it is downloaded, and where it never is
            digest = blob_hash(size)
            digest.update(tag.encode() if size else b"")
            sha = digest.hexdigest()
        return Entry(
            name,
            printable(self._source.path_of(name)),
            sha,
            size,
            problem=UNSAFE if unsafe(name) else None,
            modified=meta["last_modified"].astimezone(UTC),
            tag=tag,
        )

    def origin(self, entry: Entry) -> Origin:
        assert entry.modified is not None
        return Origin(None, entry.modified)

    def fetch(self, entry: Entry, scratch: Path) -> tuple[Entry, Path]:
        for _ in range(_LOOKS):
            if (sha := self._download(entry, scratch / "content")) is not None:
                self._responses.put(
                    f"{self._root}/{self._key(entry.name)}",
                    CachedResponse(entry.tag or "", json.dumps({"sha": sha, "size": entry.size})),
                )
                return replace(entry, sha=sha), scratch / "content"
            meta = self._head(self._key(entry.name))
            dataset = self._source.dataset_of(entry.name)
            assert dataset is not None
            if meta is None or not 0 < meta["size"] <= dataset.max_bytes:
                break
            entry = self._entry(entry.name, meta)
        raise OutOfReach(f"{self._root}/{self._key(entry.name)} changes while it is read; run again")

    def _download(self, entry: Entry, into: Path) -> str | None:
        """The git blob SHA-1 of what now is in ``into``; None where the object is no longer the one that was listed."""
        key, start, digest = self._key(entry.name), 0, blob_hash(entry.size)
        with self._failures(), into.open("wb") as file:
            while start < entry.size:
                end = min(start + _PART, entry.size)
                options: GetOptions = {"if_match": f'"{entry.tag}"'}
                if entry.size > _PART:
                    options["range"] = (start, end)
                try:
                    part = obstore.get(self._store, key, options=options)
                except PreconditionError:
                    return None
                except FileNotFoundError:
                    raise OutOfReach(f"{self._root}/{key} was listed, but is not there; run again") from None
                # A store that knows no If-Match says all the same what it gives.
                if _bare(part.meta["e_tag"] or "") != entry.tag or part.meta["size"] != entry.size:
                    return None
                for chunk in part.stream(min_chunk_size=_CHUNK):
                    digest.update(chunk)
                    start += file.write(chunk)
                if start != end:
                    raise OutOfReach(f"{self._root}/{key} was cut off at {start} of {entry.size} bytes; run again")
        return digest.hexdigest()

    def remember(self) -> None:
        self._responses.save()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """One line for a person instead of the client's errors, which hold addresses, and these may hold a token."""
        try:
            yield
        except (BaseError, ValueError) as error:
            raise self._failure(error) from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of the client, at a setting or an answer that it cannot read
                raise
            raise ConfigurationError(f"{self._name} cannot be used: {_said(error)}; {self._set}") from None

    def _failure(self, error: Exception) -> IngestError:
        text = str(error)
        if isinstance(error, InvalidPathError):
            key = re.search(r'Path "(.*?)"(?::| contained)', text, re.DOTALL)
            return ConfigurationError(
                f"{self._name} cannot be listed: the object {key[1] if key else ''!r} has an empty part, '.', '..' or a"
                " control character in its name; rename it, or let `path` and `folder` name another folder"
            )
        found = re.search(r"status code: (\d{3})", text)
        status = found[1] if found else ""
        code = re.search(r"<Code>(\w{1,60})</Code>", text)
        answer = f"HTTP {status}{f' {code[1]}' if code else ''}"
        if _LAST_RESORT.search(text):
            return ConfigurationError(f"{self._name}: there are no credentials for it; {self._set}")
        if status in ("401", "403") or isinstance(error, PermissionDeniedError | UnauthenticatedError):
            return OutOfReach(
                f"{self._name}: access is denied ({answer}); the credentials in the environment are not valid, or may"
                " not list and read it"
            )
        if status == "404":
            return ConfigurationError(f"{self._root} is not there ({answer}); correct `path` in the configuration")
        if status:
            return OutOfReach(f"{self._name} answered {answer}")
        return OutOfReach(f"{self._name} does not answer: {_said(error)}; check the network and the address")


def _bare(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')


def _said(error: BaseException) -> str:
    """The reason in a client's error, in a few words, without addresses and secrets."""
    text = str(error).split("\n\nDebug source")[0]
    text = re.sub(r"https?://\S+", "…", _PLACE.sub("", text))
    text = re.sub(r"^Generic \w+ error: |Error performing list request: ", "", text)
    for name, value in os.environ.items():
        if re.search("KEY|SECRET|TOKEN|SAS", name.upper()) and len(value) > 7:
            text = text.replace(value, "***")
    return " ".join(text.split())[:200]
