"""Pages from templates, everything escaped; forms read; what a person can mend shown on the page."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pyserini_ltre.errors import DivergenceError, InputError, visible

HERE = Path(__file__).parent
# Bytes of a form: qrels to import are the largest.
LARGEST_FORM = 64 * 2**20

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["visible"] = visible
_templates.globals["address"] = lambda path, **query: f"{path}?{urlencode(query, doseq=True)}"


def page(template: str, request: Request, status: int = 200, **content: Any) -> HTMLResponse:
    """Render a template."""
    path = request.url.path
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    here = f"{path}?{urlencode(asked)}" if asked else path
    return HTMLResponse(_templates.get_template(template).render(path=path, here=here, **content), status)


async def form(request: Request) -> dict[str, str]:
    """Read a form as browsers send it; of a field that is there twice, the last.

    An `InputError` says if it is too large or no text.
    """
    return dict(await form_fields(request))


async def form_fields(request: Request) -> list[tuple[str, str]]:
    """Read all fields of a form in their order."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise InputError(f"more than {LARGEST_FORM >> 20} MB were sent; send less at a time")
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InputError("what was sent is no form; use the page") from None


def wants_json(request: Request) -> bool:
    """Whether a script asks, not a person."""
    return "application/json" in request.headers.get("accept", "")


def show_errors(app: FastAPI) -> None:
    """Have what a person can mend shown in one line, on a page or to the script that asked."""

    async def shown(request: Request, error: Exception) -> Response:
        message = visible(error)
        if wants_json(request):
            return JSONResponse({"error": message}, 400)
        return page("error.html", request, 400, message=message)

    app.add_exception_handler(InputError, shown)
    app.add_exception_handler(DivergenceError, shown)
