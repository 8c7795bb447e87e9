"""Does every kind of client see the same? Plays golden.json from each, on a server of its own."""

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
from judge import Memory, judged
from server import Server, until

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
TOOLS, BINARY, CHROMIUM = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
STEPS = json.loads((HERE / "golden.json").read_text())["steps"]
DEADLINE_MS = 20_000
# Says how long each step took, too.
VERBOSE = bool(os.environ.get("CLIENTS_CHECK_VERBOSE"))


def players(pages):
    """Each player's name, and how it is made for a server."""
    yield Grpcio.name, lambda server, told, _: Grpcio(server.address, told)
    if not (TOOLS / "node_modules").exists():
        return
    yield GrpcJs.name, lambda server, _, file: GrpcJs(server.address, file, TOOLS)
    yield Buf.name, lambda server, told, _: Buf(server.address, told, TOOLS)
    if CHROMIUM:
        yield Web.name, lambda server, _, file: Web(server.address, file, TOOLS, CHROMIUM, pages)


def plays(step, name):
    return step.get("only", name) == name and name not in step.get("not", {})


def play(step, player, server, memory, tokens):
    """Plays a step, and says everything that is wrong with what came of it."""
    asked = {key: step[key] for key in step if key not in ("name", "message", "expect", "keep")}
    token = {"authorization": f"Bearer {tokens[step['token']]}"} if "token" in step else {}
    asked["metadata"] = step.get("metadata", {}) | token
    asked["deadlineMs"] = step.get("deadlineMs", DEADLINE_MS)
    asked["message"] = memory.filled(step["message"])
    expected = memory.filled(step["expect"])
    counted = expected.get("counted")
    before = server.count(step["call"], counted) if counted else 0
    said = []
    if step.get("held"):
        with server.held() as held:
            outcome = player.play(asked)
        # It came while nothing could be written, so it did not wait for the store.
        if not held.in_time:
            said.append("the answer did not come before the store could write again")
    elif step.get("drain"):
        outcome = drained(asked, player, server, said)
    else:
        outcome = player.play(asked)
    said += judged(expected, outcome)
    if counted and not until(lambda: server.count(step["call"], counted) > before):
        said.append(f"the server counted no call that ended as {counted}")
    if not said:
        memory.keep(step.get("keep", {}), outcome["messages"][0] if outcome["messages"] else {})
    return said, outcome


def drained(asked, player, server, said):
    """Plays a step during which the server is told to end, once it has begun."""
    def end():
        if not until(lambda: server.watchers() > 0):
            said.append("the server has seen no watch")
        server.drain()

    ending = threading.Thread(target=end)
    ending.start()
    outcome = player.play(asked)
    ending.join()
    return outcome


def check(name, make, folder, origin):
    """Plays the script by one player; says what it played, and everything that went wrong."""
    server, player = Server(BINARY, folder, origin), None
    try:
        with grpc.insecure_channel(server.address) as channel:
            told = contract.learn(channel)
        file = TOOLS / "out" / "contract.binpb"
        file.write_bytes(told.SerializeToString())
        player, memory, tokens = make(server, told, file), Memory(EXAMPLES), server.tokens()
        played, wrong, hurried = 0, [], ""
        for step in STEPS:
            if not plays(step, name):
                continue
            played += 1
            said, outcome = play(step, player, server, memory, tokens)
            wrong += [f"{step['name']}: {one}" for one in said]
            if VERBOSE:
                print(f"        {outcome['ms']:7.1f} ms  {outcome['code']:19} {step['name']}")
            if step.get("deadlineMs", DEADLINE_MS) < 1_000 and name != Buf.name:  # whose start is in its time
                hurried = f"; a deadline of {step['deadlineMs']} ms was over after {outcome['ms']:.0f} ms"
        code = server.ended()
        if code != 0:
            wrong.append(f"the server ended with {code}")
        return f"{name} ({player.version}): {played} steps{hurried}", wrong
    finally:
        if player:
            player.close()
        server.kill()


def main():
    pages = {"ours": Page(TOOLS), "other": Page(TOOLS)}
    failed = passed = 0
    for name, make in players(pages):
        with tempfile.TemporaryDirectory(prefix="second-opinion-clients-") as folder:
            try:
                line, wrong = check(name, make, pathlib.Path(folder), pages["ours"].origin)
            except Exception:  # whatever goes wrong is what the line tells of
                line, wrong = name, traceback.format_exc().splitlines()
        failed, passed = failed + bool(wrong), passed + (not wrong)
        print(f"{'FAILED ' if wrong else 'ok     '} {line}", *(f"        {one[:2000]}" for one in wrong), sep="\n", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
