"""Excel workbooks as tests need them: cells by their XML, so that any dirt can be put in."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# Formats of cells: 0 plain, 1 a date, 2 a time, 3 hours and minutes beyond a day, 4 a date with a time.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="20"/><xf numFmtId="164"/>'
    '<xf numFmtId="22"/></cellXfs></styleSheet>'
)


def text(value: str) -> str:
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is>'


def number(value: str, style: int = 0) -> str:
    return f' s="{style}"><v>{value}</v>'


def rows(*lines: Sequence[str], first: int = 1) -> str:
    """Rows of cells from column B on, each ``text``, ``number`` or other XML from the cell's attributes on."""
    return "".join(
        f'<row r="{at}">'
        + "".join(f'<c r="{chr(66 + place)}{at}"{cell}</c>' for place, cell in enumerate(line))
        + "</row>"
        for at, line in enumerate(lines, first)
    )


def texts(*lines: Sequence[str], first: int = 1) -> str:
    return rows(*([text(value) for value in line] for line in lines), first=first)


def workbook(sheets: Mapping[str, str], *, after: str = "", more: Mapping[str, bytes] | None = None) -> bytes:
    """A workbook with ``sheets`` (name: rows), XML ``after`` the rows of each, and further parts."""
    found = io.BytesIO()
    numbered = list(enumerate(sheets.items(), 1))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            + "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="r{at}"/>' for at, (name, _) in numbered)
            + "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            + "".join(
                f'<Relationship Id="r{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
                for at, _ in numbered
            )
            + "</Relationships>",
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for at, (_, content) in numbered:
            sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{content}</sheetData>{after}</worksheet>'
            archive.writestr(f"xl/worksheets/sheet{at}.xml", sheet)
        with warnings.catch_warnings(action="ignore"):  # that a part is there twice
            for name, data in (more or {}).items():
                archive.writestr(name, data)
    return found.getvalue()


def edited(
    book: bytes, edit: Callable[[str, bytes], tuple[str, bytes] | None], packed: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A workbook whose parts have the names and contents that ``edit`` gives them; for None a part is gone."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(found, "w", packed) as new:
        for name in old.namelist():
            if part := edit(name, old.read(name)):
                new.writestr(*part)
    return found.getvalue()


def replaced(book: bytes, old: str, new: str) -> bytes:
    """A workbook with another text in all its parts."""
    return edited(book, lambda name, content: (name, content.replace(old.encode(), new.encode())))


def with_shared(sheets: Mapping[str, str], *texts: str) -> bytes:
    """A workbook whose cells share these texts, each the XML in an ``si``."""
    shared = "".join(f"<si>{text}</si>" for text in texts)
    return workbook(sheets, more={"xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>'.encode()})
