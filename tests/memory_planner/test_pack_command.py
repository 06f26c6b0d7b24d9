"""`sixmeg pack`: what it reads, says, writes and refuses."""

import csv
import json

import pytest

import sixmeg
from graph.errors import AllocationsError
from memory_planner.allocations import read

# minimalloc's own example, as its README has it: it fits 12 and nothing less.
EXAMPLE = "id,lower,upper,size\nb1,0,3,4\nb2,3,9,4\nb3,0,9,4\nb4,9,21,4\nb5,0,21,4\n"
GAP = "id,lower,upper,size\na,1,3,1\nb,2,5,1\nc,3,6,3\nd,5,6,2\ne,0,2,3\nf,1,4,1\ng,0,1,2\n"


@pytest.fixture
def packed(tmp_path, capsys):
    """Run the command on a text; its exit code and what it printed."""

    def run(text, *options):
        (tmp_path / "set.csv").write_text(text)
        with pytest.raises(SystemExit) as ended:
            sixmeg.main(["pack", str(tmp_path / "set.csv"), *options])
        shown = capsys.readouterr()
        return ended.value.code, shown.out or shown.err

    return run


def test_what_fits_is_0_and_the_answer_is_json(packed):
    code, shown = packed(EXAMPLE, "--capacity", "12", "--json")
    answer = json.loads(shown)
    assert (code, answer["height"], answer["proof"], answer["fits"]) == (0, 12, "lower-bound", True)
    assert (answer["lower_bound"], answer["gap"], answer["buffers"], answer["capacity"]) == (12, 0, 5, 12)
    assert answer["seconds"] >= 0 and answer["algorithm"]


@pytest.mark.parametrize(
    ("text", "capacity", "proof"),
    [(EXAMPLE, "11", "lower-bound"), (EXAMPLE, "0", "lower-bound"), (GAP, "5", "search")],
)
def test_what_cannot_fit_is_3_with_the_proof(packed, tmp_path, text, capacity, proof):
    code, shown = packed(text, "--capacity", capacity, "--json", "-o", str(tmp_path / "out.csv"))
    answer = json.loads(shown)
    assert (code, answer["proof"], answer["fits"]) == (3, proof, False)
    assert not (tmp_path / "out.csv").exists()


def test_what_is_not_found_in_time_is_3_without_proof(packed):
    code, shown = packed(GAP, "--capacity", "5", "--json", "--time-limit", "0")
    assert (code, json.loads(shown)["proof"]) == (3, "none")


def test_without_a_capacity_the_height_is_the_least(packed):
    code, shown = packed(GAP, "--json")
    answer = json.loads(shown)
    assert (code, answer["height"], answer["lower_bound"], answer["proof"]) == (0, 6, 5, "search")
    assert packed(GAP)[1].startswith("height 6: a search found that there is no lower packing (")


def test_offsets_are_written_beside_what_was_read(packed, tmp_path):
    text = "id,offset,size,lower,upper,hint\nx,7,4,0,2,\ny,,4,1,3,9\nz,,4,2,4,\n"
    assert packed(text, "--capacity", "8B", "-o", str(tmp_path / "out.csv"))[0] == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert list(rows[0]) == ["id", "size", "lower", "upper", "hint", "offset"]
    assert [row["id"] for row in rows] == ["x", "y", "z"]
    assert sorted({row["offset"] for row in rows}) == ["0", "4"]
    assert rows[0]["offset"] == rows[2]["offset"] != rows[1]["offset"]


def test_an_end_is_the_last_step_and_an_upper_the_first_without(tmp_path):
    (tmp_path / "end.csv").write_text("buffer_id,start,end,size\r\na,0,1,4\r\n\r\n")
    (tmp_path / "upper.csv").write_text("\ufeffid, lower, upper, size\na, 0, 2, 4\n", encoding="utf-8")
    assert read(tmp_path / "end.csv").buffers == read(tmp_path / "upper.csv").buffers


REFUSED = {
    "": "no buffers",
    "id,lower,upper,size\n": "no buffers",
    "id,lower,size\na,0,4\n": "no column upper",
    "id,lower,upper,size,size\na,0,1,4,4\n": "column size stands twice",
    "id,lower,upper,size\na,0,1\n": "line 2: 3 cells under a header of 4",
    "id,lower,upper,size\na,0,1,4\nb,0,1,nan\n": "line 3: size 'nan' is no whole number",
    "id,lower,upper,size\na,0,1,4.5\n": "size '4.5' is no whole number",
    "id,lower,upper,size\na,0,1,\n": "size '' is no whole number",
    "id,lower,upper,size\na,0,1,-4\n": "size -4 is negative",
    "id,lower,upper,size\na,-1,1,4\n": "lower -1 is negative",
    "id,lower,upper,size\na,1,1,4\n": "upper 1 is not above lower 1",
    "id,lower,upper,size\na,3,1,4\n": "upper 1 is not above lower 3",
    f"id,lower,upper,size\na,0,1,{'9' * 5000}\n": "is more than 2**60",
    f"id,lower,upper,size\na,0,1,{2**60}\nb,0,1,1\n": "all sizes together are more than 2**60",
    "id,lower,upper,size\na,0,1,4\na,0,1,4\n": "line 3: id 'a' stands in an earlier line too",
    "id,lower,upper,size,alignment\na,0,1,4,64\n": "alignment '64' is not supported",
    "id,lower,upper,size,gaps\na,0,9,4,3-5\n": "gaps '3-5' is not supported",
    "id,lower,upper,size\na,0,1,4\0\n": "set.csv",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[-30:])
def test_a_file_that_means_no_buffers_is_one_line_and_2(packed, text):
    code, shown = packed(text, "--capacity", "9")
    assert code == 2
    assert REFUSED[text] in shown
    assert shown.startswith("sixmeg: error: ") and shown.count("\n") == 1


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "set.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AllocationsError, match="no CSV"):
        read(tmp_path / "set.csv")


@pytest.mark.parametrize("options", [("--time-limit", "nan"), ("--time-limit", "-1"), ("--capacity", "-1")])
def test_limits_that_mean_nothing_are_2(packed, options):
    assert packed(EXAMPLE, *options)[0] == 2
