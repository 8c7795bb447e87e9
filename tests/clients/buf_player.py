"""Plays steps with `buf curl`, which reads the server's reflection itself and runs one process per call."""

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

# buf's timeout includes its own start, so that much is added.
START_MS = 2000


class Buf:
    name = "buf curl"

    def __init__(self, address, contract, tools):
        # The executable itself, because npm's wrapper does not forward signals.
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
        stderr = []
        reader = threading.Thread(target=lambda: stderr.extend(process.stderr))
        reader.start()
        threading.Thread(target=self.send, args=(process, step["message"])).start()
        messages = []
        for message in documents(process.stdout):
            messages.append(message)
            if len(messages) == step.get("cancelAfterMessages"):
                process.send_signal(signal.SIGINT)
        process.wait()
        reader.join()
        stop.cancel()
        error = error_of("".join(stderr))
        if process.returncode == 128 + signal.SIGINT:
            # buf prints nothing then. The server's metrics show whether it received the cancellation.
            error["code"] = "CANCELLED"
        return {
            "ms": (time.monotonic() - begun) * 1000,
            "messages": messages,
            "metadata": metadata_of(stderr),
            **error,
            "details": [self.detail(detail) for detail in error.get("details", [])],
        }

    @staticmethod
    def send(process, message):
        try:
            process.stdin.write(json.dumps(message))
            process.stdin.close()
        except BrokenPipeError:
            pass

    def detail(self, detail):
        message_class = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(detail["type"]))
        value = message_class.FromString(base64.b64decode(detail["value"] + "=="))
        return {"type": detail["type"], "value": json_format.MessageToDict(value)}

    def close(self):
        pass


def documents(stream):
    """Yields each JSON document of a stream as soon as it is complete: no newline follows the last one."""
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


def error_of(stderr):
    """Returns the error of a failed call: a JSON document at the end of the verbose output."""
    found = re.search(r'^\{\n   "code".*?^\}$', stderr, re.M | re.S)
    if not found:
        return {"code": "OK"} if "Call complete" in stderr else {"code": "UNKNOWN", "message": stderr[-2000:]}
    error = json.loads(found[0])
    code = "CANCELLED" if error["code"] == "canceled" else error["code"].upper()
    return {"code": code, "message": error.get("message", ""), "details": error.get("details", [])}


def metadata_of(stderr_lines):
    """Returns the headers and trailers of the call itself, which follows the reflection calls."""
    found = [re.match(r"buf: < \(#(\d+)\) ([A-Za-z0-9-]+): (.*)$", line) for line in stderr_lines]
    found = [match for match in found if match]
    last = max((int(match[1]) for match in found), default=0)
    return {match[2].lower(): match[3] for match in found if int(match[1]) == last}
