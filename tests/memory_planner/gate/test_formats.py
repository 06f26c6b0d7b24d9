"""The formats that CI reads: whole, escaped, and saying the same."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import jsonschema
import pytest

from memory_planner.chip import load
from memory_planner.fit import Fit, WorstStep
from memory_planner.gate.answer import Answer, C, Kept, Terms
from memory_planner.gate.formats import FORMATS, RULES
from memory_planner.gate.growth import Change, Growth, limit
from memory_planner.gate.verdict import Verdict, exit_code
from memory_planner.gate.why import Remedy, Why

WORST = WorstStep(2, 2, "CONV_2D", 400, ("a", "b"))
FIT = Fit(True, 10_000, 1_000, "all", 600, 500, 100, 0, 400, 400, 700, 9_000, 5_999_000, WORST, "greedy", ())
TERMS = Terms(load("npu6m"), C)
NASTY = 'models/50% <of> "a|b",\x07 c:\n.tflite'
GOOD = Verdict("good.tflite", Answer("good.tflite", TERMS, FIT, None, None, (Kept("a", "activation", 1),)))
OVER = Verdict(
    NASTY, Answer(NASTY, TERMS, replace(FIT, fits=False, budget_bytes=900, margin_bytes=-100), None, None, ())
)
GREW = replace(
    GOOD,
    growth=Growth(
        True,
        900,
        1_000,
        (Change("required_bytes", "part", 900, 1_000),),
        (Change("w|1", "constant", None, 100),),
    ),
    limit=limit("2%"),
    why=Why(WORST, (Remedy("res", "RES=64 instead of 96", 800, 200, True),)),
)
BAD = Verdict("bad.tflite", error="bad.tflite: no model; give another")
ALL = [GOOD, OVER, GREW, BAD]

# The part of SARIF 2.1.0 that GitHub's code scanning reads.
SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {"driver": {"required": ["name", "rules"]}},
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "ruleId": {"enum": list(RULES)},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {"required": ["artifactLocation", "region"]}
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_the_worst_verdict_is_the_exit_code():
    assert [exit_code(v) for v in ([GOOD], [GOOD, OVER], [GREW], ALL)] == [0, 3, 3, 2]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_every_model_and_ends_its_last_line(name):
    told = FORMATS[name](ALL)
    assert told.endswith("\n")
    shown = [verdict for verdict in ALL if name != "sarif" or verdict.exit_code]
    assert all(v.model.split("/")[0].split(".")[0] in told for v in shown)


def test_json_of_one_model_is_flat_and_of_several_a_list():
    assert json.loads(FORMATS["json"]([GOOD]))["required_bytes"] == 1_000
    several = json.loads(FORMATS["json"](ALL))
    assert (several["fits"], len(several["models"])) == (False, 4)
    assert several["models"][2]["growth"]["too_much"]
    assert several["models"][2]["why"]["remedies"][0]["saves_bytes"] == 200
    assert several["models"][3] == {"model": "bad.tflite", "error": BAD.error}


def test_a_workflow_command_is_one_line_a_model_whatever_its_name():
    lines = FORMATS["github"](ALL).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::notice", "::error", "::error", "::error"]
    for line in lines:
        assert re.fullmatch(r"::(notice|error) file=[^,:]+,title=[^,:]+::[^\n]+", line)
    assert "50%25 <of>" in lines[1]


def test_junit_has_a_case_for_each_model_and_counts_what_failed():
    top = ET.fromstring(FORMATS["junit"](ALL))
    (suite,) = top
    assert {k: top.get(k) for k in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "2",
        "errors": "1",
    }
    assert [[child.tag for child in case] for case in suite] == [
        ["system-out"],
        ["failure"],
        ["failure"],
        ["error"],
    ]
    assert [case.find("failure").get("type") for case in list(suite)[1:3]] == ["over-budget", "growth"]
    assert all(case.get("name") and case.get("classname") for case in suite)


def test_sarif_has_a_result_for_each_thing_that_is_wrong():
    log = json.loads(FORMATS["sarif"](ALL))
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["over-budget", "growth", "unusable"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in run["results"])
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
    assert all(re.fullmatch(r"[A-Za-z0-9/._~%-]+", uri) for uri in uris)


def test_markdown_is_one_row_a_model_and_a_row_a_change():
    lines = FORMATS["markdown"](ALL).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 4 + 2 + 2
    assert all(len(re.findall(r"(?<!\\)\|", line)) == (7 if k < 6 else 5) for k, line in enumerate(table))
    assert "- RES=64 instead of 96: 800 bytes, 200 fewer, fits" in lines


def test_text_of_one_model_begins_with_the_verdict():
    assert FORMATS["text"]([GOOD]).startswith("fits: 1,000 of 10,000 bytes (10.0 %), 9,000 to spare\n")
    assert FORMATS["text"]([OVER]).startswith("over budget: 1,000 of 900 bytes (111.1 %), 100 too many\n")
    assert FORMATS["text"]([GREW]).startswith(
        "grew too much: 100 bytes since the baseline, 2% are allowed; fits"
    )
