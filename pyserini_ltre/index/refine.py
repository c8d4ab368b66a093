"""Two levels of precision: codes in memory find candidates, whole vectors, mapped from disk, put them in order.

After BiDR (Xiao et al., "Progressively Optimized Bi-Granular Document Representation", WWW 2022), in a form that FAISS
has itself, `IndexRefine`: Pyserini reads it, too, with any encoder.
"""

from typing import TypeGuard

import faiss

from pyserini_ltre.errors import InputError

# What orders the candidates, and what FAISS's factory calls it.
REFINEMENTS = {"exact": "RFlat", "sq8": "Refine(SQ8)"}


def refined_factory(factory: str, refinement: str) -> str:
    """FAISS's name of codes that are refined; an `InputError` if there is no such refinement."""
    if refinement not in REFINEMENTS:
        raise InputError(f"`refine` {refinement}: use one of {', '.join(REFINEMENTS)}")
    return f"{factory},{REFINEMENTS[refinement]}"


def is_refined(index: "faiss.Index") -> TypeGuard["faiss.IndexRefine"]:
    """Whether an index has two levels."""
    return isinstance(index, faiss.IndexRefine)


def whole_bytes(index: "faiss.Index") -> int:
    """Bytes of the vectors that only order candidates: these stay on disk. 0 for an index of one level."""
    if not is_refined(index):
        return 0
    return index.ntotal * faiss.downcast_index(index.refine_index).sa_code_size()
