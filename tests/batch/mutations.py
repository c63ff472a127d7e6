"""Charts spoilt at random: in their bytes, lines, rows, pages, order and encoding, and in the files of a folder."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from typing import TypeVar

from tests.batch.file_kinds import Folder, Kind, Unit

T = TypeVar("T")

ODD = [
    *(
        "",
        " ",
        "\0",
        "\ufeff",
        "\u2028",
        "\u202e",
        "\ud800",
        "é",
        "\U0001f600",
        "\t",
        "\r",
        "\n",
        '"',
        "'",
        "\\",
        ",",
        ";",
    ),
    *("<", ">", "<urn:x>", "_:b", '"x"', '"x"@en', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>', "#", ".", "=1+1"),
    *('"2025-02-30"^^<http://www.w3.org/2001/XMLSchema#date>', "2025-13-01", "[]", "{}", "{", "null", "A" * 3000),
    *(
        "<https://w3id.org/necessity/core#undeclared>",
        "<relative>",
        "<< <urn:a> <urn:b> <urn:c> >>",
        "NaN",
        "-0",
        "1e999",
    ),
    *(
        r"\u0000",
        r"\uD800",
        r'"\u00e9"',
        "[" * 1200,
        '{"a":' * 300,
        "<urn:a b>",
        "\x1b[2J",
        "<!-- -->",
        "@prefix : <urn:> .",
    ),
]


def _leave_out(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    del units[at : at + dice.choice([1, 1, 2, 30])]


def _double(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    some = units[at : at + dice.choice([1, 1, 40])]
    to = dice.choice([at, dice.randrange(len(units))])
    units[to:to] = some


def _move(units: list[Unit], dice: random.Random) -> None:
    units.insert(dice.randrange(len(units)), units.pop(dice.randrange(len(units))))


def _mix(units: list[Unit], dice: random.Random) -> None:
    first = dice.randrange(2)
    rest = units[first:]
    dice.shuffle(rest)
    units[first:] = rest


def _turn(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    units[:] = [*units[at:], *units[:at]]


def _change(units: list[Unit], dice: random.Random) -> None:
    """A cell, or a part of it, or a piece of a line, by something odd or by what stands elsewhere."""
    at = dice.randrange(len(units))
    unit = list(units[at])
    if not unit:
        return
    cell, other = dice.randrange(len(unit)), dice.choice(units)
    new = dice.choice(ODD) if dice.random() < 0.6 or not other else dice.choice(other)
    begin = dice.randrange(len(unit[cell]) + 1) if dice.random() < 0.5 else 0
    end = begin + dice.choice([0, 1, 10]) if begin else len(unit[cell])
    unit[cell] = unit[cell][:begin] + new + unit[cell][end:]
    units[at] = tuple(unit)


def _cell_less(units: list[Unit], dice: random.Random) -> None:
    at = dice.randrange(len(units))
    unit = list(units[at])
    if unit:
        (unit.pop if dice.random() < 0.5 else lambda place: unit.insert(place, unit[place]))(dice.randrange(len(unit)))
    units[at] = tuple(unit)


OF_UNITS = [_leave_out, _double, _move, _mix, _turn, _change, _change, _change, _cell_less]


_BORDERS = [b"\n", b"\n", b"\n", b" <", b"> ", b'"', b"\\", b"/", b"{", b",", b"^^", b"\xc3", b"\xf0\x9f", b"\xf0"]
"""Where lines, terms, graphs, cells, escapes and characters of several bytes begin or end."""


def _place(data: bytearray, dice: random.Random) -> int:
    """Any place, or one at, before or behind a border."""
    at = dice.randrange(len(data) + 1)
    found = data.find(dice.choice(_BORDERS), at) if dice.random() < 0.6 else -1
    return at if found < 0 else max(0, min(len(data), found + dice.choice([-1, 0, 0, 1, 1, 2])))


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice([1, 1, 3])):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    size = dice.choice([1, 4, 16, 200])
    data[at : at + size] = dice.choice([bytes(size), dice.randbytes(size), b"\xff" * size])


def _insert(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    data[at:at] = dice.choice([dice.choice(ODD).encode(errors="surrogatepass"), dice.randbytes(3), b"\xff", b"\xc3"])


def _remove(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    del data[at : at + dice.choice([1, 1, 2, 8, 100])]


def _cut(data: bytearray, dice: random.Random) -> None:
    """At the end, or at the beginning."""
    at = _place(data, dice)
    del data[slice(at, None) if dice.random() < 0.8 else slice(at)]


def _join(data: bytearray, dice: random.Random) -> None:
    """Two lines to one."""
    at = data.find(b"\n", dice.randrange(len(data)))
    if at >= 0:
        del data[at : at + 1]


def _swap(data: bytearray, dice: random.Random) -> None:
    """Two blocks."""
    a, b, c, d = sorted(_place(data, dice) for _ in range(4))
    data[a:d] = data[c:d] + data[b:c] + data[a:b]


def _double_block(data: bytearray, dice: random.Random) -> None:
    begin, end = sorted(_place(data, dice) for _ in range(2))
    at = dice.choice([end, _place(data, dice)])
    data[at:at] = data[begin:end]


def _encode(data: bytearray, dice: random.Random) -> None:
    """All of it, or a block, in another encoding."""
    begin, end = sorted(_place(data, dice) for _ in range(2)) if dice.random() < 0.4 else (0, len(data))
    text = bytes(data[begin:end]).decode(errors="replace")
    kinds = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "utf-32", "utf-7"]
    data[begin:end] = text.encode(dice.choice(kinds), errors="replace")


def _end_lines(data: bytearray, dice: random.Random) -> None:
    ends = [b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\x0c", b"\0", b"\x1e", b"\n \n", b"\n#\n"]
    ends += [mark.encode() for mark in "\x85\u2028\u2029"]
    data[:] = bytes(data).replace(b"\n", dice.choice(ends), dice.choice([-1, 3]))


def _repeat(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data += data[at:] if dice.random() < 0.5 else bytes(data)


OF_BYTES = [_flip, _overwrite, _insert, _remove, _cut, _cut, _join, _swap, _double_block, _encode, _end_lines, _repeat]


def mutant(kind: Kind, dice: random.Random) -> tuple[str, bytes]:
    """What was done to sound charts of a kind, and what became of them."""
    done: list[str] = []
    data = _spoilt(kind, kind.units(), dice, done)
    return ", ".join(done), data


def _spoilt(kind: Kind, sound_units: list[Unit], dice: random.Random, done: list[str]) -> bytes:
    """A file whose units are spoilt, or its bytes; adds what was done."""
    units = list(sound_units)
    if dice.random() < 0.65:
        for _ in range(dice.choice([1, 1, 2, 4])):
            if units:
                _do(dice.choice(OF_UNITS), units, dice, done)
    data = bytearray(kind.write(units, dice))
    if not done or dice.random() < 0.25:
        for _ in range(dice.choice([1, 1, 2])):
            if data:
                _do(dice.choice(OF_BYTES), data, dice, done)
    return bytes(data)


def _do(change: Callable[[T, random.Random], None], what: T, dice: random.Random, done: list[str]) -> None:
    change(what, dice)
    done.append(change.__name__.strip("_"))


def sound(kind: Kind) -> bytes:
    """The charts of a kind as they were."""
    return kind.write(kind.units(), random.Random(0))


Files = dict[str, bytes]
"""The content of files by their paths in a folder."""


def _some(files: Files, dice: random.Random) -> str:
    return dice.choice(sorted(files))


def _lose(files: Files, dice: random.Random) -> None:
    del files[_some(files, dice)]


def _empty(files: Files, dice: random.Random) -> None:
    files[_some(files, dice)] = b""


def _copy(files: Files, dice: random.Random) -> None:
    """Under another name, or in another folder, or in place of another file."""
    name = _some(files, dice)
    folder, _, last = name.rpartition("/")
    files[dice.choice([f"{folder}/copy of {last}".strip("/"), f"other/{last}", _some(files, dice)])] = files[name]


def _rename(files: Files, dice: random.Random) -> None:
    """As if it were of another type, or none."""
    content = files.pop(name := _some(files, dice))
    suffix = dice.choice([".nq", ".ttl", ".csv", ".ndjson", ".json", ".txt", ".gz", ""])
    files[name.partition(".")[0] + suffix] = content


def _pack(files: Files, dice: random.Random) -> None:
    """Truly, or by its name alone."""
    content = files.pop(name := _some(files, dice))
    files[f"{name}.gz"] = gzip.compress(content, mtime=0) if dice.random() < 0.8 else content


def _append(files: Files, dice: random.Random) -> None:
    """One file to another, with or without a line feed between them."""
    first, second = _some(files, dice), _some(files, dice)
    between = dice.choice([b"", b"\n"])
    files[first] = files[first].removesuffix(b"\n") + between + files[second]
    if dice.random() < 0.5 and first != second:
        del files[second]


def _exchange(files: Files, dice: random.Random) -> None:
    first, second = _some(files, dice), _some(files, dice)
    files[first], files[second] = files[second], files[first]


def _part(files: Files, dice: random.Random) -> None:
    """One file into two: a request may stand in one, and statements in the other."""
    content = bytearray(files.pop(name := _some(files, dice)))
    at = _place(content, dice)
    stem, _, suffix = name.partition(".")
    files[f"{stem}-1.{suffix}"], files[f"{stem}-2.{suffix}"] = bytes(content[:at]), bytes(content[at:])


def _spoil(files: Files, dice: random.Random) -> None:
    data = bytearray(files[name := _some(files, dice)])
    if data:
        dice.choice(OF_BYTES)(data, dice)
    files[name] = bytes(data)


def _litter(files: Files, dice: random.Random) -> None:
    """What programs leave in folders."""
    name = _some(files, dice)
    left = ["_SUCCESS", "_temporary/0/" + name, ".part." + name.replace("/", "-"), "Thumbs.db", "expected.json"]
    files[dice.choice([*left, "_delta_log/00000000000000000000.json", "note.txt"])] = files[name]


OF_FILES = [_lose, _empty, _copy, _copy, _rename, _pack, _append, _append, _exchange, _part, _part, _spoil, _litter]


def mutant_of_folder(folder: Folder, dice: random.Random) -> tuple[str, Files]:
    """What was done to a folder of sound charts, and what became of it."""
    done: list[str] = []
    contents = folder.files()
    spoilt = dice.choice([*contents, *[""] * len(contents)])
    files = {
        name: _spoilt(kind, units, dice, done) if name == spoilt else kind.write(units, dice)
        for name, (kind, units) in contents.items()
    }
    if not done or dice.random() < 0.3:
        for _ in range(dice.choice([1, 1, 2])):
            if files:
                _do(dice.choice(OF_FILES), files, dice, done)
    return ", ".join(done), files
