"""Who judges: a name that the browser brings along."""

from urllib.parse import quote, unquote

from fastapi import Request, Response

COOKIE = "assessor"


def assessor_of(request: Request) -> str | None:
    """The name, if somebody has said who they are."""
    return unquote(request.cookies.get(COOKIE, "")) or None


def remember_assessor(response: Response, name: str) -> None:
    """Have the browser bring the name along, for a year."""
    response.set_cookie(COOKIE, quote(name), httponly=True, samesite="strict", max_age=365 * 24 * 3600)
