"""Draw docs/architecture.svg: the wings of `reasoner`, the modules in them, and which wing imports which.

Run it after a module was added, moved or renamed: ``python docs/draw_architecture.py``. A test fails while the picture is
not what this draws.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
WINGS = (
    "ground",
    "rdf",
    "policy",
    "logic",
    "chart",
    "determination",
    "abstraction",
    "assurance",
    "review",
    "render",
    "store",
    "batch",
    "workplace",
    "cli",
)
"""The packages of `reasoner`, each of which imports itself and those before it."""

_WIDTH, _ROW, _LABEL, _GAP, _LANE = 1180, 22, 138, 14, 13
_CHARACTER = 7.25


def modules() -> dict[str, list[Path]]:
    """The modules of each wing, in the order of their paths."""
    package = ROOT / "reasoner"
    return {wing: sorted(p for p in (package / wing).rglob("*.py") if p.name != "__init__.py") for wing in WINGS}


def imported(path: Path) -> Iterator[str]:
    """The dotted names of what a module imports of `reasoner`, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "reasoner":
            if node.module.count(".") > 1:
                yield node.module
            else:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "reasoner")


def wing_imports() -> dict[str, set[str]]:
    """The wings that each wing imports, itself left out."""
    return {
        wing: {name.split(".")[1] for path in paths for name in imported(path)} & set(WINGS) - {wing}
        for wing, paths in modules().items()
    }


def needed(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The imports of wings without those that follow from others (a transitive reduction)."""

    def reach(wing: str) -> set[str]:
        return imports[wing].union(*(reach(below) for below in imports[wing]))

    return {
        wing: {below for below in wings if not any(below in reach(other) for other in wings - {below})}
        for wing, wings in imports.items()
    }


def draw() -> str:
    """The picture as SVG: the highest wing on top, an arrow for each import that does not follow from others."""
    parts: list[str] = []
    heights: dict[str, tuple[float, float]] = {}
    y = 44.0
    for wing, paths in reversed(modules().items()):
        names = [str(p.relative_to(ROOT / "reasoner" / wing).with_suffix("")) for p in paths]
        x, rows, cells = float(_LABEL), 0, []
        for name in names:
            width = len(name) * _CHARACTER + 14
            if x + width > _WIDTH - 190:
                x, rows = float(_LABEL), rows + 1
            cells.append((x, y + 8 + rows * (_ROW + 6), width, name))
            x += width + 8
        height = (rows + 1) * (_ROW + 6) + 10
        parts.append(f'<rect class="wing" x="10" y="{y:g}" width="{_WIDTH - 190:g}" height="{height:g}" rx="5"/>')
        parts.append(f'<text class="name" x="22" y="{y + height / 2 + 5:g}">{escape(wing)}</text>')
        for left, top, width, name in cells:
            parts.append(f'<rect class="module" x="{left:g}" y="{top:g}" width="{width:.1f}" height="{_ROW}" rx="3"/>')
            parts.append(f'<text x="{left + 7:g}" y="{top + 15:g}">{escape(name)}</text>')
        heights[wing] = (y, y + height)
        y += height + _GAP
    edge = _WIDTH - 180
    lane = 0
    for wing, wings in needed(wing_imports()).items():
        for below in sorted(wings, key=WINGS.index, reverse=True):
            start, end = sum(heights[wing]) / 2, sum(heights[below]) / 2
            if heights[wing][1] + _GAP == heights[below][0]:
                middle = 60
                parts.append(f'<path d="M {middle} {heights[wing][1]:g} V {heights[below][0] - 2:g}"/>')
                continue
            reach = edge + 24 + (lane % 10) * _LANE
            lane += 1
            shift = (lane % 5) * 3 - 6
            parts.append(f'<path d="M {edge:g} {start + shift:g} H {reach:g} V {end + shift:g} H {edge + 2:g}"/>')
    style = (
        "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#24292f}.name{font-weight:700;font-size:13px}"
        ".wing{fill:#f3f5f7;stroke:#c9d1d9}.module{fill:#fff;stroke:#b6c2cf}"
        "path{fill:none;stroke:#57606a;stroke-width:1.2;marker-end:url(#tip)}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y:g}" viewBox="0 0 {_WIDTH} {y:g}" role="img" '
        f'aria-label="The wings of reasoner, their modules and imports">\n<style>{style}</style>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" style="fill:#57606a;stroke:none"/></marker></defs>\n'
        f'<rect width="{_WIDTH}" height="{y:g}" fill="#fff"/>\n'
        '<text x="10" y="24">A wing imports itself and wings below it. Arrows that follow from others are left out.</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
