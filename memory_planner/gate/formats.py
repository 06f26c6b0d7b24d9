"""A verdict as CI systems read it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from files import json_text
from memory_planner.gate.growth import Change
from memory_planner.gate.text import text
from memory_planner.gate.verdict import Verdict, exit_code, line

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULES = {
    "over-budget": "The model does not fit the chip.",
    "growth": "The model grew by more than is allowed since the baseline.",
    "too-slow": "The model is not sure to reach the frames a second that are asked for.",
    "unusable": "The model cannot be used.",
}


def json(verdicts: Sequence[Verdict]) -> str:
    """One object for one model; for several, an object with all of them."""
    if len(verdicts) == 1:
        return json_text(verdicts[0].as_json())
    return json_text({"fits": exit_code(verdicts) == 0, "models": [v.as_json() for v in verdicts]})


def _rules(verdict: Verdict) -> list[str]:
    """What is wrong, by rule."""
    if verdict.answer is None:
        return ["unusable"]
    wrong = {
        "over-budget": not verdict.answer.fit.fits,
        "growth": verdict.grew_too_much,
        "too-slow": verdict.answer.is_too_slow,
    }
    return [rule for rule, is_so in wrong.items() if is_so]


def github(verdicts: Sequence[Verdict]) -> str:
    """Workflow commands: an annotation for each model.

    Source: docs.github.com, Workflow commands for GitHub Actions.
    """
    lines = []
    for verdict in verdicts:
        wrong = _rules(verdict)
        level = "error" if wrong else "notice"
        title = f"sixmeg: {', '.join(wrong)}" if wrong else "sixmeg"
        where = f"file={_property(verdict.model)},title={_property(title)}"
        lines.append(f"::{level} {where}::{_message(f'{verdict.model}: {line(verdict)}')}")
    return "\n".join(lines) + "\n"


def _message(told: str) -> str:
    return told.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(told: str) -> str:
    return _message(told).replace(":", "%3A").replace(",", "%2C")


def junit(verdicts: Sequence[Verdict]) -> str:
    """A test suite with a case for each model.

    Source: the schema that Jenkins' xunit-plugin publishes, and what GitLab reads of it.
    """
    failures = sum(bool(v.answer and v.exit_code) for v in verdicts)
    errors = sum(v.answer is None for v in verdicts)
    counts = {"tests": str(len(verdicts)), "failures": str(failures), "errors": str(errors)}
    top = ET.Element("testsuites", counts)
    suite = ET.SubElement(top, "testsuite", {"name": "sixmeg gate", **counts, "skipped": "0", "time": "0"})
    for verdict in verdicts:
        case = ET.SubElement(
            suite, "testcase", {"classname": "sixmeg.gate", "name": _printable(verdict.model), "time": "0"}
        )
        told = _printable(line(verdict))
        if verdict.answer is None:
            ET.SubElement(case, "error", {"message": told, "type": "unusable"}).text = told
        elif verdict.exit_code:
            kind = ", ".join(_rules(verdict))
            ET.SubElement(case, "failure", {"message": told, "type": kind}).text = _printable(text([verdict]))
        else:
            ET.SubElement(case, "system-out").text = _printable(text([verdict]))
    ET.indent(top)
    return ET.tostring(top, encoding="unicode", xml_declaration=False) + "\n"


def _printable(told: str) -> str:
    """Without the characters that XML has no way to write."""
    return re.sub(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "?", told)


def sarif(verdicts: Sequence[Verdict]) -> str:
    """SARIF 2.1.0: a result for each thing that is wrong, none where all is well.

    Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
    """
    results = []
    rules = list(RULES)
    for verdict in verdicts:
        for rule in _rules(verdict):
            place = {"artifactLocation": {"uri": _uri(verdict.model)}, "region": {"startLine": 1}}
            results.append(
                {
                    "ruleId": rule,
                    "ruleIndex": rules.index(rule),
                    "level": "error",
                    "message": {"text": line(verdict)},
                    "locations": [{"physicalLocation": place}],
                    "partialFingerprints": {"sixmeg/v1": f"{rule}:{verdict.model}"},
                }
            )
    driver = {
        "name": "sixmeg",
        "rules": [{"id": rule, "shortDescription": {"text": told}} for rule, told in RULES.items()],
    }
    run = {"tool": {"driver": driver}, "results": results}
    return json_text({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _uri(path: str) -> str:
    return quote(path.removeprefix("./"))


def markdown(verdicts: Sequence[Verdict]) -> str:
    """A table for a pull request or a job's summary, and what changed under it."""
    rows = ["| model | verdict | required | budget | margin | grew |", "|---|---|---:|---:|---:|---:|"]
    rows += [_row(verdict) for verdict in verdicts]
    for verdict in verdicts:
        rows += _changes(verdict)
        rows += _reasons(verdict)
    return "\n".join(rows) + "\n"


def _row(verdict: Verdict) -> str:
    name = _cell(verdict.model)
    if verdict.answer is None:
        return f"| {name} | cannot be used: {_cell(verdict.error)} | | | | |"
    fit, growth = verdict.answer.fit, verdict.growth
    told = ", ".join(rule.replace("-", " ") for rule in _rules(verdict)) or "fits"
    grew = f"{growth.growth_bytes:+,}" if growth and growth.is_known else ""
    sizes = f"{fit.required_bytes:,} | {fit.budget_bytes:,} | {fit.margin_bytes:,}"
    return f"| {name} | {told} | {sizes} | {grew} |"


def _changes(verdict: Verdict) -> list[str]:
    if verdict.growth is None or not (verdict.growth.parts or verdict.growth.tensors):
        return []
    rows = ["", f"**{_cell(verdict.model)}**, what changed:", "", "| what | before | after | grew |"]
    rows.append("|---|---:|---:|---:|")
    return rows + [_change(c) for c in (*verdict.growth.parts, *verdict.growth.tensors)]


def _change(change: Change) -> str:
    before = "-" if change.before_bytes is None else f"{change.before_bytes:,}"
    after = "-" if change.after_bytes is None else f"{change.after_bytes:,}"
    name = change.name if change.kind == "part" else f"{change.kind} {change.name}"
    return f"| {_cell(name)} | {before} | {after} | {change.growth_bytes:+,} |"


def _reasons(verdict: Verdict) -> list[str]:
    if verdict.why is None:
        return []
    worst = verdict.why.worst_step
    at = f"worst step {worst.step}: {worst.kind}, {worst.live_bytes:,} bytes alive"
    told = [f"**{_cell(verdict.model)}**, {at}", ""]
    told += [
        f"- {_cell(r.what)}: {r.required_bytes:,} bytes, {r.saves_bytes:,} fewer{', fits' if r.fits else ''}"
        for r in verdict.why.remedies
    ]
    return ["", *told]


def _cell(told: str) -> str:
    return " ".join(told.split()).replace("|", "\\|")


FORMATS: dict[str, Callable[[Sequence[Verdict]], Any]] = {
    "text": text,
    "json": json,
    "github": github,
    "junit": junit,
    "sarif": sarif,
    "markdown": markdown,
}
