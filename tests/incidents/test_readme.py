"""The page of incidents names every failure, every story of this folder, and only tests that there are."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (HERE / "README.md").read_text()
NAMED = re.compile(r"`((?:[\w/]+/)?\w+\.py)::(\w+)`")


def stories(path: Path) -> dict[str, str]:
    """The tests of a file with their first lines."""
    functions = (node for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "name"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_failure_has_one_row() -> None:
    rows = sorted(re.findall(r"^\| (inc\d\d) \|", PAGE, re.MULTILINE))
    assert rows == [f"inc{number:02}" for number in range(89)]


def test_every_failure_at_a_crypto_exchange_is_told_at_binance() -> None:
    """The first 57 are theirs; then come those of MetaTrader 5, chats, databases, webhooks and backtests."""
    told = re.findall(r"^\| (inc\d\d) \|.*`test_binance_\w+\.py::", PAGE, re.MULTILINE)
    assert sorted(told) == [f"inc{number:02}" for number in range(57)]


def test_every_test_that_is_named_is_there() -> None:
    for file, name in NAMED.findall(PAGE):
        path = ROOT / file if "/" in file else HERE / file
        assert name in stories(path), f"{file} has no {name}: correct README.md"


def test_every_story_is_named_with_its_failures() -> None:
    for path in HERE.glob("test_*.py"):
        if path == Path(__file__):
            continue
        for name, first in stories(path).items():
            row = next((line for line in PAGE.splitlines() if f"`{path.name}::{name}`" in line), "")
            assert row, f"README.md does not name {path.name}::{name}"
            for failure in re.findall(r"inc\d\d", first):
                assert any(f"`{path.name}::{name}`" in line for line in PAGE.splitlines() if f"| {failure} |" in line)
