"""What the demo shows at the end: a table, a picture, three queries before and after."""

from dataclasses import asdict

from pyserini_ltre.collection import PythonStdlib, overlapping_queries, read_run
from pyserini_ltre.demo.stages import SYSTEMS
from pyserini_ltre.eval import evaluate_per_query, markdown_table, paired_t_test
from pyserini_ltre.eval.pictures import draw_measures
from pyserini_ltre.json_files import write_json
from pyserini_ltre.workflow.folder import WorkFolder

PRIMARY = "nDCG@10"
# The runs have 200 hits a query.
MEASURES = (PRIMARY, "RR@10", "R@100")
SHOWN_HITS = 3
ROWS = {
    "distilled": "distilled (no judgements)",
    "bm25": "BM25",
    "hybrid": "hybrid (trained + BM25)",
    "fusion": "fusion (reciprocal ranks)",
}


def write_report(
    folder: WorkFolder, collection: PythonStdlib, alpha: float, trec_eval: dict[str, float]
) -> str:
    """Measure the runs, write ``results.json`` and ``results.png``, and give what is to be printed.

    Parameters
    ----------
    folder, collection
        Hold the runs, and their judgements and texts.
    alpha : float
        Weight of BM25 in the hybrid run.
    trec_eval : dict of str to float
        nDCG@10 of the frozen and the trained run as trec_eval gave it.
    """
    qrels = collection.qrels("test")
    runs = {system: read_run(folder.path / "runs" / f"{system}.txt") for system in SYSTEMS}
    each = {system: evaluate_per_query(run, qrels, MEASURES) for system, run in runs.items()}
    means = {
        system: {measure: sum(values[measure].values()) / len(qrels) for measure in MEASURES}
        for system, values in each.items()
    }
    comparison = paired_t_test(each["frozen"][PRIMARY], each["trained"][PRIMARY])
    shared = overlapping_queries(qrels, collection.qrels("train"))
    draw_measures(folder.path / "results.png", means, f"python-stdlib, {len(qrels)} test queries")
    results = {
        "collection": {
            "python": collection.python_version,
            "fingerprint": collection.fingerprint,
            "documents": sum(1 for _ in collection.documents()),
            "test queries": len(qrels),
            "test queries that share a relevant document with training": len(shared),
        },
        "measures": means,
        "trained against frozen": asdict(comparison),
        "trec_eval nDCG@10": trec_eval,
        "weight of BM25 in the hybrid": alpha,
        "seconds": folder.seconds,
    }
    write_json(folder.path / "results.json", results)
    table = markdown_table(
        ("test split", *MEASURES),
        [
            (ROWS.get(system, system), *(f"{means[system][measure]:.4f}" for measure in MEASURES))
            for system in SYSTEMS
        ],
    )
    seconds = markdown_table(("stage", "seconds"), [(name, f"{s:.0f}") for name, s in folder.seconds.items()])
    summary = (
        f"trained - frozen: {comparison.mean_difference:+.4f} {PRIMARY}, p = {comparison.p_value:.1g} (paired t-test, "
        f"{comparison.queries} queries: {comparison.wins} better, {comparison.ties} equal, {comparison.losses} worse); "
        f"{len(shared)} test queries share a relevant document with training"
    )
    samples = _samples(collection, runs, each["frozen"][PRIMARY], each["trained"][PRIMARY])
    return "\n\n".join([samples, table, summary, seconds])


def _samples(
    collection: PythonStdlib, runs: dict[str, dict], frozen: dict[str, float], trained: dict[str, float]
) -> str:
    """Three test queries with their best hits: the largest gain, the middle of the gains, the largest loss."""
    by_gain = sorted(frozen, key=lambda qid: (frozen[qid] - trained[qid], qid))
    gained = [qid for qid in by_gain if trained[qid] > frozen[qid]] or by_gain
    chosen = {
        "largest gain": gained[0],
        "middling gain": gained[len(gained) // 2],
        "largest loss": by_gain[-1],
    }
    queries, qrels = collection.queries("test"), collection.qrels("test")
    blocks = []
    for why, qid in chosen.items():
        lines = [f"query ({why}, {PRIMARY} {frozen[qid]:.2f} -> {trained[qid]:.2f}): {queries[qid]}"]
        for system in ("frozen", "trained"):
            hits = sorted(runs[system].get(qid, {}).items(), key=lambda hit: -hit[1])[:SHOWN_HITS]
            marked = [f"{'*' if docid in qrels[qid] else ' '}{docid}" for docid, _ in hits]
            lines.append(f"  {system:8}" + "  ".join(marked))
        blocks.append("\n".join(lines))
    return "Best hits before and after (* judged relevant)\n\n" + "\n\n".join(blocks)
