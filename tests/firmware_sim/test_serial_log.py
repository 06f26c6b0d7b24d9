import pytest

from firmware_sim.serial_log import LogError, read

LOG = """boot, 480 MHz
sixmeg frame cycles=1,000
noise cycles= and recycles=7 and cycles=0
sixmeg frame cycles=0x3EA
sixmeg FRAME CYCLES=5_000
sixmeg op=2 name=dw1 cycles=30
sixmeg op=0 cycles=11
sixmeg op=0 cycles=13
sixmeg clock_hz=480,000,000
"""


def written(tmp_path, text):
    (tmp_path / "log.txt").write_text(text)
    return str(tmp_path / "log.txt")


def test_frames_and_operators_are_taken_and_everything_else_is_passed_over(tmp_path):
    counted = read(written(tmp_path, LOG))
    assert counted.frames == (1000, 1002, 5000)
    assert counted.ops == {2: (30,), 0: (11, 13)}
    assert counted.clock_hz == 480_000_000


def test_the_median_frame_counts_and_operators_add_up_where_no_frame_was_counted(tmp_path):
    assert read(written(tmp_path, LOG)).frame_cycles == 1002
    assert read(written(tmp_path, "op=2 cycles=30\nop=0 cycles=11\nop=0 cycles=13")).frame_cycles == 42


@pytest.mark.parametrize("text", ["", "hello", "cycles=", "recycles=12", "cycles=0"])
def test_a_log_without_cycles_is_one_line(tmp_path, text):
    with pytest.raises(LogError, match=r"log\.txt: no cycles=NUMBER in it"):
        read(written(tmp_path, text))


def test_a_log_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(LogError, match=r"nowhere\.txt: .*give a board's log"):
        read(str(tmp_path / "nowhere.txt"))
