"""What Pyserini 2.x asks the web before it opens an index of vectors, a local one too: its catalogue of indexes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Begins a program: its Java asks for everything that lies under https:// at the port in CATALOGUE_PORT instead. Java's
# handler of http, asked for https, speaks to the proxy of https, and in plain text.
ASK_THE_TEST = """
import os
from pyserini_ltre.plugin import hook
hook.install()
import pyserini.pyclass
from jnius import PythonJavaClass, autoclass, java_method

class WithoutTls(PythonJavaClass):
    __javainterfaces__ = ["java/net/URLStreamHandlerFactory"]
    handler = autoclass("sun.net.www.protocol.http.Handler")()

    @java_method("(Ljava/lang/String;)Ljava/net/URLStreamHandler;")
    def createURLStreamHandler(self, protocol):
        return self.handler if protocol == "https" else None

factory = WithoutTls()
autoclass("java.net.URL").setURLStreamHandlerFactory(factory)
for name, value in {"Host": "127.0.0.1", "Port": os.environ["CATALOGUE_PORT"]}.items():
    autoclass("java.lang.System").setProperty(f"https.proxy{name}", value)
"""


class Catalogue:
    """A catalogue without indexes in a thread, as a context; `asked` is what it was asked for.

    Parameters
    ----------
    status : int
        What it answers with.
    """

    def __init__(self, status: int = 200) -> None:
        self.asked: list[str] = []
        catalogue = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                catalogue.asked.append(self.path)
                file = {
                    "name": "none-flat.json",
                    "type": "file",
                    "download_url": "https://none/none-flat.json",
                }
                answer = json.dumps([] if self.path.endswith(".json") else [file]).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                """Say nothing: what was asked for is in `asked`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self) -> "Catalogue":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
