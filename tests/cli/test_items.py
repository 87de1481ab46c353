"""HTTPie's request items."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.items import Item, read_items, split_item


@pytest.mark.parametrize(
    "word, item",
    [
        ("a=b", Item("a", "=", "b")),
        ("a==b", Item("a", "==", "b")),
        ("a:=1", Item("a", ":=", "1")),
        ("a=@f", Item("a", "=@", "f")),
        ("a:=@f", Item("a", ":=@", "f")),
        ("a==@f", Item("a", "==@", "f")),
        ("a@f", Item("a", "@", "f")),
        ("A:b=c", Item("A", ":", "b=c")),
        ("A:@f", Item("A", ":@", "f")),
        ("A;", Item("A", ";", "")),
        ("a;b=c;", Item("a;b", "=", "c;")),
        (r"a\:b=c", Item("a:b", "=", "c")),
        (r"a\\=b", Item("a\\", "=", "b")),
        (r"a\b=c\d", Item(r"a\b", "=", r"c\d")),
        (r"a=\=\@\:", Item("a", "=", "=@:")),
    ],
)
def test_first_separator_counts(word: str, item: Item) -> None:
    """Of two at one place the longer; a backslash takes the meaning away."""
    assert split_item(word) == item


@given(st.text(alphabet="ab:=@;\\", max_size=12), st.sampled_from(["=", "==", ":=", "@", ":"]), st.text("abc"))
def test_escaped_name_comes_back(name: str, separator: str, value: str) -> None:
    """Whatever is in it."""
    escaped = "".join([f"\\{c}" if c in ":=@;\\" else c for c in name])
    if name:
        assert split_item(f"{escaped}{separator}{value}") == Item(name, separator, value)


def test_text_is_utf8_in_any_locale() -> None:
    """As Python gives words that a locale does not know."""
    raw = "\udcc3\udcb1"
    items = read_items([f"{raw}={raw}", f'n:="{raw}"', f"q=={raw}"])
    assert items.fields == [("ñ", "ñ"), ("n", "ñ")] and items.params == [("q", "ñ")]


def test_items_say_together_what_is_sent(tmp_path: Path) -> None:
    """Query, headers, fields and files, each in its order."""
    (tmp_path / "t.txt").write_text("text\n")
    (tmp_path / "j").write_text('{"k": [1]}')
    path = f"{tmp_path}/t.txt"
    words = ["q==1", f"r==@{path}", "A:b ", "B:", "C;", f"D:@{path}", "s=x", "n:=1", f"t=@{path}", f"u:=@{tmp_path}/j"]
    items = read_items([*words, f"f@{path}", f"g@{path};type=a/b"])
    assert items.params == [("q", "1"), ("r", "text")] and items.has_body
    assert items.headers == [("A", b"b"), ("B", None), ("C", b""), ("D", b"text")]
    assert items.fields == [("s", "x"), ("n", 1), ("t", "text"), ("u", {"k": [1]})]
    assert items.form_fields() == [("s", "x"), ("n", "1"), ("t", "text"), ("u", '{"k": [1]}')]
    assert items.files == [("f", ("t.txt", Path(path))), ("g", ("t.txt", Path(path), "a/b"))]
    assert not read_items(["a==b", "A:b"]).has_body


@pytest.mark.parametrize(
    "word, status, why",
    [
        ("nothing", 2, "no URL and no request item"),
        ("a;b", 2, "no URL and no request item"),
        ("=b", 2, "no name before its separator"),
        ("a:=b", 2, r"a:=b: this is not JSON .*a field of text has ="),
        ("a:=" + "[" * 100_000, 2, "this is not JSON"),
        ("a=@/no/such", 26, "cannot read '/no/such'"),
        ("a@/no/such", 26, "cannot read '/no/such'"),
    ],
)
def test_what_makes_no_sense_is_explained(word: str, status: int, why: str) -> None:
    """With what would."""
    with pytest.raises(CommandError, match=why) as caught:
        read_items([word])
    assert caught.value.status == status


def test_text_must_be_text(tmp_path: Path) -> None:
    """A binary file is no JSON value."""
    (tmp_path / "b").write_bytes(b"\xff")
    with pytest.raises(CommandError, match="is not UTF-8; name@") as caught:
        read_items([f"a=@{tmp_path}/b"])
    assert caught.value.status == 26
