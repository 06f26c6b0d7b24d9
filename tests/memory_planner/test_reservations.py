import pytest

from graph.errors import ChipError
from memory_planner.chip import load
from memory_planner.reservations import reserving, with_budget

NPU6M, K210, H747 = load("npu6m"), load("k210"), load("stm32h747")


def test_a_new_reservation_goes_to_the_only_memory_of_activations():
    chip = reserving(NPU6M, ["camera=150KiB"])
    assert chip.reserved_bytes("sram") == 150 * 1024
    assert NPU6M.budget_bytes - 150 * 1024 == chip.budget_bytes


def test_a_known_name_changes_its_bytes_and_keeps_its_memory():
    chip = reserving(K210, ["firmware=2.5MiB"])
    assert chip.available_bytes("sram") == 6 * 2**20 - 5 * 2**19
    assert K210.available_bytes("kpu") == chip.available_bytes("kpu")


def test_a_known_name_moves_where_it_is_sent():
    chip = reserving(H747, ["stack=4096@axi"])
    assert chip.reserved_bytes("dtcm") == 0
    assert H747.reserved_bytes("axi") + 4096 == chip.reserved_bytes("axi")


def test_zero_bytes_take_a_reservation_away():
    assert reserving(K210, ["firmware=0"]).available_bytes("sram") == 6 * 2**20


def test_what_the_command_line_reserved_says_so():
    (camera,) = reserving(NPU6M, ["camera=150KiB"]).reservation
    assert "command line" in camera.bytes.source


def test_of_two_options_with_one_name_the_later_holds():
    assert reserving(NPU6M, ["camera=100", "camera=200"]).reserved_bytes("sram") == 200


@pytest.mark.parametrize(
    ("chip", "option", "told"),
    [
        (NPU6M, "camera", "write it like"),
        (NPU6M, "=5", "write it like"),
        (NPU6M, "camera=5@", "write it like"),
        (NPU6M, "camera=lots", "no size"),
        (NPU6M, "camera=-5", "no size"),
        (NPU6M, "camera=7MiB", "6,291,456 bytes, 7,340,032 bytes reserved"),
        (NPU6M, "camera=5@flash", "npu6m has sram"),
        (NPU6M, "my camera=5", "name"),
        (NPU6M, "camera=99999999999999", "bytes"),
        (H747, "camera=5", "in which memory. add @dtcm or @axi"),
    ],
)
def test_an_option_that_cannot_be_is_named_in_one_line(chip, option, told):
    with pytest.raises(ChipError, match=told) as error:
        reserving(chip, [option])
    assert "\n" not in str(error.value)


def test_a_budget_stands_for_all_memories():
    chip = with_budget(H747, 100_000)
    assert chip.budget_bytes == 100_000
    assert [m.holds for m in chip.memory] == [("weights", "activations")]
