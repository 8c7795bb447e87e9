"""How does `buf curl` play a step? It asks the server's reflection by itself, and is one process a call."""

import base64
import codecs
import json
import os
import re
import signal
import subprocess
import threading
import time

from google.protobuf import descriptor_pool, json_format, message_factory

# It takes a deadline for all that it does, its start included.
START_MS = 2000


class Buf:
    name = "buf curl"

    def __init__(self, address, contract, tools):
        # The program itself: what npm puts on the path hands no signal on.
        [program] = tools.glob("node_modules/@bufbuild/buf-*/bin/buf")
        self.address, self.program = address, program
        self.version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        self.pool = descriptor_pool.DescriptorPool()
        for file in contract.file:
            self.pool.Add(file)

    def play(self, step):
        command = [self.program, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--verbose", "--data", "@-"]
        command += ["--timeout", f"{step['deadlineMs'] + START_MS}ms"]
        for header in step["metadata"].items():
            command += ["--header", ": ".join(header)]
        begun = time.monotonic()
        process = subprocess.Popen(
            [*command, f"http://{self.address}/{step['call']}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        stop = threading.Timer((step.get("cancelAfterMs", 0) + START_MS) / 1000, process.send_signal, [signal.SIGINT])
        if "cancelAfterMs" in step:
            stop.start()
        said = []
        listener = threading.Thread(target=lambda: said.extend(process.stderr))
        listener.start()
        threading.Thread(target=self.ask, args=(process, step["message"])).start()
        messages = []
        for message in documents(process.stdout):
            messages.append(message)
            if len(messages) == step.get("cancelAfterMessages"):
                process.send_signal(signal.SIGINT)
        process.wait()
        listener.join()
        stop.cancel()
        error = error_of("".join(said))
        if process.returncode == 128 + signal.SIGINT:
            # It says nothing then. Whether the server has seen it, the server's own count says.
            error["code"] = "CANCELLED"
        return {
            "ms": (time.monotonic() - begun) * 1000,
            "messages": messages,
            "metadata": metadata_of(said),
            **error,
            "details": [self.detail(detail) for detail in error.get("details", [])],
        }

    @staticmethod
    def ask(process, message):
        try:
            process.stdin.write(json.dumps(message))
            process.stdin.close()
        except BrokenPipeError:
            pass

    def detail(self, detail):
        found = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(detail["type"]))
        value = found.FromString(base64.b64decode(detail["value"] + "=="))
        return {"type": detail["type"], "value": json_format.MessageToDict(value)}

    def close(self):
        pass


def documents(stream):
    """Each JSON document of a stream, as soon as it has come: no line ends the last one."""
    decoder, text = codecs.getincrementaldecoder("utf-8")(), ""
    while read := os.read(stream.fileno(), 65536):
        text += decoder.decode(read)
        while text := text.lstrip():
            try:
                document, end = json.JSONDecoder().raw_decode(text)
            except json.JSONDecodeError:
                break
            yield document
            text = text[end:]


def error_of(said):
    """What it says of a call that failed: a document at the end of what it tells on the way."""
    found = re.search(r'^\{\n   "code".*?^\}$', said, re.M | re.S)
    if not found:
        return {"code": "OK"} if "Call complete" in said else {"code": "UNKNOWN", "message": said[-2000:]}
    error = json.loads(found[0])
    code = "CANCELLED" if error["code"] == "canceled" else error["code"].upper()
    return {"code": code, "message": error.get("message", ""), "details": error.get("details", [])}


def metadata_of(said):
    """Headers and trailers of the call itself, which comes after those to reflection."""
    found = [re.match(r"buf: < \(#(\d+)\) ([A-Za-z0-9-]+): (.*)$", line) for line in said]
    found = [match for match in found if match]
    last = max((int(match[1]) for match in found), default=0)
    return {match[2].lower(): match[3] for match in found if int(match[1]) == last}
