"""Answers with the ways; its port is that of the environment."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from sign import WAYS, lines, well


class Sign(BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/srv/sign.txt", encoding="utf-8") as sign:
            answer = {"well": well(WAYS), "lines": lines(sign.read(), WAYS)}
        body = json.dumps(answer).encode()
        self.send_response(200 if answer["well"] else 500)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Sign).serve_forever()
