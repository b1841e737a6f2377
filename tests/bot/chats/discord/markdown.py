"""Discord's Markdown read as its guide describes it, as far as to see whether any of it was meant.

Written from Discord's "Markdown Text 101" and Message Formatting pages: a backslash shows the sign
after it; bold, italic, underline, strike-through, spoilers, code, masked links, mentions, emoji by
name, headings, quotes and lists are markup. Only bold whole lines and code blocks are expected.
"""

import re

_MEANT = re.compile(r"[*_~|`\[<\\]")
_CALLS = re.compile(r"@(?:everyone|here)|<@[!&]?[0-9]")
_EMOJI = re.compile(r":[\w+-]*[A-Za-z][\w+-]*:")
_LINE = re.compile(r" *(?:#{1,3} |-# |>|[-*+] |[0-9]+\. )")


def read(text: str) -> tuple[str, list[str]]:
    """The text as people see it, and its code blocks.

    Raises:
        ValueError: something in it is markup besides bold lines and code blocks, or calls somebody.
    """
    shown, blocks, block = list[str](), list[str](), None
    if _CALLS.search(text):
        raise ValueError(f"it mentions somebody: {text!r}")
    for line in text.split("\n"):
        if line == "```":
            blocks += [] if block is None else ["\n".join(block)]
            shown += block or []
            block = None if block is not None else []
        elif "```" in line:
            raise ValueError(f"a fence within a line: {line!r}")
        elif block is not None:
            block.append(line)
        else:
            bold = line.startswith("**") and line.endswith("**") and len(line) > 4
            shown.append(_prose(line[2:-2] if bold else line, begins=not bold))
    if block is not None:
        raise ValueError("a code block is not closed")
    return "\n".join(shown), blocks


def _prose(line: str, begins: bool) -> str:
    if begins and _LINE.match(line):
        raise ValueError(f"the line begins with markup: {line!r}")
    bare = re.sub(r"\\[^0-9A-Za-z\s]", "\0", line)
    if _MEANT.search(bare) or _EMOJI.search(bare):
        raise ValueError(f"markup in {line!r}")
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", line)
