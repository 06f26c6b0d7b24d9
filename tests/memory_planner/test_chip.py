import pytest

from graph.errors import ChipError
from memory_planner.chip import load, names, parse_bytes

NPU6M = load("npu6m")


def edited(tmp_path, old, new):
    """A copy of npu6m's TOML with one replacement, which must be there to replace."""
    from importlib import resources

    text = (resources.files("memory_planner.chips") / "npu6m.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    return str(path)


def test_npu6m_has_6_mib_for_weights_and_activations_together():
    assert NPU6M.budget_bytes == 6 * 1024 * 1024


@pytest.mark.parametrize("name", names())
def test_every_figure_of_a_shipped_chip_says_where_it_comes_from(name):
    chip = load(name)
    rates = chip.macs_per_cycle
    figures = [chip.clock_hz, chip.alignment_bytes, chip.layer_overhead_cycles]
    figures += [rates.conv, rates.depthwise, rates.pointwise]
    figures += [f for m in chip.memory for f in (m.bytes, m.bytes_per_cycle)]
    assert all(len(figure.source) > 10 for figure in figures)


def test_an_own_copy_reads_the_same(tmp_path):
    assert load(edited(tmp_path, "npu6m", "npu6m")) == NPU6M


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("summary", "sumary", "sumary"),
        ("[clock_hz]", "[clock_mhz]", "clock_mhz"),
        ("value = 6_291_456", "value = -1", "memory"),
        ("value = 400_000_000", 'value = "400 MHz"', "clock_hz"),
        ('basis = "assumed"', 'basis = "guessed"', "guessed"),
        ('holds = ["weights", "activations"]', 'holds = ["weights"]', "no memory holds"),
        ("[clock_hz]", "[clock_hz", "mine.toml"),
    ],
)
def test_a_wrong_key_or_figure_is_named_in_one_line(tmp_path, old, new, told):
    with pytest.raises(ChipError, match=told) as error:
        load(edited(tmp_path, old, new))
    assert "\n" not in str(error.value)
    assert "mine.toml" in str(error.value)


@pytest.mark.parametrize("name", ["npu7m", "nowhere.toml"])
def test_an_unknown_chip_lists_the_known(name):
    with pytest.raises(ChipError, match="npu6m"):
        load(name)


@pytest.mark.parametrize("text", ["", "MiB", "6 MB MB", "-1", "6XiB", "1e6"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ChipError, match="no size"):
        parse_bytes(text)
