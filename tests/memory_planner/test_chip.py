import re
from pathlib import Path

import pytest

from graph.errors import ChipError
from memory_planner.chip import load, names, parse_bytes
from memory_planner.cost.written import toml

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
    figures += [
        f for m in chip.memory for f in (m.bytes, m.bytes_per_cycle, m.activation_bytes_per_cycle) if f
    ]
    figures += [r.bytes for r in chip.reservation]
    assert all(len(figure.source) > 10 for figure in figures)


@pytest.mark.parametrize("name", names())
def test_a_chip_written_as_toml_reads_back_the_same(name, tmp_path):
    (tmp_path / "copy.toml").write_text(toml(load(name)))
    assert load(str(tmp_path / "copy.toml")) == load(name)


def test_a_name_that_a_chip_had_before_still_finds_it():
    assert load("ethos-u55") == load("ethos-u55-256")


def test_a_fit_whose_leverage_has_another_size_is_refused(tmp_path):
    text = toml(load("gap8")).replace("leverage = [[", "leverage = [[1, 2], [")
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(ChipError, match=r"fitted\.leverage is not 2 rows of 2"):
        load(str(tmp_path / "odd.toml"))


def test_the_chip_that_the_docs_write_loads(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "chips.md").read_text()
    (tmp_path / "mine.toml").write_text(re.search(r"```toml\n(.*?)```", page, re.S)[1])
    chip = load(str(tmp_path / "mine.toml"))
    assert [chip.available_bytes(m.name) for m in chip.memory] == [1_048_576 - 153_600, 4_194_304]


def test_an_own_copy_reads_the_same(tmp_path):
    assert load(edited(tmp_path, "npu6m", "npu6m")) == NPU6M


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("summary", "sumary", "sumary"),
        ("[clock_hz]", "[clock_mhz]", "clock_mhz"),
        ("value = 6_291_456", "value = -1", r"memory\[0\]\.bytes\.value"),
        ("value = 6_291_456", "value = 0", r"memory\[0\]\.bytes\.value"),
        ("value = 6_291_456", 'value = "6 MiB"', r"memory\[0\]\.bytes\.value"),
        ("value = 6_291_456", "value = 6_291_456.0", r"memory\[0\]\.bytes\.value"),
        ("value = 6_291_456", f"value = {2**63}", r"memory\[0\]\.bytes\.value"),
        ("value = 6_291_456", "value = 9_999_999_999_999", r"memory\[0\]\.bytes\.value"),
        ("bytes = {", "kilobytes = {", "kilobytes"),
        ("bytes_per_cycle = { value = 8", "bytes_per_cycle = { value = inf", "bytes_per_cycle"),
        ("bytes_per_cycle = { value = 8", "bytes_per_cycle = { value = nan", "bytes_per_cycle"),
        ("bytes_per_cycle = { value = 8", "bytes_per_cycle = { value = 0", "bytes_per_cycle"),
        ("[clock_hz]", "[[clock_hz]]", "clock_hz"),
        (
            "[layer_overhead_cycles]\nvalue = 2_000",
            "[layer_overhead_cycles]",
            "required field `value`",
        ),
        ('name = "sram"', 'name = "s r a m"', r"memory\[0\]\.name"),
        ('holds = ["weights", "activations"]', "holds = []", "holds"),
        ('holds = ["weights", "activations"]', 'holds = ["weights", "weights"]', "holds twice"),
        ("value = 400_000_000", 'value = "400 MHz"', "clock_hz"),
        ('basis = "assumed"', 'basis = "guessed"', "guessed"),
        ('holds = ["weights", "activations"]', 'holds = ["weights"]', "no memory holds activations"),
        ('holds = ["weights", "activations"]', 'holds = ["activations"]', "no memory holds weights"),
        ("[clock_hz]", "[clock_hz", "mine.toml"),
    ],
)
def test_a_wrong_key_or_figure_is_named_in_one_line(tmp_path, old, new, told):
    with pytest.raises(ChipError, match=told) as error:
        load(edited(tmp_path, old, new))
    assert "\n" not in str(error.value)
    assert "mine.toml" in str(error.value)


SECOND = """
[[memory]]
name = "flash"
kind = "flash"
execute_in_place = true
holds = ["weights"]
bytes = { value = 1_000_000, basis = "assumed", source = "a second memory" }
bytes_per_cycle = { value = 1, basis = "assumed", source = "a second memory" }

[[reservation]]
name = "stack"
memory = "flash"
bytes = { value = 500_000, basis = "assumed", source = "half of it" }

[[reservation]]
name = "firmware"
memory = "flash"
bytes = { value = 400_000, basis = "assumed", source = "almost half of it" }

[clock_hz]"""


def with_flash(tmp_path, old, new):
    """A copy of npu6m's TOML with a flash and two reservations in it, and one replacement in those."""
    assert old in SECOND
    return edited(tmp_path, "[clock_hz]", SECOND.replace(old, new, 1))


def test_reservations_of_a_memory_add_up(tmp_path):
    chip = load(with_flash(tmp_path, "stack", "stack"))
    assert chip.reserved_bytes("flash") == 500_000 + 400_000
    assert chip.available_bytes("flash") == 100_000
    assert chip.budget_bytes == 6 * 1024 * 1024 + 100_000


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "flash"', 'name = "sram"', "two memories are named 'sram'"),
        ('name = "firmware"', 'name = "stack"', "two reservations are named 'stack'"),
        ('memory = "flash"', 'memory = "flush"', "'flush', known are sram, flash"),
        ("value = 500_000", "value = 1_000_001", "1,000,000 bytes, 1,400,001 bytes reserved"),
        ("value = 500_000", "value = 600_001", "1,000,000 bytes, 1,000,001 bytes reserved .stack, firmware."),
        ("value = 500_000", "value = -5", r"reservation\[0\]\.bytes\.value"),
        ("value = 500_000", "size = 5", "size"),
        ('holds = ["weights"]', 'holds = ["weights", "activations"]', "'flash' is a flash"),
        ('kind = "flash"', 'kind = "ram"', "'flash' is no flash"),
        ('kind = "flash"', 'kind = "rom"', "rom"),
    ],
)
def test_what_contradicts_itself_is_named_in_one_line(tmp_path, old, new, told):
    with pytest.raises(ChipError, match=told) as error:
        load(with_flash(tmp_path, old, new))
    assert "\n" not in str(error.value)
    assert "mine.toml" in str(error.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ChipError, match=r"mine.toml"):
        load(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("name", ["npu7m", "nowhere.toml"])
def test_an_unknown_chip_lists_the_known(name):
    with pytest.raises(ChipError, match="npu6m"):
        load(name)


@pytest.mark.parametrize("text", ["", "MiB", "6 MB MB", "-1", "6XiB", "1e6", "9" * 400, "6٣"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ChipError, match="no size"):
        parse_bytes(text)
