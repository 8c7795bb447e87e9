"""Runs a server for the check: starts it, reads its metrics, locks its store and stops it."""

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
# Well under the 5 s that the server waits for the lock.
LOCK_SECONDS_MIN, LOCK_SECONDS_MAX = 0.5, 4.0
WAIT_SECONDS = 30


class Server:
    """A server on loopback with its own data folder, which allows one origin for gRPC-Web."""

    def __init__(self, binary, folder, origin):
        self.binary, self.data = binary, folder / "data"
        config = folder / "config.toml"
        config.write_text(f"[web]\norigins = [{json.dumps(origin)}]\n")
        # Variables of the caller's environment would override the file.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SECOND_OPINION_")}
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--config", config, "--data", self.data, "--listen", "127.0.0.1:0"]
                + ["--ops-listen", "127.0.0.1:0", "--log", "info", "--log-format", "json"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            )
        serving = self._wait_until_serving()
        self.address, self.ops = serving["address"], serving["ops"]

    def _wait_until_serving(self):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if line.startswith("{") and line.endswith("}") and json.loads(line)["message"] == "serving":
                    return json.loads(line)
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server does not start:\n{self.log.read_text()}")

    def tokens(self):
        """Returns the tokens of a person and a service with every scope and of a reader, and one with a wrong signature."""
        person = self._token("person", "person", SCOPES)
        head, _, signature = person.rpartition(".")
        # The first character, because every bit of it is part of the signature.
        forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        return {
            "person": person,
            "service": self._token("service", "service", SCOPES),
            "reader": self._token("reader", "service", ["second-opinion.read"]),
            "forged": forged,
        }

    def _token(self, name, actor, scopes):
        command = [self.binary, "token", "--data", self.data, "--sub", name, "--actor-type", actor, "--scope", " ".join(scopes)]
        result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=self.environment)
        return result.stdout.splitlines()[-1]

    def _metrics(self):
        with urllib.request.urlopen(f"http://{self.ops}/metrics", timeout=WAIT_SECONDS) as response:
            return response.read().decode()

    def count(self, call, code):
        """Returns the number of calls of a method that ended with a code."""
        found = re.search(
            rf'^rpc_server_call_duration_seconds_count\{{.*rpc_method="{re.escape(call)}",'
            rf'rpc_response_status_code="{code}"\}} (\d+)$', self._metrics(), re.M,
        )
        return int(found[1]) if found else 0

    def watchers(self):
        return int(re.search(r"^second_opinion_watchers (\d+)$", self._metrics(), re.M)[1])

    def locked_store(self):
        return StoreLock(self.data / "second-opinion.db")

    def drain(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits for the process to exit, and returns its exit code."""
        return self.process.wait(WAIT_SECONDS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class StoreLock:
    """Holds the store's write lock by another connection, so that the server cannot write."""

    def __init__(self, path):
        self.path, self.acquired, self.release = pathlib.Path(path), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold, daemon=True)

    def _hold(self):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT_SECONDS)
        connection.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        self.acquired.set()
        self.released_early = self.release.wait(LOCK_SECONDS_MAX)
        time.sleep(max(0, begun + LOCK_SECONDS_MIN - time.monotonic()))
        connection.execute("ROLLBACK")
        connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.acquired.wait(WAIT_SECONDS), "the store's lock cannot be acquired"
        return self

    def __exit__(self, *_):
        self.release.set()
        self.thread.join()


def wait_until(condition):
    """Returns whether a condition becomes true in time."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
