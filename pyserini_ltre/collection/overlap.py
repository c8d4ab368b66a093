"""Which test queries a model may have seen the answers of while it was trained."""

from pyserini_ltre.collection.records import Qrels


def overlapping_queries(test_qrels: Qrels, train_qrels: Qrels) -> set[str]:
    """Find the test queries that share a relevant document with a training query.

    A gain on these may be memory; only on the others does it show that the model generalises.

    Parameters
    ----------
    test_qrels, train_qrels : dict of str to dict of str to int
        Query id -> document id -> grade; a grade above 0 means relevant.

    Returns
    -------
    set of str
        Ids of test queries.
    """
    trained = {docid for judged in train_qrels.values() for docid, grade in judged.items() if grade > 0}
    return {
        qid
        for qid, judged in test_qrels.items()
        if any(grade > 0 and docid in trained for docid, grade in judged.items())
    }
