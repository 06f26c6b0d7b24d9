"""The folder in the hands of CMake: alone, beneath an application, as a component of ESP-IDF, in Zephyr."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from graph.attrs import Padding
from memory_planner import plan
from tests.export.c.folders import NPU6M, written
from tests.networks import Builder

pytestmark = pytest.mark.skipif(not shutil.which("cmake"), reason="needs cmake")

APP = "cmake_minimum_required(VERSION 3.13)\nproject(app C)\n"
MAIN = """
#include "net.h"
int main(void)
{
    net_input_t x[NET_INPUT_ELEMENTS] = {0};
    net_output_t y[NET_OUTPUT_ELEMENTS];
    net_invoke(x, y);
    return 0;
}
"""
LINKED = "add_executable(app main.c)\ntarget_link_libraries(app PRIVATE net)\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = Builder((1, 5, 7, 3), 3)
    graph = made.graph(made.mean(made.layer(made.input, (3, 3), 8, Padding.SAME, (2, 2))))
    return written(graph, plan(graph, NPU6M), tmp_path_factory.mktemp("cmake") / "net")


def cmake(source: Path, into: Path, *targets: str) -> None:
    for command in (["-S", str(source), "-B", str(into)], ["--build", str(into), *targets]):
        done = subprocess.run(["cmake", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def app(path: Path, lines: str) -> Path:
    path.mkdir()
    (path / "main.c").write_text(MAIN)
    (path / "CMakeLists.txt").write_text(APP + lines)
    return path


def test_alone_it_builds_and_its_check_passes(folder, tmp_path) -> None:
    cmake(folder, tmp_path / "build", "--target", "net_check")
    done = subprocess.run([tmp_path / "build" / "net_check"], capture_output=True, text=True, check=False)
    assert (done.returncode, "PASS" in done.stdout) == (0, True)


def test_an_application_links_it(folder, tmp_path) -> None:
    cmake(app(tmp_path / "app", f"add_subdirectory({folder} net)\n{LINKED}"), tmp_path / "build")
    assert subprocess.run([tmp_path / "build" / "app"], check=False).returncode == 0


def test_in_zephyr_it_is_compiled_with_the_boards_flags(folder, tmp_path) -> None:
    lines = f"""
        add_library(zephyr_interface INTERFACE)
        target_compile_definitions(zephyr_interface INTERFACE NET_ALIGNED=THE_BOARDS)
        target_compile_options(zephyr_interface INTERFACE "-DTHE_BOARDS(n)=__attribute__((aligned(n)))")
        set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
        add_subdirectory({folder} net)
        {LINKED}
    """
    cmake(app(tmp_path / "app", lines), tmp_path / "build")
    commands = (tmp_path / "build" / "compile_commands.json").read_text()
    assert [name for name in ("net.c", "net_weights.c", "kernels.c") if f"{name}.o" in commands] == [
        "net.c",
        "net_weights.c",
        "kernels.c",
    ]
    assert commands.count("-DNET_ALIGNED=THE_BOARDS") == 3


def test_to_esp_idf_it_is_a_component(folder, tmp_path) -> None:
    lines = f"""
        set(ESP_PLATFORM 1)
        function(idf_component_register)
            cmake_parse_arguments(IDF "" "" "SRCS;INCLUDE_DIRS" ${{ARGN}})
            list(TRANSFORM IDF_SRCS PREPEND ${{CMAKE_CURRENT_SOURCE_DIR}}/)
            add_library(component STATIC ${{IDF_SRCS}})
            target_include_directories(component PUBLIC ${{CMAKE_CURRENT_SOURCE_DIR}}/${{IDF_INCLUDE_DIRS}})
        endfunction()
        add_subdirectory({folder} net)
        add_executable(app main.c)
        target_link_libraries(app PRIVATE component)
    """
    cmake(app(tmp_path / "app", lines), tmp_path / "build")
    assert subprocess.run([tmp_path / "build" / "app"], check=False).returncode == 0


PAGE = (Path(__file__).resolve().parents[3] / "docs" / "firmware.md").read_text()


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs arm-none-eabi-gcc")
def test_the_pages_command_for_bare_metal_compiles(folder, tmp_path) -> None:
    (command,) = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    copy = shutil.copytree(folder, tmp_path / "net")
    done = subprocess.run(["sh", "-ec", command], cwd=copy, capture_output=True, text=True, check=False)
    told = subprocess.run(
        ["arm-none-eabi-nm", "-S", "net.o"], cwd=copy, capture_output=True, text=True, check=True
    )
    assert (done.returncode, done.stderr, "net_arena" in told.stdout) == (0, "", True)


def test_the_check_can_be_called_by_a_firmware(folder, tmp_path) -> None:
    copy = shutil.copytree(folder, tmp_path / "net")
    (copy / "app.c").write_text("int net_check(void);\nint main(void) { return net_check(); }\n")
    files = ["golden.c", "net.c", "net_weights.c", "kernels.c"]
    for command in (
        ["-Dmain=net_check", "-c", "main_check.c"],
        ["app.c", "main_check.o", *files, "-o", "app"],
    ):
        subprocess.run(["cc", *command], cwd=copy, check=True)
    done = subprocess.run([copy / "app"], capture_output=True, text=True, check=False)
    assert (done.returncode, "PASS" in done.stdout) == (0, True)
