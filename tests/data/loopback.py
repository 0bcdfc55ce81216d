"""A loopback server with the faults that servers have."""

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator
from typing import Any


class Files:
    """What the server has, and how it behaves; `asked` lists (path, Range header) as they came."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.knows_ranges = True
        self.breaks_after: list[int] = []
        """For each answer in turn, after how many bytes the connection breaks."""
        self.headers: dict[str, str] = {}
        """Sent with each answer: its ETag, or the date of its last change."""
        self.knows_conditions = True
        """Whether If-Range is obeyed."""
        self.surplus = b""
        """Sent after what was promised."""
        self.asked: list[tuple[str, str | None]] = []
        self.address = ""


@contextlib.contextmanager
def serving() -> Iterator[Files]:
    files = Files()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            files.asked.append((self.path, wanted))
            if self.path not in files.content:
                self.send_error(404, "File not found")
                return
            condition = self.headers.get("If-Range") if files.knows_conditions else None
            same = condition is None or condition in files.headers.values()
            self._answer(files.content[self.path], wanted if files.knows_ranges and same else None)

        def _answer(self, content: bytes, wanted: str | None) -> None:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)) if wanted else 0  # type: ignore[union-attr]
            if start >= len(content) and wanted:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if wanted else 200)
            for name, value in files.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + files.breaks_after.pop(0) if files.breaks_after else len(content)
            self.wfile.write(content[start:end] + files.surplus)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        files.address = f"http://127.0.0.1:{server.server_port}"
        yield files
        server.shutdown()
