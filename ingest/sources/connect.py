"""From the configuration to the connectors that files come through."""

from __future__ import annotations

from pathlib import Path

from ingest.candidates import ConnectedSource
from ingest.config import Config, Source
from ingest.errors import ConfigurationError, printable
from ingest.layouts import recognised
from ingest.sources.cache import ResponseCache
from ingest.sources.folder import Folder
from ingest.sources.github import GitHub, Server
from ingest.sources.http import RetryPolicy
from ingest.sources.listing import Connector
from ingest.sources.web import Web
from ingest.storage.tables import Lake


def connected(
    found: Config,
    sources: dict[str, Source],
    local: Path | None,
    lake: Lake,
    retries: RetryPolicy,
    read_only: bool = False,
) -> list[ConnectedSource]:
    """Each of the ``sources`` of a configuration with its connector; ``local`` replaces them by the folders of a local
    copy, or by that folder itself where its files are those of some sources by their headers.

    A source that is a folder already stays where it is unless the copy has a folder of its name. One that
    is optional, or that the copy has in another layout, is left out of several where its folder is missing.

    Raises:
        ConfigurationError: a folder is missing, or the environment does not fit.
    """
    here = local is not None and local.is_dir() and not any((local / name).is_dir() for name in sources)
    files = recognised(local, found.sources) if here and local else {}
    if files and not files.keys() & sources.keys():
        owners, asked = (" and ".join(map(repr, names)) for names in (files, sources))
        raise ConfigurationError(f"the files in {local} are of source {owners}, by their headers, and not of {asked}")
    connected = []
    for name, source in sources.items():
        folder = Path(source.path, source.folder) if source.path and not source.is_store else None
        own = local / name if local and local.is_dir() else folder
        beside = found.layouts_beside(name)
        may_be_missing = source.optional or any(local and (local / other).is_dir() for other in beside)
        if name in files:
            folder = local
        elif may_be_missing and len(sources) > 1 and own and not own.is_dir():
            continue
        elif local and (folder is None or (local / name).is_dir()):
            if files:
                continue
            folder = local / name
        connector: Connector
        if folder is not None:
            if not folder.is_dir():
                raise ConfigurationError(_missing(name, folder, local, found))
            connector = Folder(folder, source)
        else:
            responses = ResponseCache(lake, name, read_only)
            if source.is_store:
                connector = _store(name, source, responses)
            elif source.url:
                connector = Web(name, source, retries, responses)
            else:
                connector = GitHub(Server.from_environment(), source, retries, responses)
        there = [folder / file for file in files.get(name, ())] if folder else []
        connected.append(ConnectedSource(name, source, connector, beside, there))
    return connected


def _missing(name: str, folder: Path, local: Path | None, found: Config) -> str:
    """What a folder without that of a source has in its place, and what can be done."""
    said = f"there is no folder {folder}, where the files of source {name!r} should be"
    if local is None or folder.parent != local:
        return said
    if there := [other for other in found.sources if (local / other).is_dir()]:
        return f"{said}; to load what is there alone, add {' '.join(f'--source {other}' for other in there)}"
    if local.is_dir():
        names = sorted(path.name for path in local.iterdir())[:5]
        said += (
            f"; {local} has {', '.join(map(printable, names)) or 'nothing'}, and no file with the header of a source"
        )
    return said


def _store(name: str, source: Source, responses: ResponseCache) -> Connector:
    try:
        from ingest.sources.store import Store
    except ImportError as error:
        raise ConfigurationError(
            f"source {name!r} is in an object store, and {error.name} is not installed: pip install obstore"
        ) from None
    return Store(source, responses)
