"""Whatever a server answers: no more than the registered size is taken, and only from where https protects it."""

import hashlib
import http.server
import os
import threading

import pytest

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.registry import download as downloading
from pyserini_ltre.registry.__main__ import main
from pyserini_ltre.registry.download import download

CONTENT = b"1\topen\n"
SIZE = len(CONTENT)
MD5, SHA256 = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """A server on this machine; `answer(handler)` is to be set."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.headers.get("Range"))
            self.server.answer(self)

        def log_message(self, *arguments):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked = []
    made.url = f"http://127.0.0.1:{made.server_port}/topics.tsv"
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def give(status, content, **headers):
    """An answer without Content-Length, unless one is among the headers."""

    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        try:
            for chunk in content:
                handler.wfile.write(chunk)
        except OSError:  # nobody listens any more
            pass

    return answer


def endless():
    while True:
        yield bytes(1 << 16)


def refusal(server, tmp_path, size=SIZE, md5=MD5, **sums):
    with pytest.raises(InputError) as error:
        download(server.url, tmp_path / "f", size, md5, **sums)
    assert not (tmp_path / "f").exists()
    return str(error.value)


def test_more_than_registered(server, tmp_path):
    server.answer = give(200, endless())
    assert f"gives more than the {len(CONTENT)} bytes expected" in refusal(server, tmp_path)
    assert os.listdir(tmp_path) == [] and len(server.asked) == 1


def test_more_than_registered_when_resumed(server, tmp_path):
    (tmp_path / "f.part").write_bytes(CONTENT[:3])
    server.answer = give(206, endless(), Content_Range="bytes 3-9/*")
    assert f"gives more than the {len(CONTENT)} bytes expected" in refusal(server, tmp_path)
    assert os.listdir(tmp_path) == []


def test_fewer_than_registered(server, tmp_path):
    server.answer = give(200, [CONTENT[:3]])
    line = refusal(server, tmp_path)
    assert f"the connection ended early, 3 of {len(CONTENT)} bytes are here" in line


def test_fewer_than_registered_from_a_server_that_resumes(server, tmp_path):
    def answer(handler):
        give(416 if handler.headers.get("Range") else 200, [CONTENT[:3]])(handler)

    server.answer = answer
    assert f"the server has 3 bytes, expected {len(CONTENT)}" in refusal(server, tmp_path)


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "x", "\u0663"])
def test_a_length_that_is_none(server, tmp_path, length):
    server.answer = give(200, [CONTENT], Content_Length=length.encode().decode("latin-1"))
    download(server.url, tmp_path / "f", len(CONTENT), MD5)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "place",
    [
        "http://example.org/f",
        "ftp://example.org/f",
        "file:///etc/passwd",
        "http://[",
        "//example.org/f",
        "https://[/",
    ],
)
def test_redirects_that_are_not_followed(server, tmp_path, place):
    server.answer = give(302, [], Location=place)
    line = refusal(server, tmp_path)
    assert "sends to" in line or "the server answers 302" in line
    assert len(server.asked) == 1


def test_redirects_from_https_stay_there(monkeypatch):
    import email.message
    import urllib.request

    def sent(start, place):
        request = urllib.request.Request(start)
        handler = downloading._SafeRedirects()
        return handler.redirect_request(request, None, 302, "", email.message.Message(), place).full_url

    assert sent("https://a.org/f", "https://b.org/g") == "https://b.org/g"
    assert sent("http://localhost/f", "https://b.org/g") == "https://b.org/g"
    for place in ("http://b.org/g", "http://localhost/g", "http://127.0.0.1/g"):
        with pytest.raises(InputError, match="which is not https"):
            sent("https://a.org/f", place)


def test_a_redirect_on_this_machine(server, tmp_path):
    def answer(handler):
        if handler.path == "/topics.tsv":
            give(302, [], Location="/moved")(handler)
        else:
            give(200, [CONTENT])(handler)

    server.answer = answer
    download(server.url, tmp_path / "f", len(CONTENT), None, SHA256)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "first", [b"", b"\x1b[2J\r\n\r\n", b"HTTP/1.1 200\r\n" + b"a: b\r\n" * 1000, b"x" * 100_000]
)
def test_answers_that_are_none(server, tmp_path, first):
    def answer(handler):
        handler.wfile.write(first)
        handler.close_connection = True

    server.answer = answer
    line = refusal(server, tmp_path)
    assert "0 of 7 bytes are here" in line and "\x1b" not in line


@pytest.mark.parametrize("host", ["a" * 64, ".", "a..b"])
def test_hosts_that_are_none(server, tmp_path, host):
    server.url = f"https://{host}/f"
    assert "0 of 7 bytes are here" in refusal(server, tmp_path)


def test_more_than_fits(server, tmp_path):
    assert "are free in" in refusal(server, tmp_path, size=10**400)
    assert server.asked == []


@pytest.mark.parametrize(
    "sums", [{"sha256": "0" * 64}, {"md5": MD5, "sha256": "0" * 64}, {"md5": "0" * 32, "sha256": SHA256}]
)
def test_both_sums_count(server, tmp_path, sums):
    server.answer = give(200, [CONTENT])
    line = refusal(server, tmp_path, **{"md5": None, **sums})
    assert "expected" in line and (tmp_path / "f.wrong").read_bytes() == CONTENT


def test_sums_from_add_to_verify(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    server.answer = give(200, [CONTENT])
    main(
        ["add", "topics", "web", "--url", server.url, "--sha256", SHA256.upper(), "--size", str(len(CONTENT))]
    )
    place = registry.path_of("topics", "web")
    assert place.read_bytes() == CONTENT and SHA256[:8] in place.parent.name.lower()
    (tmp_path / "local.tsv").write_bytes(CONTENT)
    main(["add", "topics", "local", "--url", (tmp_path / "local.tsv").as_uri(), "--md5", MD5])
    assert registry.lookup("topics", "local")["sha256"] == SHA256
    main(["verify", "web", "local"])
    for file in (place, tmp_path / "local.tsv"):
        file.write_bytes(CONTENT.replace(b"o", b"O"))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["verify", "web", "local"])
    assert (
        capsys.readouterr().out.count(f"sha256 {hashlib.sha256(CONTENT.replace(b'o', b'O')).hexdigest()}")
        == 2
    )
