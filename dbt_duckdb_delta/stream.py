"""Rows from DuckDB to delta-rs through the Arrow C stream interface, past Python.

A reader that Python drives holds the interpreter's lock while DuckDB makes the next rows: dbt's other threads stand
still, and a query that calls a Python function waits for the lock for ever.
"""

from __future__ import annotations

import ctypes
from typing import Any

import duckdb
from arro3.core import Schema


class _ArrowSchema(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("format", "name", "metadata")]
    _fields_ += [("flags", ctypes.c_int64), ("n_children", ctypes.c_int64)]
    _fields_ += [(name, ctypes.c_void_p) for name in ("children", "dictionary", "release", "private_data")]


_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_ArrowSchema))


class _ArrowArrayStream(ctypes.Structure):
    _fields_ = [("get_schema", _GetSchema)]
    _fields_ += [(name, ctypes.c_void_p) for name in ("get_next", "get_last_error", "release", "private_data")]


_capsule, _pointer = ctypes.pythonapi.PyCapsule_New, ctypes.pythonapi.PyCapsule_GetPointer
_capsule.restype, _capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


class Described:
    """A relation as a stream whose schema carries not-null marks and column comments into the schema of Delta."""

    def __init__(self, relation: duckdb.DuckDBPyRelation, not_null: set[str], comments: dict[str, str]) -> None:
        self._relation, self._not_null, self._comments = relation, not_null, comments
        self._get_schema: Any = None  # which the stream calls, and does not own

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        capsule = self._relation.__arrow_c_stream__()
        stream = _ArrowArrayStream.from_address(_pointer(capsule, b"arrow_array_stream"))
        found = _ArrowSchema()
        if stream.get_schema(ctypes.addressof(stream), found):
            return capsule  # the reader asks again, and gets the error
        plain = Schema.from_arrow_pycapsule(_capsule(ctypes.addressof(found), b"arrow_schema", None))
        _Release(found.release)(ctypes.addressof(found))  # which was copied
        schema = self._described(plain)

        def get_schema(_: int, out: Any) -> int:
            made = schema.__arrow_c_schema__()
            given = _ArrowSchema.from_address(_pointer(made, b"arrow_schema"))
            ctypes.memmove(out, ctypes.addressof(given), ctypes.sizeof(given))
            given.release = None  # it has moved
            return 0

        stream.get_schema = self._get_schema = _GetSchema(get_schema)
        return capsule

    def _described(self, plain: Schema) -> Schema:
        fields = []
        for column in map(plain.field, plain.names):
            metadata = {"comment": self._comments[column.name]} if column.name in self._comments else {}
            fields.append(column.with_nullable(column.name not in self._not_null).with_metadata(metadata))
        return Schema(fields)
