"""Who judges: a name that the browser brings along."""

from urllib.parse import quote, unquote

from fastapi import Request, Response

from pyserini_ltre.workbench.judgements import Judgements

COOKIE = "assessor"


def assessor_of(request: Request, judgements: Judgements) -> str | None:
    """Give the name, if somebody has said who they are; browsers bring those along that another workbench knows."""
    name = unquote(request.cookies.get(COOKIE, ""))
    return name if name in judgements.assessors() else None


def remember_assessor(response: Response, name: str) -> None:
    """Have the browser bring the name along, for a year."""
    response.set_cookie(COOKIE, quote(name), httponly=True, samesite="strict", max_age=365 * 24 * 3600)
