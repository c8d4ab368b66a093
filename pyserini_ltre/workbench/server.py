"""The server: its pages, its two files, its address."""

import secrets
import socket

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench import judging, pooling, searching, teaching_pages
from pyserini_ltre.workbench.bench import Workbench
from pyserini_ltre.workbench.rendering import HERE, show_errors
from pyserini_ltre.workbench.safety import guard


def make_app(bench: Workbench, token: str, host: str, port: int) -> FastAPI:
    """Put the pages together, behind the guard."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for part in (searching, judging, pooling, teaching_pages):
        app.include_router(part.router(bench))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    show_errors(app)
    guard(app, token, host, port)
    return app


def take_port(host: str, port: int) -> socket.socket:
    """Begin to listen, so that a busy port is found out before anything else is done."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # The port of a server that was killed just now is not busy.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise InputError(
            f"`port` {port} of `host` {host} cannot be had ({error}); name another, or 0 for any that is free"
        ) from None
    return listening


def serve(bench: Workbench, listening: socket.socket, host: str) -> None:
    """Print the address with its token, and answer until somebody ends it."""
    port, token = listening.getsockname()[1], secrets.token_urlsafe(24)
    app = make_app(bench, token, host, port)
    named = f"[{host}]" if ":" in host else host
    # The address is a secret, and access logs would tell it to whoever reads them.
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
    print(f"http://{named}:{port}/?token={token}", flush=True)
    bench.start()
    uvicorn.Server(config).run(sockets=[listening])
