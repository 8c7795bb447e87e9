"""Is the chart one that an operator can trust? Renders it by Helm's own engine and looks at every manifest."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import traceback

import helm_python
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "second-opinion"
HERE = ROOT / "helm" / "check"
OUT = pathlib.Path(sys.argv[1])
PROMTOOL = sys.argv[2] if len(sys.argv) > 2 else ""
BINARY = os.environ.get("HELM_CHECK_BINARY")
# The oldest Kubernetes that Chart.yaml admits, and the newest whose schemas there are.
VERSIONS = ["1.30", "1.37"]
RELEASE, NAMESPACE = "second-opinion", "um"
CUSTOM = {"ServiceMonitor", "PrometheusRule"}

passed, failed = 0, 0


def check(name):
    """Runs the function below it as one check: one line, and what went wrong under it."""

    def run(function):
        global passed, failed
        try:
            function()
        except Exception as error:  # noqa: BLE001  # whatever goes wrong is what the line tells of
            failed += 1
            print(f"FAILED  {name}")
            text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
            print("".join(f"        {line}\n" for line in (text or traceback.format_exc()).splitlines()), end="")
        else:
            passed += 1
            print(f"ok      {name}")
        return function

    return run


def that(condition, message):
    assert condition, message


def merged(below, above):
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: merged(below.get(key), value) for key, value in above.items()}


def values_of(name):
    return yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text()) if name else {}


def render(values):
    """Every document of every template, and what NOTES.txt says."""
    files = CHARTED.render(values, name=RELEASE, namespace=NAMESPACE)
    notes = next(text for path, text in files.items() if path.endswith("NOTES.txt"))
    manifests = [one for path, text in files.items() if path.endswith(".yaml") for one in yaml.safe_load_all(text) if one]
    return manifests, notes


def of_kind(manifests, kind):
    return [one for one in manifests if one["kind"] == kind]


def one_of(manifests, kind):
    found = of_kind(manifests, kind)
    that(len(found) == 1, f"{len(found)} of {kind}, not one")
    return found[0]


def pods(manifests):
    """Every pod that would be made: (what makes it, its labels, its spec)."""
    for one in manifests:
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            template = one["spec"]["template"]
            yield one, template["metadata"]["labels"], template["spec"]
        elif one["kind"] == "Pod":
            yield one, one["metadata"]["labels"], one["spec"]


def server(manifests):
    return next(found for found in pods(manifests) if found[0]["kind"] in ("Deployment", "StatefulSet"))


def toml_of(manifests):
    text = next(one for one in of_kind(manifests, "ConfigMap") if one["metadata"]["name"].endswith(server(manifests)[0]["metadata"]["name"]))
    return text["data"]["second-opinion.toml"]


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def policies(manifests, labels):
    return [one for one in of_kind(manifests, "NetworkPolicy") if selects(one["spec"]["podSelector"]["matchLabels"], labels)]


# === the chart as a whole ===

CHARTED = helm_python.Chart.load(str(CHART))


@check("helm lint, strict")
def _():
    result = helm_python.lint(str(CHART), strict=True, kube_version="v1.30.0")
    bad = [message for message in result["messages"] if message["severity"] > 1] + result["errors"]
    that(not bad, json.dumps(bad, indent=1))


@check("the chart's appVersion is the crate's version")
def _():
    crate = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    that(CHARTED.metadata["appVersion"] == crate, f"{CHARTED.metadata['appVersion']}, and the crate has {crate}")


@check("values.yaml says of every key what it is")
def _():
    lines = (CHART / "values.yaml").read_text().splitlines()
    bare = [
        f"line {number + 1}: {line}"
        for number, line in enumerate(lines)
        if re.match(r"\s*(- )?[\w./\"-]+:", line) and not lines[number - 1].lstrip().startswith("#")
    ]
    that(not bare, "no comment above\n" + "\n".join(bare))


@check("values.yaml and values.schema.json have the same keys")
def _():
    schema = json.loads((CHART / "values.schema.json").read_text())
    differing = []

    def resolve(part):
        return schema["definitions"][part["$ref"].split("/")[-1]] if "$ref" in part else part

    def compare(path, part, value):
        part = resolve(part)
        if not isinstance(value, dict) or "properties" not in part:
            return
        that(part.get("additionalProperties") is False, f"{path} admits unknown keys")
        # Whole objects whose parts one gives or leaves.
        optional = path in ("config.plan", "config.notices", "affinity") or path.endswith(("elector", ".limits"))
        for key in value.keys() | part["properties"].keys():
            if key not in part["properties"]:
                differing.append(f"{path}.{key} is not in the schema")
            elif key not in value:
                if key != "global" and not optional:
                    differing.append(f"{path}.{key} is not in values.yaml")
            else:
                compare(f"{path}.{key}".lstrip("."), part["properties"][key], value[key])

    compare("", schema, CHARTED.values)
    that(not differing, "\n".join(differing))


# === every set of values ===

CASES = {"no values": {}} | {
    path.name.removesuffix("-values.yaml"): yaml.safe_load(path.read_text()) for path in sorted((CHART / "ci").glob("*-values.yaml"))
}
RENDERED = {}

for case, values in CASES.items():

    @check(f"{case}: renders")
    def _():
        RENDERED[case] = render(values)

    if case not in RENDERED:
        continue
    manifests, notes = RENDERED[case]
    (OUT / f"{case.replace(' ', '-')}.yaml").write_text(yaml.safe_dump_all(manifests, sort_keys=False))

    for version in VERSIONS:

        @check(f"{case}: every manifest is valid for Kubernetes {version}, strictly")
        def _():
            wrong = []
            for one in manifests:
                if one["kind"] in CUSTOM:
                    continue
                try:
                    kubernetes_validate.validate(one, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    wrong.append(f"{one['kind']} {one['metadata']['name']}: {list(error.path)}: {error.message}")
            that(not wrong, "\n".join(wrong))

    @check(f"{case}: names, namespaces and labels")
    def _():
        seen = set()
        for one in manifests:
            name = one["kind"], one["metadata"]["name"]
            that(name not in seen, f"{name} twice")
            seen.add(name)
            that(one["metadata"]["namespace"] == NAMESPACE, f"{name} is in no namespace or another")
            wanted = {"app.kubernetes.io/" + key for key in ("name", "instance", "version", "managed-by", "component")}
            that(wanted <= one["metadata"]["labels"].keys(), f"{name} lacks a usual label")

    @check(f"{case}: pods are as restricted as the standard asks")
    def _():
        for owner, _labels, spec in pods(manifests):
            name = owner["kind"]
            context = spec["securityContext"]
            that(context["runAsNonRoot"] is True and context["seccompProfile"]["type"] == "RuntimeDefault", name)
            that(context.get("runAsUser") != 0, f"{name} runs as root")
            that(spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False, name)
            that(not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys(), name)
            allowed = {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "name"}
            that(all(volume.keys() <= allowed for volume in spec["volumes"]), f"{name}: a volume of another kind")
            for container in spec["containers"]:
                context = container["securityContext"]
                that(context["allowPrivilegeEscalation"] is False and context["privileged"] is False, name)
                that(context["readOnlyRootFilesystem"] is True and context["runAsNonRoot"] is True, name)
                that(context["capabilities"] == {"drop": ["ALL"]}, name)

    @check(f"{case}: mounts, claims and ports hold together")
    def _():
        for owner, labels, spec in pods(manifests):
            volumes = {volume["name"] for volume in spec["volumes"]}
            that(len(volumes) == len(spec["volumes"]), "a volume twice")
            volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
            for container in spec["containers"]:
                mounts = container.get("volumeMounts", [])
                that({mount["name"] for mount in mounts} <= volumes, f"{owner['kind']}: a mount without a volume")
                that(len({mount["mountPath"] for mount in mounts}) == len(mounts), "two mounts in one place")
                that(not any("subPath" in mount for mount in mounts), "a subPath never changes")
            if "selector" in owner["spec"]:
                that(selects(owner["spec"]["selector"]["matchLabels"], labels), "the selector misses its pods")
        _, labels, spec = server(manifests)
        ports = {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]}
        for service in of_kind(manifests, "Service"):
            that(selects(service["spec"]["selector"], labels), f"{service['metadata']['name']} selects no pod")
            that(all(port["targetPort"] in ports for port in service["spec"]["ports"]), "a port that no pod has")
            if service["spec"]["type"] != "ClusterIP":
                that(all(port["targetPort"] != "ops" for port in service["spec"]["ports"]), "the ops port leaves the cluster")
        grace = spec["terminationGracePeriodSeconds"]
        drain = int(tomllib.loads(toml_of(manifests))["drain_grace"].removesuffix("s"))
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        that(grace >= pause + drain + 5, f"{grace} s are too few for {pause} s of pause and {drain} s of drain")

    @check(f"{case}: secrets stand in no manifest")
    def _():
        that(not of_kind(manifests, "Secret"), "a Secret with its content")
        for _, _, spec in pods(manifests):
            for container in spec["containers"]:
                for variable in container.get("env", []):
                    if variable["name"] == "SECOND_OPINION_STORE":
                        that("secretKeyRef" in variable["valueFrom"], "the store's URL in plain")
        that("store =" not in toml_of(manifests), "the store's URL in the file")

    @check(f"{case}: the network policy names every peer")
    def _():
        for _, labels, _ in pods(manifests):
            that(len(policies(manifests, labels)) == 1, f"{labels['app.kubernetes.io/component']}: not one policy")
        for policy in of_kind(manifests, "NetworkPolicy"):
            that(sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"], "a direction left open")
            for rule in policy["spec"].get("ingress") or []:
                that(rule.get("from") and rule.get("ports"), "everyone gets in")
            for rule in policy["spec"].get("egress") or []:
                that(rule.get("to") and rule.get("ports"), "a way to anywhere")

    @check(f"{case}: one disruption budget for the pods that serve")
    def _():
        budget = one_of(manifests, "PodDisruptionBudget")["spec"]
        that(selects(budget["selector"]["matchLabels"], server(manifests)[1]), "it selects no pod")
        that(("maxUnavailable" in budget) != ("minAvailable" in budget), "not one of the two")

    @check(f"{case}: pods are spread over zones and nodes")
    def _():
        constraints = server(manifests)[2]["topologySpreadConstraints"]
        that({one["topologyKey"] for one in constraints} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}, constraints)
        that(all(selects(one["labelSelector"]["matchLabels"], server(manifests)[1]) for one in constraints), "not these pods")

    @check(f"{case}: the service's file is TOML")
    def _():
        file = tomllib.loads(toml_of(manifests))
        wanted = merged(CHARTED.values, values)["config"]
        for key, value in wanted.items():
            that(not value or file.get(key) == value, f"{key}: {file.get(key)} in the file, {value} in the values")
        (OUT / f"{case.replace(' ', '-')}.toml").write_text(toml_of(manifests))

    if BINARY:

        @check(f"{case}: the service takes the file")
        def _():
            environment = {"SECOND_OPINION_CONFIG": str(OUT / f"{case.replace(' ', '-')}.toml")}
            if of_kind(manifests, "Deployment"):
                environment["SECOND_OPINION_STORE"] = "postgres://app:pw@db/um"
            ran = subprocess.run([BINARY, "check-config"], env=environment, capture_output=True, text=True)
            that(ran.returncode == 0, ran.stderr)


# === what each set is for ===


def rules_to(policy):
    return [(sorted(port["port"] for port in rule["ports"]), rule["to"]) for rule in policy["spec"]["egress"] or []]


@check("no values: one pod with a volume, on loopback, and NOTES says so")
def _():
    manifests, notes = RENDERED["no values"]
    owner = server(manifests)[0]
    that(owner["kind"] == "StatefulSet" and owner["spec"]["replicas"] == 1, owner["kind"])
    that(owner["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain", "the record goes with the release")
    that(one_of(manifests, "StatefulSet")["spec"]["serviceName"] in {one["metadata"]["name"] for one in of_kind(manifests, "Service")}, "no headless service")
    that(tomllib.loads(toml_of(manifests))["listen"].startswith("127.0.0.1:"), "the development identity on the network")
    that("TRIAL" in notes and "auth.issuer" in notes, "NOTES is silent")
    that(not [one for one in manifests if one["kind"] in CUSTOM], "custom resources that the cluster may not have")
    policy = policies(manifests, server(manifests)[1])[0]
    that([ports for ports, _ in rules_to(policy)] == [[53, 53]], "a way to more than names")
    callers = [rule for rule in policy["spec"]["ingress"] if rule["ports"][0]["port"] == "grpc"]
    that({"podSelector": {"matchLabels": {"second-opinion/client": "true"}}} in callers[0]["from"], "callers not by label")


@check("embedded: listens for others, with the keys mounted and nothing else to reach")
def _():
    manifests, notes = RENDERED["embedded"]
    file = tomllib.loads(toml_of(manifests))
    that(file["listen"] == "0.0.0.0:50051" and file["auth_jwks"] == "/etc/second-opinion/jwks/jwks.json", file)
    that("TRIAL" not in notes and "in the clear" in notes, "NOTES")
    that([ports for ports, _ in rules_to(policies(manifests, server(manifests)[1])[0])] == [[53, 53]], "a way too many")
    that(not of_kind(manifests, "Job"), "a job that cannot mount the volume")


@check("postgresql: a Deployment whose number the autoscaler sets")
def _():
    manifests, _notes = RENDERED["postgresql"]
    owner = server(manifests)[0]
    that(owner["kind"] == "Deployment" and "replicas" not in owner["spec"], "two who set the number")
    that(owner["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, "a rollout with a gap")
    target = one_of(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    that((target["kind"], target["name"]) == ("Deployment", owner["metadata"]["name"]), target)


@check("postgresql: mTLS, with scopes by name")
def _():
    file = tomllib.loads(toml_of(RENDERED["postgresql"][0]))
    that({"tls_cert", "tls_key", "tls_client_ca"} <= file.keys() and "auth_jwks" not in file, file)
    that(file["callers"]["spiffe://example.org/ns/um/sa/tar"] == ["second-opinion.submit", "second-opinion.read"], file)


@check("postgresql: the migration runs first, with credentials and a way of its own")
def _():
    manifests, _notes = RENDERED["postgresql"]
    job = one_of(manifests, "Job")
    that(job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", "no hook")
    spec = job["spec"]["template"]["spec"]
    own = spec["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]
    service = next(one for one in server(manifests)[2]["containers"][0]["env"] if one["name"] == "SECOND_OPINION_STORE")
    that(own != service["valueFrom"]["secretKeyRef"], "the service's credentials")
    hooked = [one for one in manifests if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    accounts = {one["metadata"]["name"] for one in of_kind(hooked, "ServiceAccount")}
    that(spec["serviceAccountName"] in accounts, "an account that is not there yet")
    that(not any("configMap" in volume and volume["name"] == "config" for volume in spec["volumes"]), "a file that is not there yet")
    policy = policies(hooked, job["spec"]["template"]["metadata"]["labels"])[0]
    that([ports for ports, _ in rules_to(policy)] == [[53, 53], [5432]] and not policy["spec"].get("ingress"), policy["spec"])


@check("postgresql and everything: no way out but the ones that are named")
def _():
    for case, wanted in (("postgresql", [[53, 53], [5432]]), ("everything", [[53, 53], [5432], [4317], [443]])):
        manifests, _notes = RENDERED[case]
        found = [ports for ports, _ in rules_to(policies(manifests, server(manifests)[1])[0])]
        that(found == wanted, f"{case}: {found}")


@check("everything: Prometheus finds one service and its port")
def _():
    manifests, _notes = RENDERED["everything"]
    monitor = one_of(manifests, "ServiceMonitor")["spec"]
    found = [one for one in of_kind(manifests, "Service") if selects(monitor["selector"]["matchLabels"], one["metadata"]["labels"])]
    that(len(found) == 1, f"{len(found)} services would be scraped")
    that(monitor["endpoints"][0]["port"] in {port["name"] for port in found[0]["spec"]["ports"]}, "no such port")


# === what has to be refused ===

for wrong in yaml.safe_load((HERE / "refused.yaml").read_text()):

    @check(f"refused: {wrong['name']}")
    def _():
        try:
            render(merged(values_of(wrong.get("values")), wrong["set"]))
        except helm_python.HelmError as error:
            that(wrong["says"] in str(error), f"refused, but not for `{wrong['says']}`: {error}")
        else:
            raise AssertionError("it renders")


# === metrics, alerts, dashboard, and the page that explains them ===

METRICS = {}
for line in (CHART / "files" / "metrics.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        name, kind, labels, scope, _meaning = line.split(maxsplit=4)
        METRICS[name] = (kind, set() if labels == "-" else set(labels.split(",")), scope)
# What Prometheus adds to every series, and what a histogram has.
TARGET_LABELS = {"namespace", "job", "pod", "le"}

ALERTING = merged(values_of("postgresql"), {"monitoring": {"prometheusRule": {"enabled": True}}})
RULES = {"groups": one_of(render(ALERTING)[0], "PrometheusRule")["spec"]["groups"]}
DASHBOARD = json.loads((CHART / "files" / "dashboard.json").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])
}
EXPRESSIONS = {name: rule["expr"] for name, rule in ALERTS.items()} | PANELS


@check("alerts and dashboard name metrics and labels that the service has, and no other")
def _():
    wrong, used = [], set()
    for name, expression in EXPRESSIONS.items():
        for series, matchers in re.findall(r"\b((?:second_opinion|rpc_server)_\w+)(?:\{([^}]*)\})?", re.sub(r'"(?!second)[^"{}]*"', '""', expression)):
            base = re.sub(r"_(bucket|sum|count)$", "", series)
            metric = series if series in METRICS else base
            if metric not in METRICS:
                wrong.append(f"{name}: {series} is not in metrics.txt")
                continue
            used.add(metric)
            kind, labels, _scope = METRICS[metric]
            if (kind == "histogram") != (series != metric):
                wrong.append(f"{name}: {series} of a {kind}")
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
                if label not in labels | TARGET_LABELS:
                    wrong.append(f"{name}: {series} has no label {label}")
        labels = set().union(*(METRICS[one][1] for one in METRICS if one in expression)) | TARGET_LABELS
        for group in re.findall(r"by \(([^)]*)\)", expression):
            wrong += [f"{name}: nothing in it has {label}" for label in re.split(r",\s*", group) if label not in labels]
    that(not wrong, "\n".join(wrong))
    unused = METRICS.keys() - used
    that(not unused, f"neither alerted on nor shown: {sorted(unused)}")


@check("what every replica reads from the store is not counted once a replica")
def _():
    wrong = []
    for name, expression in EXPRESSIONS.items():
        for metric, (_kind, _labels, scope) in METRICS.items():
            if scope != "store":
                continue
            for before in re.findall(r"([^()]*\([^()]*\)\s*|\w+)\s*\((?:increase\(|rate\()?" + metric, expression):
                if not re.match(r"\s*[-+*/,<>=.\d]*\s*(max|min)\b", before.strip()):
                    wrong.append(f"{name}: {metric} within `{before.strip()}`")
    that(not wrong, "\n".join(wrong))


@check("the dashboard has what Grafana needs")
def _():
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    that(len(set(numbers)) == len(numbers), "a panel's number twice")
    shown = {panel["title"].lower() for panel in DASHBOARD["panels"]}
    for wanted in ("open cases by time left", "timeliness", "latency", "store"):
        that(any(wanted in title for title in shown), f"no panel on {wanted}")
    for panel in DASHBOARD["panels"]:
        that(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, f"{panel['title']} is too wide")
    that({one["name"] for one in DASHBOARD["templating"]["list"]} == {"datasource", "namespace", "job"}, "variables")


@check("alerts say what, how bad, and where to read on; none names a case or a member")
def _():
    guide = (ROOT / "docs" / "operations.md").read_text()
    headings = {re.sub(r"[^\w-]", "", line.lstrip("# ").lower().replace(" ", "-")) for line in guide.splitlines() if line.startswith("#")}
    for name, rule in ALERTS.items():
        that({"summary", "description", "runbook_url"} <= rule["annotations"].keys(), name)
        that(rule["labels"]["severity"] in ("critical", "warning", "info"), name)
        page, anchor = rule["annotations"]["runbook_url"].split("#")
        that(page == "docs/operations.md" and anchor in headings, f"{name}: docs/operations.md has no {anchor}")
        that(not re.search(r"member_id|cin|determination_id", json.dumps(rule)), f"{name} may show who")


@check("docs/operations.md explains every metric and every alert")
def _():
    guide = (ROOT / "docs" / "operations.md").read_text()
    missing = [name for name in [*METRICS, *ALERTS] if f"`{name}" not in guide and f"# {name}" not in guide]
    that(not missing, ", ".join(missing))
    stray = set(re.findall(r"`((?:second_opinion|rpc_server)_\w+)", guide)) - METRICS.keys()
    that(not stray, f"no such metric: {stray}")


def promtool(*arguments):
    ran = subprocess.run([PROMTOOL, *map(str, arguments)], cwd=OUT, capture_output=True, text=True)
    that(ran.returncode == 0, ran.stdout + ran.stderr)
    return ran.stdout


(OUT / "rules.yaml").write_text(yaml.safe_dump(RULES, sort_keys=False, width=1000))
(OUT / "alerts_test.yaml").write_text((HERE / "alerts_test.yaml").read_text())

if PROMTOOL:

    @check("promtool check rules: the alerts")
    def _():
        that(f"{len(ALERTS)} rules found" in promtool("check", "rules", "rules.yaml"), "some rules were not read")

    @check("promtool test rules: the alerts fire when they should, and not when they should not")
    def _():
        promtool("test", "rules", "alerts_test.yaml")

    @check("every alert has a unit test in which it fires, and one in which it does not")
    def _():
        asked = [one for test in yaml.safe_load((HERE / "alerts_test.yaml").read_text())["tests"] for one in test["alert_rule_test"]]
        for fires in (True, False):
            missing = ALERTS.keys() - {one["alertname"] for one in asked if bool(one.get("exp_alerts")) == fires}
            that(not missing, f"{'fires' if fires else 'is silent'} in no test: {sorted(missing)}")

    @check("promtool check rules: the dashboard's queries")
    def _():
        filled = [
            expression.replace("$__rate_interval", "5m").replace("$__range", "24h").replace("$namespace", "um").replace("$job", "x")
            for expression in PANELS.values()
        ]
        rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(filled)]
        (OUT / "dashboard-rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        promtool("check", "rules", "dashboard-rules.yaml")

else:
    print("skipped 4: alerts and dashboard: promtool is missing (Debian: prometheus)")

if not BINARY:
    print("skipped 1: check-config of the files: the program is not built")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
