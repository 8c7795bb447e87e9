"""Plays golden.json from every kind of client, each on a separate server, and checks that all see the same."""

import json
import os
import pathlib
import sys
import tempfile
import threading
import traceback

import grpc

import contract
from buf_player import Buf
from grpcio_player import Grpcio
from javascript_players import GrpcJs, Page, Web
from judge import Variables, mismatches
from server import Server, wait_until

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
TOOLS, BINARY, CHROMIUM = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
STEPS = json.loads((HERE / "golden.json").read_text())["steps"]
DEADLINE_MS = 20_000
# Also prints the duration of each step.
VERBOSE = bool(os.environ.get("CLIENTS_CHECK_VERBOSE"))


def players(pages):
    """Yields each player's name and the function that creates it for a server."""
    yield Grpcio.name, lambda server, descriptors, _: Grpcio(server.address, descriptors)
    if not (TOOLS / "node_modules").exists():
        return
    yield GrpcJs.name, lambda server, _, file: GrpcJs(server.address, file, TOOLS)
    yield Buf.name, lambda server, descriptors, _: Buf(server.address, descriptors, TOOLS)
    if CHROMIUM:
        yield Web.name, lambda server, _, file: Web(server.address, file, TOOLS, CHROMIUM, pages)


def plays(step, name):
    return step.get("only", name) == name and name not in step.get("skip", {})


def play(step, player, server, variables, tokens):
    """Plays a step, and returns its problems and its outcome."""
    request = {key: step[key] for key in step if key not in ("name", "message", "expect", "keep")}
    token = {"authorization": f"Bearer {tokens[step['token']]}"} if "token" in step else {}
    request["metadata"] = step.get("metadata", {}) | token
    request["deadlineMs"] = step.get("deadlineMs", DEADLINE_MS)
    request["message"] = variables.substitute(step["message"])
    expected = variables.substitute(step["expect"])
    server_code = expected.get("serverCode")
    count_before = server.count(step["call"], server_code) if server_code else 0
    problems = []
    if step.get("storeLocked"):
        with server.locked_store() as lock:
            outcome = player.play(request)
        # A response while nothing can be written has not waited for the store.
        if not lock.released_early:
            problems.append("the response did not arrive before the store could write again")
    elif step.get("drain"):
        outcome = play_during_drain(request, player, server, problems)
    else:
        outcome = player.play(request)
    problems += mismatches(expected, outcome)
    if server_code and not wait_until(lambda: server.count(step["call"], server_code) > count_before):
        problems.append(f"the server counted no call that ended with {server_code}")
    if not problems:
        variables.keep(step.get("keep", {}), outcome["messages"][0] if outcome["messages"] else {})
    return problems, outcome


def play_during_drain(request, player, server, problems):
    """Plays a step, and sends the server SIGTERM once the watch has started."""
    def drain():
        if not wait_until(lambda: server.watchers() > 0):
            problems.append("the server has no watch")
        server.drain()

    thread = threading.Thread(target=drain)
    thread.start()
    outcome = player.play(request)
    thread.join()
    return outcome


def check(name, create, folder, origin):
    """Plays the script with one player, and returns a summary and the problems."""
    server, player = Server(BINARY, folder, origin), None
    try:
        with grpc.insecure_channel(server.address) as channel:
            descriptors = contract.read(channel)
        file = TOOLS / "out" / "contract.binpb"
        file.write_bytes(descriptors.SerializeToString())
        player, variables, tokens = create(server, descriptors, file), Variables(EXAMPLES), server.tokens()
        played, problems, deadline_note = 0, [], ""
        for step in STEPS:
            if not plays(step, name):
                continue
            played += 1
            step_problems, outcome = play(step, player, server, variables, tokens)
            problems += [f"{step['name']}: {problem}" for problem in step_problems]
            if VERBOSE:
                print(f"        {outcome['ms']:7.1f} ms  {outcome['code']:19} {step['name']}")
            if step.get("deadlineMs", DEADLINE_MS) < 1_000 and name != Buf.name:  # buf's time includes its start
                deadline_note = f"; a deadline of {step['deadlineMs']} ms ended the call after {outcome['ms']:.0f} ms"
        code = server.wait()
        if code != 0:
            problems.append(f"the server exited with {code}")
        return f"{name} ({player.version}): {played} steps{deadline_note}", problems
    finally:
        if player:
            player.close()
        server.kill()


def main():
    pages = {"allowed": Page(TOOLS), "other": Page(TOOLS)}
    failed = passed = 0
    for name, create in players(pages):
        with tempfile.TemporaryDirectory(prefix="second-opinion-clients-") as folder:
            try:
                line, problems = check(name, create, pathlib.Path(folder), pages["allowed"].origin)
            except Exception:  # any error fails the player
                line, problems = name, traceback.format_exc().splitlines()
        failed, passed = failed + bool(problems), passed + (not problems)
        details = (f"        {problem[:2000]}" for problem in problems)
        print(f"{'FAILED ' if problems else 'ok     '} {line}", *details, sep="\n", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
