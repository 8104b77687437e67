"""What can go wrong, each with the facts a person needs and the exit code it leads to."""

from __future__ import annotations

EXIT_REFUSED = 1
EXIT_CONFIGURATION = 2
EXIT_OUT_OF_REACH = 3


class IngestError(Exception):
    """Base of all expected failures. ``str()`` is one line for a person."""

    exit_code = EXIT_CONFIGURATION


class ConfigurationError(IngestError):
    """Wrong usage, a wrong configuration file, or a place that cannot be read or written."""


class OutOfReach(IngestError):
    """The source could not be read: network, server, rate limit, or refused token."""

    exit_code = EXIT_OUT_OF_REACH


class Refused(IngestError):
    """A file that must not be loaded. ``final`` is false where trying again may help (the bytes were wrong)."""

    exit_code = EXIT_REFUSED

    def __init__(self, reason: str, *, final: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
