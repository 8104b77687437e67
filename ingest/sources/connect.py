"""From the configuration to the connectors that files come through."""

from __future__ import annotations

from pathlib import Path

from ingest.candidates import ConnectedSource
from ingest.config import Source
from ingest.errors import ConfigurationError
from ingest.sources.cache import ResponseCache
from ingest.sources.folder import Folder
from ingest.sources.github import GitHub, Server
from ingest.sources.http import RetryPolicy
from ingest.sources.listing import Connector
from ingest.sources.web import Web
from ingest.storage.tables import Lake


def connected(
    sources: dict[str, Source], local: Path | None, lake: Lake, retries: RetryPolicy, read_only: bool = False
) -> list[ConnectedSource]:
    """Each source with its connector; ``local`` replaces them by the folders of a local copy.

    A source that is a folder already stays where it is unless the copy has a folder of its name. One that
    is optional is left out of several where the copy has none.

    Raises:
        ConfigurationError: a folder is missing, or the environment does not fit.
    """
    found = []
    for name, source in sources.items():
        folder = Path(source.path, source.folder) if source.path and not source.is_store else None
        if local and (folder is None or (local / name).is_dir()):
            folder = local / name
        if local and local.is_dir() and source.optional and len(sources) > 1 and not (local / name).is_dir():
            continue
        if folder is not None:
            if not folder.is_dir():
                raise ConfigurationError(f"there is no folder {folder}, where the files of source {name!r} should be")
            found.append(ConnectedSource(name, source, Folder(folder, source)))
        elif source.is_store:
            found.append(ConnectedSource(name, source, _store(name, source, ResponseCache(lake, name, read_only))))
        elif source.url:
            found.append(
                ConnectedSource(name, source, Web(name, source, retries, ResponseCache(lake, name, read_only)))
            )
        else:
            responses = ResponseCache(lake, name, read_only)
            found.append(ConnectedSource(name, source, GitHub(Server.from_environment(), source, retries, responses)))
    return found


def _store(name: str, source: Source, responses: ResponseCache) -> Connector:
    try:
        from ingest.sources.store import Store
    except ImportError as error:
        raise ConfigurationError(
            f"source {name!r} is in an object store, and {error.name} is not installed: pip install obstore"
        ) from None
    return Store(source, responses)
