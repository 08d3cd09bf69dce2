"""A web server beside the node, for the tests of users' own pages."""

from __future__ import annotations

import http.server
import threading
from typing import Any


class Site:
    """One page (`body`) and, if there are any, modules by path; its policy allows the page the *nodes* and nothing else."""

    def __init__(self, *nodes: str) -> None:
        self.body = ""
        self.modules: dict[str, str] = {}
        self.is_strict = True
        sources = " ".join(nodes)
        sockets = sources.replace("http", "ws")
        policy = f"default-src 'none'; script-src {nodes[0]}; style-src 'none'; connect-src {sources} {sockets}"
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = site.body if self.path == "/" else site.modules.get(self.path)
                self.send_response(204 if text is None else 200)
                self.send_header("Content-Type", f"text/{'html' if self.path == '/' else 'javascript'}; charset=utf-8")
                if site.is_strict:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                if text is not None:
                    self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
