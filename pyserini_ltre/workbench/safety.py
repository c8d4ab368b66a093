"""Who may talk to the server: whoever has the token, from its own page, at its own address."""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

LOCAL = ("127.0.0.1", "localhost", "::1")
HEADERS = {
    # Scripts and styles are the two files that come along; nothing is taken from anywhere else.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # The token is in the address; to other sites it never goes.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guard(app: FastAPI, token: str, host: str, port: int) -> None:
    """Let through what carries the token, in the address or in the cookie that it is answered with.

    Parameters
    ----------
    app : FastAPI
        The server.
    token : str
        What only the user knows.
    host : str
        Address that is listened on. If it is this machine's own, requests to any other name are refused: a page
        elsewhere could have had its name point here.
    port : int
        Its port, part of the cookie's name, since a browser gives cookies to all ports.
    """
    cookie = f"workbench-{port}"

    @app.middleware("http")
    async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        told = request.query_params.get("token", "")
        by_address = _equal(told, token)
        refused = _foreign(request, host in LOCAL, port)
        if refused is None and not (by_address or _equal(request.cookies.get(cookie, ""), token)):
            refused = "open the address that the workbench has printed, with its token"
        response = await answer(request) if refused is None else PlainTextResponse(refused + "\n", 403)
        response.headers.update(HEADERS)
        if refused is None and by_address:
            response.set_cookie(cookie, token, httponly=True, samesite="strict")
        return response


def _equal(told: str, token: str) -> bool:
    return secrets.compare_digest(told.encode(), token.encode())


def _foreign(request: Request, local: bool, port: int) -> str | None:
    """Why a request is not from the server's own page, or not for this server."""
    host = request.headers.get("host", "")
    asked = urlsplit(f"//{host}")
    try:
        here = asked.hostname in LOCAL and (asked.port or 80) == port
    except ValueError:
        here = False
    if local and not here:
        return "this server answers at its own address only"
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "requests from other pages are refused"
    if request.method != "GET" and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "requests from other pages are refused"
    return None
