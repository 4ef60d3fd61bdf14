"""The messages in docs/faq.md are those of the packages; ... stands for a value."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MESSAGES = re.findall(r"^`(.+)`\n: ", (ROOT / "docs" / "faq.md").read_text(), flags=re.MULTILINE)


class _Strings(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.found.append(
            "".join(part.value if isinstance(part, ast.Constant) else "..." for part in node.values)
        )

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append(re.sub(r"%[srdg]", "...", node.value))


@cache
def _strings() -> str:
    visitor = _Strings()
    for package in ("eahas_plugins", "surrogate"):
        for path in (ROOT / package).rglob("*.py"):
            visitor.visit(ast.parse(path.read_text()))
    return "\n".join(text.replace("`", "") for text in visitor.found)


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 25


@pytest.mark.parametrize("message", MESSAGES)
def test_message_is_one_of_ours(message: str) -> None:
    parts = [part.strip(" ();:,") for part in message.split("...")]
    assert any(len(part) > 12 for part in parts), "say enough to find it"
    for part in filter(None, parts):
        assert part in _strings(), part
