"""Pieces of HTML: everything that comes from a run is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


class Column(NamedTuple):
    """A column of a table.

    Args:
        title: Its head.
        kind: ``n`` for numbers, ``long`` for texts that may break anywhere.
    """

    title: str
    kind: str = ""


def text(value: object) -> str:
    """The value as HTML."""
    return value if isinstance(value, Markup) else escape(str(value))


def tag(name: str, *inner: object, **attributes: object) -> Markup:
    """An element; ``class_`` stands for ``class``."""
    names = {key: key.rstrip("_").replace("_", "-") for key in attributes}
    given = "".join(f' {names[key]}="{escape(str(of))}"' for key, of in attributes.items())
    return Markup(f"<{name}{given}>{''.join(map(text, inner))}</{name}>")


def table(columns: Sequence[Column], rows: Sequence[Sequence[object]], *, name: str) -> Markup:
    """A table; a cell that is None is empty.

    On a phone one with a ``long`` column shows each row as a card, others scroll sideways.
    """
    head = tag("tr", *(tag("th", c.title, scope="col", class_=c.kind) for c in columns))
    body = [
        tag(
            "tr",
            *(
                tag("td", "" if cell is None else cell, class_=column.kind, data_label=column.title)
                for cell, column in zip(row, columns, strict=True)
            ),
        )
        for row in rows
    ]
    kind = "stack" if any(column.kind == "long" for column in columns) else ""
    inner = tag("table", tag("thead", head), tag("tbody", *body), class_=kind)
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=name)


def legend(entries: Sequence[tuple[str, object]]) -> Markup:
    """What colours mean: the class of each key, and words."""
    return tag(
        "ul",
        *(
            tag("li", tag("span", class_=f"key {kind}"), tag("span", words))
            for kind, words in entries
        ),
        class_="legend",
    )
