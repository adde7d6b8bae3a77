"""
A POHODA as its command line shows it: `/HTTP start "name"` brings mServer up, `/HTTP stop "name"` takes it down.

Run as a program of its own: `python fake_pohoda.py FOLDER PORT /HTTP start NAME`. What it was asked goes to a
file in the folder. Starting comes back before mServer listens, as the real one does.
"""

from __future__ import annotations

import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

STATUS = b"<mServer><name>platby</name><processing>0</processing><status>idle</status></mServer>"


class MServer(BaseHTTPRequestHandler):
    """Tells its state, as much of mServer as starting one needs."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(STATUS)))
        self.end_headers()
        self.wfile.write(STATUS)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(folder: Path, port: int) -> None:
    """Answer until the file that says so is there."""
    server = HTTPServer(("127.0.0.1", port), MServer)
    server.timeout = 0.05
    while not (folder / "stop").exists():
        server.handle_request()
    server.server_close()
    (folder / "stopped").touch()


def main(folder: Path, port: int, *asked: str) -> int:
    if asked == ("serve",):
        serve(folder, port)
        return 0
    with (folder / "asked").open("a", encoding="utf-8") as log:
        log.write("|".join(asked) + "\n")
    match asked:
        case "/HTTP", "start", "platby 'a' & b":
            own = [sys.executable, __file__, str(folder), str(port), "serve"]
            subprocess.Popen(own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            return 0
        case "/HTTP", "start", "nikdy":
            return 0
        case "/HTTP", "stop", _:
            (folder / "stop").touch()
            deadline = time.monotonic() + 60
            while (folder / "asked").read_text("utf-8").startswith("/HTTP|start|platby") and not (
                (folder / "stopped").exists() or time.monotonic() > deadline
            ):
                time.sleep(0.02)
            return 0
        case _:
            return 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
