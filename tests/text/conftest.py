"""A server on this machine that serves files as the Hub does, and breaks off when it is told to."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server(ThreadingHTTPServer):
    """Serves `files` (path: bytes) from its folder `/cdn`, to which every other path redirects.

    Attributes:
        break_after: bytes of an answer after which the connection is cut; None for never.
        ranges: whether it understands a request to go on somewhere.
        sent: (path, first byte, bytes sent) of every answer.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files, self.sent, self.break_after, self.ranges = {}, [], None, True
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith("/cdn/"):
            return self._redirect()
        path, server = self.path.removeprefix("/cdn"), self.server
        data, asked = server.files[path], self.headers.get("Range")
        start = int(asked[len("bytes=") : -1]) if asked and server.ranges else 0
        if start >= len(data):
            return self._head(416, {})
        self._head(206 if start else 200, {"Content-Length": len(data) - start})
        piece = data[start:][: server.break_after]
        server.sent.append((path, start, len(piece)))
        self.wfile.write(piece)
        return self.connection.close()

    def _redirect(self):
        data = self.server.files.get(self.path)
        if data is None:
            return self._head(404, {"Content-Length": 0})
        digest = hashlib.sha256(self.server.told.get(self.path, data)).hexdigest()
        headers = {"Location": f"/cdn{self.path}", "X-Linked-ETag": f'"{digest}"'}
        return self._head(302, headers | {"Content-Length": 0})

    def _head(self, code, headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """Yield a running `Server`; `told` holds the bytes whose digest it tells, if not the file's."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    server.told = {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)
