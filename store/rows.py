"""Events as rows of files that others read: NDJSON, CSV and Parquet, each with all that the leaf is made of.

`data` and `meta` are texts, exactly as they are stored, so no tool that reads and writes rows changes what is proved.
"""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Any, Literal, Protocol, Self, get_args

import msgspec

from store.leaves import COLUMNS, Leaf

Format = Literal["ndjson", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
HEAD = (*COLUMNS, "revealed")
BATCH_ROWS = 1024


Position = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Row(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An event as it is handed out.

    `revealed` is what was sealed in it, opened, as JSON: it is in no leaf, so no proof covers it.
    """

    position: Position
    version: Position
    append_end: Position
    recorded_at: datetime
    stream: str
    type: str
    data: str
    meta: str
    revealed: str | None = None

    def leaf(self) -> Leaf:
        """Return the event."""
        data, meta = self.data.encode(), self.meta.encode()
        place = (self.position, self.version, self.append_end, self.recorded_at)
        return Leaf(*place, self.stream, self.type, data, meta)


class RowError(ValueError):
    """This is not a row of an export."""


class ArrowMissingError(Exception):
    """Parquet needs pyarrow, which is not installed: pip install 'guildbook[parquet]'."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def row_of(leaf: Leaf, revealed: str | None = None) -> Row:
    """Show an event. Errors: RowError, when what is stored is no text."""
    try:
        return Row(*leaf[:6], leaf.data.decode(), leaf.meta.decode(), revealed)
    except UnicodeDecodeError as error:
        raise RowError from error


# ---- writing ---------------------------------------------------------------------------------------------------------

_encoder = msgspec.json.Encoder()


def ndjson(rows: Sequence[Row]) -> bytes:
    """Return a line of JSON for each row."""
    return _encoder.encode_lines(rows)


def csv_lines(rows: Sequence[Row]) -> bytes:
    """Return a line of values for each row; what is not there is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_values, rows))
    return text.getvalue().encode()


def csv_head() -> bytes:
    """Return the first line."""
    return f"{','.join(HEAD)}\n".encode()


def _values(row: Row) -> tuple[object, ...]:
    at = row.recorded_at.isoformat(timespec="microseconds")
    place = (row.position, row.version, row.append_end, at)
    return (*place, row.stream, row.type, row.data, row.meta, row.revealed)


class Writer(Protocol):
    """A file of rows that is being written."""

    def write(self, rows: Sequence[Row]) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class _Text:
    """A file of lines."""

    def __init__(self, path: Path, head: bytes, lines: Callable[[Sequence[Row]], bytes]) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._file.write(head)
        self._lines = lines

    def write(self, rows: Sequence[Row]) -> None:
        self._file.write(self._lines(rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _Parquet:
    """A file of row groups."""

    def __init__(self, path: Path) -> None:
        arrow = _arrow()
        whole, text = arrow.int64(), arrow.string()
        kinds = (whole, whole, whole, arrow.timestamp("us", tz="UTC"), text, text, text, text, text)
        self._schema = arrow.schema(list(zip(HEAD, kinds, strict=True)))
        self._batch: Any = arrow.RecordBatch
        self._file: Any = import_module("pyarrow.parquet").ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Row]) -> None:
        columns = [[getattr(row, name) for row in rows] for name in HEAD]
        self._file.write_batch(
            self._batch.from_arrays(list(map(_array, columns, self._schema.types)), schema=self._schema)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _arrow() -> Any:  # noqa: ANN401 - it has no types
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise ArrowMissingError from error


def _array(values: list[object], kind: Any) -> Any:  # noqa: ANN401 - theirs
    return _arrow().array(values, kind)


def require(kind: Format) -> None:
    """Make sure that this format can be written and read. Errors: ArrowMissingError."""
    if kind == "parquet":
        _arrow()


def writer(path: Path, kind: Format) -> Writer:
    """Begin a file. Errors: ArrowMissingError."""
    match kind:
        case "ndjson":
            return _Text(path, b"", ndjson)
        case "csv":
            return _Text(path, csv_head(), csv_lines)
        case "parquet":
            return _Parquet(path)


# ---- reading ---------------------------------------------------------------------------------------------------------


def rows_in(path: Path, kind: Format) -> Iterator[Row | None]:
    """Yield the rows of a file, None for each that cannot be read.

    Errors: RowError, when the rest cannot be read either.
    """
    reader = {"ndjson": _ndjson_rows, "csv": _csv_rows, "parquet": _parquet_rows}[kind]
    try:
        yield from reader(path)
    except (ValueError, OverflowError, OSError, csv.Error) as error:  # of a time that no calendar has
        raise RowError(str(error)) from error


def _ndjson_rows(path: Path) -> Iterator[Row | None]:
    decoder = msgspec.json.Decoder(Row)
    with path.open("rb") as file:
        for line in file:
            yield _row(decoder.decode, line)


def _csv_rows(path: Path) -> Iterator[Row | None]:
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file, strict=True)
        if tuple(next(lines, ())) != HEAD:
            raise RowError
        for line in lines:
            yield _row(_row_of_texts, line)


def _row_of_texts(texts: Sequence[str]) -> Row:
    values = dict(zip(HEAD, texts, strict=True))
    return msgspec.convert({**values, "revealed": values["revealed"] or None}, Row, strict=False)


def _parquet_rows(path: Path) -> Iterator[Row | None]:
    arrow = _arrow()
    try:
        with import_module("pyarrow.parquet").ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                for values in batch.to_pylist():
                    yield _row(_row_of_values, values)
    except arrow.ArrowException as error:
        raise RowError(str(error)) from error


def _row_of_values(values: dict[str, object]) -> Row:
    return msgspec.convert(values, Row)


def _row(read: Callable[[Any], Row], written: object) -> Row | None:
    try:
        row = read(written)
    except ValueError:  # msgspec.ValidationError is one
        return None
    return None if row.recorded_at.tzinfo is None else row
