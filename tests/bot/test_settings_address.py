"""`[web] url`: the address under which people reach the desk."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.addresses import site
from bot.settings.loading import load
from trading.errors import ConfigError

URL = "https://desk.example.com"


def test_the_setting_is_where_a_site_begins_and_nothing_more() -> None:
    right = {
        "": "",
        "https://desk.example.com": URL,
        " https://Desk.Example.com:443/ ": URL,
        "https://desk.example.com:8443": f"{URL}:8443",
        "http://10.0.0.7:8420": "http://10.0.0.7:8420",
        "http://desk:80": "http://desk",
        "https://[FD00::7]": "https://[fd00::7]",
    }
    assert {text: site(text) for text in right} == right


@pytest.mark.parametrize(
    "text",
    [
        "desk.example.com", "ftp://desk.example.com", f"{URL}/tiller", f"{URL}//", f"{URL}?", f"{URL}#x", f"{URL}:0",
        f"{URL}:99999", f"{URL}:", "https://", "https://ana@desk.example.com", "https://:pw@desk.example.com",
        "https://[::1", "https://[:::]", "https://bü.example", "https://-desk.example.com", "https://desk .example.com",
    ],
)  # fmt: skip
def test_what_is_not_that_is_one_line_that_says_what_to_write(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as why:
        load(None, tmp_path, 0, {"TILLER_WEB__URL": text})
    assert len(str(why.value).splitlines()) == 1
    assert "web.url" in str(why.value) or "TILLER_WEB__URL" in str(why.value)
    assert "such as https://desk.example.com: a scheme and a host, without a path" in str(why.value)


@given(st.text(max_size=40), st.sampled_from(["", "https://", "http://", f"{URL}", "https://["]))
def test_whatever_is_written_is_refused_or_stays_as_it_was_read(text: str, begins: str) -> None:
    try:
        read = site(begins + text)
    except ValueError:
        return
    assert site(read) == read
    assert read == "" or re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", read)
