import pytest

from files import replacing, write_json


def test_a_block_that_raises_leaves_the_old_file(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folders_are_made_and_json_ends_with_one_newline(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"z": 1, "a": [2]})
    assert (tmp_path / "a" / "b.json").read_text() == '{\n  "z": 1,\n  "a": [\n    2\n  ]\n}\n'


def test_what_is_no_number_is_no_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"fps": float("nan")})
    assert list(tmp_path.iterdir()) == []
