"""What can go wrong, each with the facts a person needs and the exit code it leads to."""

from __future__ import annotations

EXIT_REFUSED = 1
EXIT_CONFIGURATION = 2
EXIT_OUT_OF_REACH = 3
_LONGEST = 1000  # characters of a reason, which may quote what is in a file


def printable(text: str) -> str:
    """``text`` with everything that a terminal would act on, and what is no text at all, as an escape sequence."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


class IngestError(Exception):
    """Base of all expected failures. ``str()`` is one line for a person, whatever a server or a file put into it."""

    exit_code = EXIT_CONFIGURATION

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


class ConfigurationError(IngestError):
    """Wrong usage, a wrong configuration file, or a place that cannot be read or written."""


class OutOfReach(IngestError):
    """The source could not be read: network, server, rate limit, or refused token."""

    exit_code = EXIT_OUT_OF_REACH


class Refused(IngestError):
    """A file that must not be loaded. ``final`` is false where trying again may help: the bytes were wrong."""

    exit_code = EXIT_REFUSED

    def __init__(self, reason: str, *, final: bool = True) -> None:
        super().__init__(reason if len(reason) <= _LONGEST else reason[: _LONGEST - 1] + "…")
        self.reason = str(self)
        self.final = final
