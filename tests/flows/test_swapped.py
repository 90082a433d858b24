"""A file takes its place whole, or not at all."""

from pathlib import Path

import pytest

from flows.swapped import swapped_in


def test_the_new_takes_the_place_of_the_old_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    with target.open() as reader:
        with swapped_in(target) as fresh:
            fresh.write_text("new")
            assert target.read_text() == "old"
        assert (reader.read(), target.read_text()) == ("old", "new")
    assert list(tmp_path.iterdir()) == [target]


def test_after_a_failure_the_old_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), swapped_in(target) as fresh:
        fresh.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_writer_left_is_not_taken_for_the_new(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    (tmp_path / "page.html.new").write_text("half")
    with pytest.raises(FileNotFoundError), swapped_in(target):
        pass
    assert list(tmp_path.iterdir()) == []
