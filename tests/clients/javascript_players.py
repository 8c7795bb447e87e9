"""Runs the JavaScript players: one in Node, one in a browser page."""

import functools
import http.server
import json
import pathlib
import queue
import shutil
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).parent
WAIT_SECONDS = 60
CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-extensions", "--disable-component-update",
]


class GrpcJs:
    name = "@grpc/grpc-js"

    def __init__(self, address, contract_file, tools):
        self.version = version_of(tools, self.name)
        # Node resolves modules from the folders above the importing file.
        player = shutil.copytree(HERE, tools / "player", dirs_exist_ok=True) / "grpc_js_player.js"
        self.process = subprocess.Popen(
            ["node", player, address, contract_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def play(self, step):
        self.process.stdin.write(json.dumps(step) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the player has exited"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Page(http.server.ThreadingHTTPServer):
    """Serves the page, sends it steps, and receives its outcomes."""

    daemon_threads = True

    def __init__(self, tools):
        super().__init__(("127.0.0.1", 0), functools.partial(PageHandler, tools))
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.steps, self.outcomes = queue.Queue(), queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Ignores errors: a browser that is terminated leaves requests open."""


class PageHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = {".html": "text/html", ".js": "text/javascript", "": "application/octet-stream"}

    def __init__(self, tools, *rest):
        self.roots = {"/modules/": tools / "node_modules", "/player/": HERE / "web", "/out/": tools / "out", "/": HERE / "web"}
        super().__init__(*rest)

    def translate_path(self, path):
        root = next(root for root in self.roots if path.startswith(root))
        self.directory = str(self.roots[root])
        return super().translate_path("/" + path[len(root):])

    def do_GET(self):
        if self.path == "/step":
            self.send_json(self.server.steps.get())
        elif self.path == "/settings.json":
            self.send_json(self.server.settings)
        else:
            super().do_GET()

    def do_POST(self):
        self.server.outcomes.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_json({})

    def send_json(self, value):
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Web:
    name = "gRPC-Web"

    def __init__(self, address, contract_file, tools, chromium, pages):
        browser = subprocess.run([chromium, "--version"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        version = " ".join(browser.stdout.split()[:2])
        self.version = f"by @connectrpc/connect-web {version_of(tools, '@connectrpc/connect-web')} in {version}"
        self.chromium, self.pages, self.browsers = chromium, pages, {}
        self.profile = tempfile.TemporaryDirectory(prefix="second-opinion-chromium-", ignore_cleanup_errors=True)
        for page in pages.values():
            page.settings = {"base": f"http://{address}", "contract": f"/out/{contract_file.name}"}

    def play(self, step):
        origin = step.get("origin", "allowed")
        page = self.pages[origin]
        if origin not in self.browsers:
            profile = f"--user-data-dir={self.profile.name}/{origin}"
            self.browsers[origin] = subprocess.Popen(
                [self.chromium, *CHROMIUM, profile, page.origin], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        page.steps.put(step)
        return page.outcomes.get(timeout=WAIT_SECONDS)

    def close(self):
        for browser in self.browsers.values():
            browser.terminate()
            browser.wait()
        self.profile.cleanup()


def version_of(tools, package):
    return json.loads((tools / "node_modules" / package / "package.json").read_text())["version"]
