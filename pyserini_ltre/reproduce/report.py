"""The results in a work folder as one HTML page that needs no network."""

import re
from html import escape
from pathlib import Path
from string import Template

from pyserini_ltre.errors import InputError, visible
from pyserini_ltre.files import atomic_file
from pyserini_ltre.json_files import read_json
from pyserini_ltre.registry.registry_file import resources
from pyserini_ltre.reproduce.collections import KNOWN
from pyserini_ltre.reproduce.conditions import CONDITIONS
from pyserini_ltre.reproduce.expected import FAIL, PASS, Verdict, judge
from pyserini_ltre.reproduce.picture import draw_bars
from pyserini_ltre.reproduce.results import Results, read_results

NOT_RUN = "published, not run here"
_CLASS = {PASS: "pass", FAIL: "fail"}


def write_report(work: Path, directory: Path) -> Path:
    """Write the results in a work folder of the matrix as ``index.html`` of a directory, and give its path.

    An `InputError` says if the work folder has no results, or damaged ones.
    """
    found = {name: read_results(work / name, name) for name in KNOWN}
    results = {name: result for name, result in found.items() if result}
    if not results:
        raise InputError(
            f"{work}: no results to report; run conditions into it first, or name another work folder"
        )
    verdicts = {
        name: {
            condition: judge(result, condition)
            for condition in CONDITIONS
            if condition in result["conditions"]
        }
        for name, result in results.items()
    }
    page = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8")).substitute(
        introduction=_introduction(verdicts),
        summary=_summary(verdicts),
        sections="\n".join(_section(name, results[name], verdicts[name]) for name in results),
        published=_published(),
    )
    with atomic_file(directory / "index.html") as file:
        file.write(page)
    return directory / "index.html"


def _introduction(verdicts: dict[str, dict[str, Verdict]]) -> str:
    statuses = [verdict.status for of_collection in verdicts.values() for verdict in of_collection.values()]
    failing = statuses.count(FAIL)
    counts = (
        f'<span class="pass">{statuses.count(PASS)} pass</span>, '
        f'<span class="{"fail" if failing else "none"}">{failing} fail</span>, '
        f"{len(statuses) - failing - statuses.count(PASS)} without an expected score."
    )
    return (
        f"<p>{counts} Click a row to see the commands that made it: they are unmodified Pyserini commands, and this "
        "package's own for encoding, training and combining. Each was run in the order shown.</p>"
        '<p class="faint">Everything again: <code>python -m pyserini.2cr.ltre --all --data DIR</code>. The measure '
        "named first in each table decides; a score passes if it is as near to the expected one as the tolerance "
        "says.</p>"
    )


def _summary(verdicts: dict[str, dict[str, Verdict]]) -> str:
    head = "".join(f'<th><a href="#{name}">{name}</a></th>' for name in verdicts)
    lines = []
    for condition in CONDITIONS.values():
        cells = [_summary_cell(of_collection.get(condition.name)) for of_collection in verdicts.values()]
        if any(condition.name in of_collection for of_collection in verdicts.values()):
            lines.append(f"<tr><th>{escape(condition.title)}</th>{''.join(cells)}</tr>")
    return (
        "<h2>Overview</h2>"
        '<div class="scroll"><table class="matrix"><thead><tr><th>Condition</th>'
        f"{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        f'<p class="faint">{"; ".join(_notes(verdicts))}</p>'
    )


def _summary_cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return "<td></td>"
    mark = {PASS: " &#10003;", FAIL: " &#10007;"}.get(verdict.status, "")
    return f'<td>{verdict.observed:.4f}<span class="{_CLASS.get(verdict.status, "none")}">{mark}</span></td>'


def _notes(verdicts: dict[str, dict[str, Verdict]]) -> list[str]:
    measures = {KNOWN[name].measures[0] for name in verdicts}
    transfers = [
        f"{name}: trained encoders and BM25's weights are transferred from {KNOWN[name].trained_on}"
        for name in verdicts
        if KNOWN[name].trained_on
    ]
    return [f"{', '.join(sorted(measures))} on the test queries", *transfers]


def _section(name: str, results: Results, verdicts: dict[str, Verdict]) -> str:
    known, settings = KNOWN[name], results["settings"]
    facts = [f"{results['queries']} test queries", f"collection {str(settings['fingerprint'])[:12]}"]
    if "Python" in settings:
        facts.append(f"the library of Python {settings['Python']}, for which alone the scores hold")
    if known.trained_on:
        facts.append(
            f"no training queries: whatever is trained or tuned was so on {known.trained_on} (transfer)"
        )
    main = known.measures[0]
    head = "".join(f"<th>{title}</th>" for title in (*known.measures, "expected", "difference", "result"))
    rows = "".join(_row(name, condition, results, verdict) for condition, verdict in verdicts.items())
    bars = {condition: verdict.observed for condition, verdict in verdicts.items()}
    return (
        f'<h2 id="{name}">{name}</h2><p class="faint">{_shown("; ".join(facts))}</p>'
        f"{draw_bars(bars, f'{main} on {name}')}"
        f'<div class="scroll"><table><thead><tr><th>Condition</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(name: str, condition: str, results: Results, verdict: Verdict) -> str:
    found, known = results["conditions"][condition], KNOWN[name]
    controls = f"{name}-{condition}"
    label = escape(CONDITIONS[condition].title)
    button = f'<button aria-expanded="false" aria-controls="{controls}">{label}</button>'
    if known.trained_on and CONDITIONS[condition].needs_training_queries:
        button += f'<span class="transfer">from {known.trained_on}</span>'
    measures = "".join(f"<td>{found['measures'][measure]:.4f}</td>" for measure in known.measures)
    if verdict.expected is None:
        compared = f'<td></td><td></td><td class="none">no expected score<br>{_shown(verdict.why)}</td>'
    else:
        expected = verdict.expected[verdict.measure]
        difference = round(verdict.observed - expected, 4) + 0.0  # without it, a zero may be negative
        compared = (
            f"<td>{expected:.4f} &#177; {verdict.tolerance:g}</td><td>{difference:+.4f}</td>"
            f'<td class="{_CLASS[verdict.status]}">{verdict.status.lower()}</td>'
        )
    weights = f'<p class="faint">weights: {_shown(found["weights"])}</p>' if "weights" in found else ""
    commands = "".join(
        f'<div class="command"><code>{_breakable(step["command"])}</code>'
        f'<span class="faint">{step["seconds"]:.0f} s</span>'
        '<button class="copy">copy</button></div>'
        for step in found["commands"]
    )
    width = len(known.measures) + 4
    return (
        f'<tr class="row"><th>{button}</th>{measures}{compared}</tr>'
        f'<tr class="commands" id="{controls}" hidden><td colspan="{width}"><div class="inside">{commands}{weights}'
        "</div></td></tr>"
    )


def _breakable(command: str) -> str:
    """Keep the browser from breaking a line between the hyphens of an option."""
    return re.sub(r"(?<=\s)(--[\w-]+)", r'<span class="option">\1</span>', _shown(command))


def _shown(text: str) -> str:
    """What is written from data: no markup, and nothing that cannot be seen."""
    return escape(visible(text))


def _published() -> str:
    published = read_json(resources() / "reproduction_published.json")
    tables = []
    for table in published["tables"]:
        rows = "".join(
            f'<tr><th>{escape(system)}</th><td>{value:.3f}</td><td class="none">{NOT_RUN}</td></tr>'
            for system, value in table["rows"].items()
        )
        tables.append(
            f'<h2>{table["title"]}</h2><div class="scroll"><table><thead><tr><th>System</th><th>{table["measure"]}</th>'
            f"<th></th></tr></thead><tbody>{rows}</tbody></table></div>"
            f'<p class="faint">Figures of <a href="{published["url"]}">{escape(published["source"])}</a>. Where the '
            f"data are, the conditions above run on them: <code>--collection {table['collection']}</code> with the "
            f"folder <code>{table['collection']}</code> in <code>--data</code>.</p>"
        )
    return "".join(tables)
