"""Substitutes the variables of the golden script, and compares outcomes with expectations."""

import base64
import collections
import hashlib
import json
import re
import uuid

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def merge(base, overlay):
    if not (isinstance(base, dict) and isinstance(overlay, dict)):
        return overlay
    return base | {key: merge(base.get(key), value) for key, value in overlay.items()}


class Variables:
    """The values kept by earlier steps, and the ids created for this run."""

    def __init__(self, examples):
        self.examples, self.kept = examples, {}
        self.new_ids = collections.defaultdict(lambda: str(uuid.uuid4()))

    def substitute(self, value):
        """Returns a value of the script with every variable and example substituted."""
        if isinstance(value, list):
            return [self.substitute(item) for item in value]
        if isinstance(value, str) and value.startswith("$new:"):
            return self.new_ids[value.removeprefix("$new:")]
        if isinstance(value, str) and value.startswith("$"):
            return self.kept[value.removeprefix("$")]
        if not isinstance(value, dict):
            return value
        if "$times" in value:
            text, times = value["$times"]
            return text * times
        example = value.get("$example")
        base = json.loads((self.examples / example).read_text()) if example else {}
        return merge(base, {key: self.substitute(item) for key, item in value.items() if key != "$example"})

    def keep(self, paths, response):
        for name, path in paths.items():
            found = response
            for part in path.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            self.kept[name] = found


def differences(expected, found, path, parent=None):
    """Returns a description of every expected value that is missing or different."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{path}: expected an object, got {found!r}"]
        return [
            text for key, value in expected.items() for text in differences(value, found.get(key), f"{path}.{key}", found)
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{path}: expected {len(expected)} items, got {found!r}"]
        pairs = zip(expected, found)
        return [text for i, (one, other) in enumerate(pairs) for text in differences(one, other, f"{path}[{i}]")]
    if matches(expected, found, parent):
        return []
    return [f"{path}: expected {expected!r}, got {found!r}"]


def matches(expected, found, parent):
    if expected == "<any>":
        return isinstance(found, str) and bool(found)
    if expected == "<uuid>":
        return isinstance(found, str) and bool(UUID.fullmatch(found))
    if expected == "<sha256 contentSha256>":
        return bool(found) and hashlib.sha256(base64.b64decode(found)).hexdigest() == parent["contentSha256"]
    return found == expected


def mismatches(expected, outcome):
    """Returns a description of every difference between an outcome and the expectation."""
    found = {
        "code": outcome["code"],
        "response": outcome["messages"][0] if outcome["messages"] else None,
        "messages": outcome["messages"],
        "metadata": outcome["metadata"],
    }
    problems = [
        text for part in found if part in expected for text in differences(expected[part], found[part], part)
    ]
    # Details that the script does not expect are an error.
    details = {detail["type"].removeprefix("google.rpc."): detail["value"] for detail in outcome["details"]}
    if set(details) != set(expected.get("details", {})):
        problems.append(f"details: expected {sorted(expected.get('details', {}))}, got {outcome['details']!r}")
    else:
        problems += differences(expected.get("details", {}), details, "details")
    if problems and outcome["code"] != expected["code"]:
        problems.append(f"status message: {outcome.get('message')}")
    return problems
