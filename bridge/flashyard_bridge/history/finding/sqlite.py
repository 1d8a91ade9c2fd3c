"""The index in SQLite: a full-text one of three-letter pieces and traits, in the order of time.

A job's row there is named by when it ended, roughly, and its number: so the newest that have all
pieces and traits are met first, and no more are looked at than are asked for. The pieces of a long
word may lie apart, so the text is looked at, too. Source: SQLite, "FTS5 Extension".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.tables.history import PAST_TEXTS
from flashyard_bridge.history.finding.entry import Entry, Found, entries_of, key_of
from flashyard_bridge.history.sought import Place, Sought, Trait

_PIECE = 3  # characters
_SPAN = 24  # bits of ms, nearly five hours: those who ended in one are sorted when they are read
_NUMBERS = 32  # bits
_SHORT = 5_000  # jobs that are looked at for a word that is shorter than a piece

# What the tokenizer would take for a gap, or change, is told by another character.
_TOLD = {n: 0xE000 + n for n in range(128) if not (chr(n).isdigit() or chr(n).islower())}
_END = chr(0xE080) * (_PIECE - 1)  # behind a line, so that its last characters begin a piece, too
_TRAIT = chr(0xE081)
_ENDS = ("completed", "failed", "cancelled")

_ADD = text("INSERT INTO past_index (rowid, tokens) VALUES (:row, :tokens)")
_REMOVE = text(
    "INSERT INTO past_index (past_index, rowid, tokens) VALUES ('delete', :row, :tokens)"
)
_ROWS = (
    "SELECT rowid FROM past_index WHERE past_index MATCH :match AND rowid BETWEEN :low AND :high"
)
_JOB_ID = "substr(t.text, 1, instr(t.text, char(10)) - 1)"
_FOUND = (
    f"SELECT i.rowid, t.number, t.ended_at, {_JOB_ID} FROM past_index AS i "  # noqa: S608 - ours
    f"CROSS JOIN past_texts AS t ON t.number = (i.rowid & {(1 << _NUMBERS) - 1}) "
    "WHERE i.past_index MATCH :match AND i.rowid BETWEEN :low AND :high "
    "AND t.ended_at >= :since AND t.ended_at < :until "
    f"AND (t.ended_at < :at OR (t.ended_at = :at AND {_JOB_ID} < :job_id))"
)
_ANY = " LIMIT :most"  # all, where it is less than 0
_NEWEST = " ORDER BY 1 DESC LIMIT :most"


def index(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add some."""
    if entries:
        texts = [{**entry._asdict(), "traits": None} for entry in entries]
        load(connection, PAST_TEXTS, texts)
        connection.execute(_ADD, sorted(map(_row, entries), key=lambda row: int(row["row"])))


def unindex(connection: Connection, numbers: Sequence[int]) -> None:
    """Take some out; their texts go with the jobs.

    What is taken out must be what was put in, to the letter: FTS5 keeps nothing else of it.
    """
    indexed = select(PAST_TEXTS.c.number, PAST_TEXTS.c.text).where(PAST_TEXTS.c.number.in_(numbers))
    texts = {row.number: row.text for row in connection.execute(indexed)}
    entries = entries_of(connection, list(texts))
    if entries:
        rows = [_row(entry._replace(text=texts[entry.number])) for entry in entries]
        connection.execute(_REMOVE, rows)


def find(
    connection: Connection, sought: Sought, before: Place | None, most: int
) -> Sequence[Found]:
    """Find the newest that have a trait or mention a word."""
    search = _Search(connection, sought, before, most)
    short = [word for word in sought.words if len(word) < _PIECE]
    traits = [_trait(trait) for trait in sought.traits]
    sure = [piece for word in sought.words for piece in _pieces(word)] + traits
    if not short:
        return search.newest(" AND ".join(sure), search.low)
    # All that begins so would be gone through; where many have it, the newest do, too.
    rough = " AND ".join(sure) or " OR ".join(_trait(Trait("status", end)) for end in _ENDS)
    low = search.reach(rough, _SHORT)
    found = search.newest(rough, low)
    if len(found) == most or low == search.low:
        return found
    return search.newest(" AND ".join([*sure, *map(_beginning, short)]), search.low)


def numbers(connection: Connection, sought: Sought, most: int | None) -> list[int]:
    """Tell the numbers of all that have a trait or mention a word, or of any so many of them."""
    pieces = [
        piece
        for word in sought.words
        for piece in (_pieces(word) if len(word) >= _PIECE else [_beginning(word)])
    ]
    match = " AND ".join([*pieces, *map(_trait, sought.traits)])
    search = _Search(connection, sought, None, -1 if most is None else most)
    return [row.number for row in search.found(match, search.low, search.high, _ANY)]


class _Search(NamedTuple):
    """What is sought, and in which rows of the index it can be."""

    connection: Connection
    sought: Sought
    before: Place | None
    most: int

    @property
    def low(self) -> int:
        """The first row."""
        return _row_at(self.sought.since)

    @property
    def high(self) -> int:
        """The last row."""
        last = self.sought.until - 1
        return _row_at(last if self.before is None else min(last, self.before[0]), 1) - 1

    def newest(self, match: str, low: int) -> list[Found]:
        """Find the newest that match, down to a row."""
        first = self.found(match, low, self.high, _NEWEST)
        if len(first) == self.most:
            # The last of them has others beside it, of which some may be newer.
            last = first[-1][0]
            first += self.found(match, max(low, last >> _NUMBERS << _NUMBERS), last - 1)
        found = [Found(*row[1:]) for row in first]
        return sorted(found, key=lambda each: each.place, reverse=True)[: self.most]

    def reach(self, match: str, count: int) -> int:
        """Tell down to which row there are about so many that match; the first: there are fewer."""
        places = {"match": match, "low": self.low, "high": self.high, "count": count}
        query = text(f"{_ROWS} ORDER BY rowid DESC LIMIT 1 OFFSET :count")
        row = self.connection.scalar(query, places)
        return self.low if row is None else row >> _NUMBERS << _NUMBERS

    def found(self, match: str, low: int, high: int, newest: str = "") -> list[Any]:
        """Find those in some rows that match and mention all words."""
        words = {f"word{number}": word for number, word in enumerate(self.sought.words)}
        looked = "".join(f" AND instr(t.text, :{name}) > 0" for name in words)
        at, job_id = self.before or (self.sought.until, "")
        said = {
            "match": match,
            "low": low,
            "high": high,
            "since": self.sought.since,
            "until": self.sought.until,
            "at": at,
            "job_id": job_id,
            "most": self.most,
            **words,
        }
        return list(self.connection.execute(text(_FOUND + looked + newest), said))


def _row(entry: Entry) -> dict[str, Any]:
    row = _row_at(entry.ended_at) | entry.number
    pieces = {piece for line in entry.text.split("\n") for piece in _split(f"{line}{_END}")}
    return {"row": row, "tokens": " ".join([*pieces, *map(_named, entry.traits)])}


def _row_at(at: int, further: int = 0) -> int:
    return ((at >> _SPAN) + further) << _NUMBERS


def _split(words: str) -> Iterator[str]:
    told = words.translate(_TOLD)
    return (told[at : at + _PIECE] for at in range(len(told) - _PIECE + 1))


def _pieces(word: str) -> list[str]:
    return [f'"{piece}"' for piece in sorted(set(_split(word)))]


def _beginning(word: str) -> str:
    return f'"{word.translate(_TOLD)}" *'


def _trait(trait: Trait) -> str:
    return f'"{_named(key_of(trait))}"'


def _named(key: int) -> str:
    return f"{_TRAIT}{key & (1 << 64) - 1:x}"
