"""What is sent in a step of the golden script, and is what came back what it expects?"""

import base64
import collections
import hashlib
import json
import re
import uuid

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def merged(below, above):
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: merged(below.get(key), value) for key, value in above.items()}


class Memory:
    """What the steps before have kept, and the ids that were made for this run."""

    def __init__(self, examples):
        self.examples, self.kept = examples, {}
        self.made = collections.defaultdict(lambda: str(uuid.uuid4()))

    def filled(self, value):
        """A value of the script with everything in it that only this run knows."""
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, str) and value.startswith("$new:"):
            return self.made[value.removeprefix("$new:")]
        if isinstance(value, str) and value.startswith("$"):
            return self.kept[value.removeprefix("$")]
        if not isinstance(value, dict):
            return value
        if "$times" in value:
            text, times = value["$times"]
            return text * times
        example = value.get("$example")
        below = json.loads((self.examples / example).read_text()) if example else {}
        return merged(below, {key: self.filled(item) for key, item in value.items() if key != "$example"})

    def keep(self, wanted, answer):
        for name, path in wanted.items():
            found = answer
            for part in path.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            self.kept[name] = found


def differences(expected, found, where, around=None):
    """Everything that was expected and is not there."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where}: expected an object, got {found!r}"]
        return [
            said for key, value in expected.items() for said in differences(value, found.get(key), f"{where}.{key}", found)
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{where}: expected {len(expected)} items, got {found!r}"]
        pairs = zip(expected, found)
        return [said for i, (one, other) in enumerate(pairs) for said in differences(one, other, f"{where}[{i}]")]
    if fits(expected, found, around):
        return []
    return [f"{where}: expected {expected!r}, got {found!r}"]


def fits(expected, found, around):
    if expected == "<any>":
        return isinstance(found, str) and bool(found)
    if expected == "<uuid>":
        return isinstance(found, str) and bool(UUID.fullmatch(found))
    if expected == "<sha256 contentSha256>":
        return bool(found) and hashlib.sha256(base64.b64decode(found)).hexdigest() == around["contentSha256"]
    return found == expected


def judged(expected, outcome):
    """Everything in which an outcome differs from what was expected; a stream is judged by all its messages."""
    found = {
        "code": outcome["code"],
        "answer": outcome["messages"][0] if outcome["messages"] else None,
        "messages": outcome["messages"],
        "metadata": outcome["metadata"],
    }
    said = [
        one for part in found if part in expected for one in differences(expected[part], found[part], part)
    ]
    # A detail that the contract does not tell of is one too many.
    details = {detail["type"].removeprefix("google.rpc."): detail["value"] for detail in outcome["details"]}
    if set(details) != set(expected.get("details", {})):
        said.append(f"details: expected {sorted(expected.get('details', {}))}, got {outcome['details']!r}")
    else:
        said += differences(expected.get("details", {}), details, "details")
    if said and outcome["code"] != expected["code"]:
        said.append(f"it said: {outcome.get('message')}")
    return said
