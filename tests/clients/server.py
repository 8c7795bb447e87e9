"""How does the check run a server of its own, see what it counts, slow its store and end it?"""

import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request

SCOPES = [f"second-opinion.{scope}" for scope in ("submit", "read", "read-phi", "verify", "review", "notify")]
# By far under the 5 s that the server waits for the lock.
HELD_SECONDS_MIN, HELD_SECONDS_MAX = 0.5, 4.0
WAIT_SECONDS = 30


class Server:
    """A server on loopback, with data in a folder of its own, whose pages of one origin may call it."""

    def __init__(self, binary, folder, origin):
        self.binary, self.data = binary, folder / "data"
        config = folder / "config.toml"
        config.write_text(f"[web]\norigins = [{json.dumps(origin)}]\n")
        # Those of whoever runs the check would go over the file.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SECOND_OPINION_")}
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--config", config, "--data", self.data, "--listen", "127.0.0.1:0"]
                + ["--ops-listen", "127.0.0.1:0", "--log", "info", "--log-format", "json"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            )
        serving = self._serving()
        self.address, self.ops = serving["address"], serving["ops"]

    def _serving(self):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if line.startswith("{") and line.endswith("}") and json.loads(line)["message"] == "serving":
                    return json.loads(line)
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server does not start:\n{self.log.read_text()}")

    def tokens(self):
        """A person with every scope, a service with every scope, one that only reads, and one with another signature."""
        person = self._token("person", "person", SCOPES)
        head, _, signature = person.rpartition(".")
        # The first character: every bit of it counts.
        forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        return {
            "person": person,
            "service": self._token("service", "service", SCOPES),
            "reader": self._token("reader", "service", ["second-opinion.read"]),
            "forged": forged,
        }

    def _token(self, name, actor, scopes):
        command = [self.binary, "token", "--data", self.data, "--sub", name, "--actor-type", actor, "--scope", " ".join(scopes)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=self.environment)
        return said.stdout.splitlines()[-1]

    def _metrics(self):
        with urllib.request.urlopen(f"http://{self.ops}/metrics", timeout=WAIT_SECONDS) as answer:
            return answer.read().decode()

    def count(self, call, code):
        """How many calls of a method ended with a code."""
        found = re.search(
            rf'^rpc_server_call_duration_seconds_count\{{.*rpc_method="{re.escape(call)}",'
            rf'rpc_response_status_code="{code}"\}} (\d+)$', self._metrics(), re.M,
        )
        return int(found[1]) if found else 0

    def watchers(self):
        return int(re.search(r"^second_opinion_watchers (\d+)$", self._metrics(), re.M)[1])

    def held(self):
        return Held(self.data / "second-opinion.db")

    def drain(self):
        self.process.send_signal(signal.SIGTERM)

    def ended(self):
        """The exit code, once it has ended."""
        return self.process.wait(WAIT_SECONDS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Held:
    """A store that cannot write: another connection has the write lock, until it is let go of."""

    def __init__(self, path):
        self.path, self.taken, self.enough = pathlib.Path(path), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold, daemon=True)

    def _hold(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT_SECONDS)
        connection.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        self.taken.set()
        self.in_time = self.enough.wait(HELD_SECONDS_MAX)
        time.sleep(max(0, begun + HELD_SECONDS_MIN - time.monotonic()))
        connection.execute("ROLLBACK")
        connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.taken.wait(WAIT_SECONDS), "the store's lock cannot be had"
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.thread.join()


def until(condition):
    """Whether something comes true in time."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
