"""Renders the chart by Helm's own engine with several sets of values, and checks every manifest, alert and panel."""

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
# The oldest Kubernetes version that Chart.yaml allows, and the newest with published schemas.
KUBERNETES_VERSIONS = ["1.30", "1.37"]
RELEASE, NAMESPACE = "second-opinion", "um"
CUSTOM_KINDS = {"ServiceMonitor", "PrometheusRule"}

passed, failed = 0, 0


def check(name):
    """Runs the decorated function as a check: prints one line, with the error below it."""

    def run(function):
        global passed, failed
        try:
            function()
        except Exception as error:  # noqa: BLE001  # any error fails the check
            failed += 1
            print(f"FAILED  {name}")
            text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
            print("".join(f"        {line}\n" for line in (text or traceback.format_exc()).splitlines()), end="")
        else:
            passed += 1
            print(f"ok      {name}")
        return function

    return run


def require(condition, message):
    assert condition, message


def merge(base, overlay):
    if not (isinstance(base, dict) and isinstance(overlay, dict)):
        return overlay
    return base | {key: merge(base.get(key), value) for key, value in overlay.items()}


def values_of(name):
    return yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text()) if name else {}


def render(values):
    """Returns every rendered manifest, and the text of NOTES.txt."""
    files = CHART_OBJECT.render(values, name=RELEASE, namespace=NAMESPACE)
    notes = next(text for path, text in files.items() if path.endswith("NOTES.txt"))
    manifests = [one for path, text in files.items() if path.endswith(".yaml") for one in yaml.safe_load_all(text) if one]
    return manifests, notes


def of_kind(manifests, kind):
    return [one for one in manifests if one["kind"] == kind]


def one_of_kind(manifests, kind):
    found = of_kind(manifests, kind)
    require(len(found) == 1, f"{len(found)} manifests of kind {kind} instead of 1")
    return found[0]


def pods(manifests):
    """Yields every pod: (the manifest that creates it, its labels, its spec)."""
    for one in manifests:
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            template = one["spec"]["template"]
            yield one, template["metadata"]["labels"], template["spec"]
        elif one["kind"] == "Pod":
            yield one, one["metadata"]["labels"], one["spec"]


def server(manifests):
    return next(found for found in pods(manifests) if found[0]["kind"] in ("Deployment", "StatefulSet"))


def configuration_file(manifests):
    text = next(one for one in of_kind(manifests, "ConfigMap") if one["metadata"]["name"].endswith(server(manifests)[0]["metadata"]["name"]))
    return text["data"]["second-opinion.toml"]


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def policies(manifests, labels):
    return [one for one in of_kind(manifests, "NetworkPolicy") if selects(one["spec"]["podSelector"]["matchLabels"], labels)]


# === the chart as a whole ===

CHART_OBJECT = helm_python.Chart.load(str(CHART))


@check("helm lint, strict")
def _():
    result = helm_python.lint(str(CHART), strict=True, kube_version="v1.30.0")
    problems = [message for message in result["messages"] if message["severity"] > 1] + result["errors"]
    require(not problems, json.dumps(problems, indent=1))


@check("the chart's appVersion is the crate's version")
def _():
    crate = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    require(CHART_OBJECT.metadata["appVersion"] == crate, f"{CHART_OBJECT.metadata['appVersion']}, but the crate has {crate}")


@check("every key of values.yaml has a comment")
def _():
    lines = (CHART / "values.yaml").read_text().splitlines()
    missing = [
        f"line {number + 1}: {line}"
        for number, line in enumerate(lines)
        if re.match(r"\s*(- )?[\w./\"-]+:", line) and not lines[number - 1].lstrip().startswith("#")
    ]
    require(not missing, "no comment above\n" + "\n".join(missing))


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
        require(part.get("additionalProperties") is False, f"{path} allows unknown keys")
        # Objects with optional keys.
        optional = path in ("config.plan", "config.notices", "affinity") or path.endswith(("elector", ".limits"))
        for key in value.keys() | part["properties"].keys():
            if key not in part["properties"]:
                differing.append(f"{path}.{key} is not in the schema")
            elif key not in value:
                if key != "global" and not optional:
                    differing.append(f"{path}.{key} is not in values.yaml")
            else:
                compare(f"{path}.{key}".lstrip("."), part["properties"][key], value[key])

    compare("", schema, CHART_OBJECT.values)
    require(not differing, "\n".join(differing))


# === checks of every set of values ===

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

    for version in KUBERNETES_VERSIONS:

        @check(f"{case}: every manifest is valid for Kubernetes {version}, strictly")
        def _():
            errors = []
            for one in manifests:
                if one["kind"] in CUSTOM_KINDS:
                    continue
                try:
                    kubernetes_validate.validate(one, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    errors.append(f"{one['kind']} {one['metadata']['name']}: {list(error.path)}: {error.message}")
            require(not errors, "\n".join(errors))

    @check(f"{case}: names, namespaces and labels")
    def _():
        seen = set()
        for one in manifests:
            name = one["kind"], one["metadata"]["name"]
            require(name not in seen, f"{name} is defined twice")
            seen.add(name)
            require(one["metadata"]["namespace"] == NAMESPACE, f"{name} is not in the release's namespace")
            wanted = {"app.kubernetes.io/" + key for key in ("name", "instance", "version", "managed-by", "component")}
            require(wanted <= one["metadata"]["labels"].keys(), f"{name} lacks a standard label")

    @check(f"{case}: pods meet the restricted security standard")
    def _():
        for owner, _labels, spec in pods(manifests):
            name = owner["kind"]
            context = spec["securityContext"]
            require(context["runAsNonRoot"] is True and context["seccompProfile"]["type"] == "RuntimeDefault", name)
            require(context.get("runAsUser") != 0, f"{name} runs as root")
            require(spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False, name)
            require(not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys(), name)
            allowed = {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "name"}
            require(all(volume.keys() <= allowed for volume in spec["volumes"]), f"{name}: a volume type that is not allowed")
            for container in spec["containers"]:
                context = container["securityContext"]
                require(context["allowPrivilegeEscalation"] is False and context["privileged"] is False, name)
                require(context["readOnlyRootFilesystem"] is True and context["runAsNonRoot"] is True, name)
                require(context["capabilities"] == {"drop": ["ALL"]}, name)

    @check(f"{case}: mounts, claims, ports and selectors match")
    def _():
        for owner, labels, spec in pods(manifests):
            volumes = {volume["name"] for volume in spec["volumes"]}
            require(len(volumes) == len(spec["volumes"]), "two volumes of the same name")
            volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
            for container in spec["containers"]:
                mounts = container.get("volumeMounts", [])
                require({mount["name"] for mount in mounts} <= volumes, f"{owner['kind']}: a mount without a volume")
                require(len({mount["mountPath"] for mount in mounts}) == len(mounts), "two mounts at the same path")
                require(not any("subPath" in mount for mount in mounts), "a mount with subPath, which is never updated")
            if "selector" in owner["spec"]:
                require(selects(owner["spec"]["selector"]["matchLabels"], labels), "the selector does not match the pods")
        _, labels, spec = server(manifests)
        ports = {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]}
        for service in of_kind(manifests, "Service"):
            require(selects(service["spec"]["selector"], labels), f"{service['metadata']['name']} selects no pod")
            require(all(port["targetPort"] in ports for port in service["spec"]["ports"]), "a target port that no pod has")
            if service["spec"]["type"] != "ClusterIP":
                require(all(port["targetPort"] != "ops" for port in service["spec"]["ports"]), "the ops port is exposed outside the cluster")
        grace = spec["terminationGracePeriodSeconds"]
        drain = int(tomllib.loads(configuration_file(manifests))["drain_grace"].removesuffix("s"))
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        require(grace >= pause + drain + 5, f"{grace} s are too short for a pause of {pause} s and a drain of {drain} s")

    @check(f"{case}: no manifest contains a secret")
    def _():
        require(not of_kind(manifests, "Secret"), "a Secret manifest")
        for _, _, spec in pods(manifests):
            for container in spec["containers"]:
                for variable in container.get("env", []):
                    if variable["name"] == "SECOND_OPINION_STORE":
                        require("secretKeyRef" in variable["valueFrom"], "the store's URL in plain text")
        require("store =" not in configuration_file(manifests), "the store's URL in the configuration file")

    @check(f"{case}: network policies restrict both directions for every pod")
    def _():
        for _, labels, _ in pods(manifests):
            require(len(policies(manifests, labels)) == 1, f"{labels['app.kubernetes.io/component']}: not exactly one policy")
        for policy in of_kind(manifests, "NetworkPolicy"):
            require(sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"], "an unrestricted direction")
            for rule in policy["spec"].get("ingress") or []:
                require(rule.get("from") and rule.get("ports"), "an ingress rule without peers or ports")
            for rule in policy["spec"].get("egress") or []:
                require(rule.get("to") and rule.get("ports"), "an egress rule without peers or ports")

    @check(f"{case}: one disruption budget for the server's pods")
    def _():
        budget = one_of_kind(manifests, "PodDisruptionBudget")["spec"]
        require(selects(budget["selector"]["matchLabels"], server(manifests)[1]), "it selects no pod")
        require(("maxUnavailable" in budget) != ("minAvailable" in budget), "not exactly one of maxUnavailable and minAvailable")

    @check(f"{case}: pods are spread over zones and nodes")
    def _():
        constraints = server(manifests)[2]["topologySpreadConstraints"]
        require({one["topologyKey"] for one in constraints} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}, constraints)
        require(all(selects(one["labelSelector"]["matchLabels"], server(manifests)[1]) for one in constraints), "the selector does not match the pods")

    @check(f"{case}: the configuration file is TOML with the values")
    def _():
        file = tomllib.loads(configuration_file(manifests))
        wanted = merge(CHART_OBJECT.values, values)["config"]
        for key, value in wanted.items():
            require(not value or file.get(key) == value, f"{key}: {file.get(key)} in the file, {value} in the values")
        (OUT / f"{case.replace(' ', '-')}.toml").write_text(configuration_file(manifests))

    if BINARY:

        @check(f"{case}: the service accepts the configuration file")
        def _():
            environment = {"SECOND_OPINION_CONFIG": str(OUT / f"{case.replace(' ', '-')}.toml")}
            if of_kind(manifests, "Deployment"):
                environment["SECOND_OPINION_STORE"] = "postgres://app:pw@db/um"
            result = subprocess.run([BINARY, "check-config"], env=environment, capture_output=True, text=True)
            require(result.returncode == 0, result.stderr)


# === checks of one set of values ===


def egress_rules(policy):
    return [(sorted(port["port"] for port in rule["ports"]), rule["to"]) for rule in policy["spec"]["egress"] or []]


@check("no values: one pod with a volume, on loopback, with a warning in NOTES")
def _():
    manifests, notes = RENDERED["no values"]
    owner = server(manifests)[0]
    require(owner["kind"] == "StatefulSet" and owner["spec"]["replicas"] == 1, owner["kind"])
    require(owner["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain", "the volume is deleted with the release")
    require(one_of_kind(manifests, "StatefulSet")["spec"]["serviceName"] in {one["metadata"]["name"] for one in of_kind(manifests, "Service")}, "no headless service")
    require(tomllib.loads(configuration_file(manifests))["listen"].startswith("127.0.0.1:"), "the development identity is reachable from the network")
    require("TRIAL" in notes and "auth.issuer" in notes, "NOTES lacks the warning")
    require(not [one for one in manifests if one["kind"] in CUSTOM_KINDS], "custom resources that the cluster may not have")
    policy = policies(manifests, server(manifests)[1])[0]
    require([ports for ports, _ in egress_rules(policy)] == [[53, 53]], "egress to more than DNS")
    callers = [rule for rule in policy["spec"]["ingress"] if rule["ports"][0]["port"] == "grpc"]
    require({"podSelector": {"matchLabels": {"second-opinion/client": "true"}}} in callers[0]["from"], "callers are not selected by label")


@check("embedded: listens on the network, with mounted token keys and egress to DNS only")
def _():
    manifests, notes = RENDERED["embedded"]
    file = tomllib.loads(configuration_file(manifests))
    require(file["listen"] == "0.0.0.0:50051" and file["auth_jwks"] == "/etc/second-opinion/jwks/jwks.json", file)
    require("TRIAL" not in notes and "sent unencrypted" in notes, "NOTES")
    require([ports for ports, _ in egress_rules(policies(manifests, server(manifests)[1])[0])] == [[53, 53]], "egress to more than DNS")
    require(not of_kind(manifests, "Job"), "a migration job, which cannot mount the volume")


@check("postgresql: a Deployment with the number of pods set by the autoscaler")
def _():
    manifests, _notes = RENDERED["postgresql"]
    owner = server(manifests)[0]
    require(owner["kind"] == "Deployment" and "replicas" not in owner["spec"], "both the Deployment and the autoscaler set the number of pods")
    require(owner["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, "a rollout with unavailable pods")
    target = one_of_kind(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    require((target["kind"], target["name"]) == ("Deployment", owner["metadata"]["name"]), target)


@check("postgresql: mTLS, with scopes by certificate name")
def _():
    file = tomllib.loads(configuration_file(RENDERED["postgresql"][0]))
    require({"tls_cert", "tls_key", "tls_client_ca"} <= file.keys() and "auth_jwks" not in file, file)
    require(file["callers"]["spiffe://example.org/ns/um/sa/tar"] == ["second-opinion.submit", "second-opinion.read"], file)


@check("postgresql: the migration runs first, with its own credentials and network policy")
def _():
    manifests, _notes = RENDERED["postgresql"]
    job = one_of_kind(manifests, "Job")
    require(job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", "not a hook before install and upgrade")
    spec = job["spec"]["template"]["spec"]
    own = spec["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]
    service = next(one for one in server(manifests)[2]["containers"][0]["env"] if one["name"] == "SECOND_OPINION_STORE")
    require(own != service["valueFrom"]["secretKeyRef"], "the service's credentials")
    hooked = [one for one in manifests if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    accounts = {one["metadata"]["name"] for one in of_kind(hooked, "ServiceAccount")}
    require(spec["serviceAccountName"] in accounts, "a service account that is not created yet")
    require(not any("configMap" in volume and volume["name"] == "config" for volume in spec["volumes"]), "a ConfigMap that is not created yet")
    policy = policies(hooked, job["spec"]["template"]["metadata"]["labels"])[0]
    require([ports for ports, _ in egress_rules(policy)] == [[53, 53], [5432]] and not policy["spec"].get("ingress"), policy["spec"])


@check("postgresql and everything: egress only to the listed destinations")
def _():
    for case, wanted in (("postgresql", [[53, 53], [5432]]), ("everything", [[53, 53], [5432], [4317], [443]])):
        manifests, _notes = RENDERED[case]
        found = [ports for ports, _ in egress_rules(policies(manifests, server(manifests)[1])[0])]
        require(found == wanted, f"{case}: {found}")


@check("everything: the ServiceMonitor selects one service and its port")
def _():
    manifests, _notes = RENDERED["everything"]
    monitor = one_of_kind(manifests, "ServiceMonitor")["spec"]
    found = [one for one in of_kind(manifests, "Service") if selects(monitor["selector"]["matchLabels"], one["metadata"]["labels"])]
    require(len(found) == 1, f"{len(found)} services would be scraped")
    require(monitor["endpoints"][0]["port"] in {port["name"] for port in found[0]["spec"]["ports"]}, "the service has no such port")


# === values that must be refused ===

for refused in yaml.safe_load((HERE / "refused.yaml").read_text()):

    @check(f"refused: {refused['name']}")
    def _():
        try:
            render(merge(values_of(refused.get("values")), refused["set"]))
        except helm_python.HelmError as error:
            require(refused["says"] in str(error), f"refused, but the error does not contain `{refused['says']}`: {error}")
        else:
            raise AssertionError("it renders")


# === metrics, alerts, dashboard and their documentation ===

METRICS = {}
for line in (CHART / "files" / "metrics.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        name, kind, labels, scope, _meaning = line.split(maxsplit=4)
        METRICS[name] = (kind, set() if labels == "-" else set(labels.split(",")), scope)
# Labels that Prometheus adds to every series, and the label of a histogram's buckets.
TARGET_LABELS = {"namespace", "job", "pod", "le"}

VALUES_WITH_ALERTS = merge(values_of("postgresql"), {"monitoring": {"prometheusRule": {"enabled": True}}})
RULES = {"groups": one_of_kind(render(VALUES_WITH_ALERTS)[0], "PrometheusRule")["spec"]["groups"]}
DASHBOARD = json.loads((CHART / "files" / "dashboard.json").read_text())
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])
}
EXPRESSIONS = {name: rule["expr"] for name, rule in ALERTS.items()} | PANELS


@check("alerts and dashboard use every metric of the service, and only existing metrics and labels")
def _():
    errors, used = [], set()
    for name, expression in EXPRESSIONS.items():
        for series, matchers in re.findall(r"\b((?:second_opinion|rpc_server)_\w+)(?:\{([^}]*)\})?", re.sub(r'"(?!second)[^"{}]*"', '""', expression)):
            base = re.sub(r"_(bucket|sum|count)$", "", series)
            metric = series if series in METRICS else base
            if metric not in METRICS:
                errors.append(f"{name}: {series} is not in metrics.txt")
                continue
            used.add(metric)
            kind, labels, _scope = METRICS[metric]
            if (kind == "histogram") != (series != metric):
                errors.append(f"{name}: {series} of a {kind}")
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
                if label not in labels | TARGET_LABELS:
                    errors.append(f"{name}: {series} has no label {label}")
        labels = set().union(*(METRICS[one][1] for one in METRICS if one in expression)) | TARGET_LABELS
        for group in re.findall(r"by \(([^)]*)\)", expression):
            errors += [f"{name}: no metric has the label {label}" for label in re.split(r",\s*", group) if label not in labels]
    require(not errors, "\n".join(errors))
    unused = METRICS.keys() - used
    require(not unused, f"in no alert or panel: {sorted(unused)}")


@check("metrics read from the store are not summed over replicas")
def _():
    errors = []
    for name, expression in EXPRESSIONS.items():
        for metric, (_kind, _labels, scope) in METRICS.items():
            if scope != "store":
                continue
            for before in re.findall(r"([^()]*\([^()]*\)\s*|\w+)\s*\((?:increase\(|rate\()?" + metric, expression):
                if not re.match(r"\s*[-+*/,<>=.\d]*\s*(max|min)\b", before.strip()):
                    errors.append(f"{name}: {metric} in `{before.strip()}`")
    require(not errors, "\n".join(errors))


@check("the dashboard is valid for Grafana and has the main panels")
def _():
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    require(len(set(numbers)) == len(numbers), "two panels with the same id")
    titles = {panel["title"].lower() for panel in DASHBOARD["panels"]}
    for wanted in ("open cases by time left", "timeliness", "latency", "store"):
        require(any(wanted in title for title in titles), f"no panel for {wanted}")
    for panel in DASHBOARD["panels"]:
        require(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, f"{panel['title']} is too wide")
    require({one["name"] for one in DASHBOARD["templating"]["list"]} == {"datasource", "namespace", "job"}, "variables")


@check("alerts have a summary, a severity and a runbook, and identify no case or member")
def _():
    guide = (ROOT / "docs" / "operations.md").read_text()
    headings = {re.sub(r"[^\w-]", "", line.lstrip("# ").lower().replace(" ", "-")) for line in guide.splitlines() if line.startswith("#")}
    for name, rule in ALERTS.items():
        require({"summary", "description", "runbook_url"} <= rule["annotations"].keys(), name)
        require(rule["labels"]["severity"] in ("critical", "warning", "info"), name)
        page, anchor = rule["annotations"]["runbook_url"].split("#")
        require(page == "docs/operations.md" and anchor in headings, f"{name}: docs/operations.md has no {anchor}")
        require(not re.search(r"member_id|cin|determination_id", json.dumps(rule)), f"{name} may identify a case or a member")


@check("docs/operations.md explains every metric and every alert")
def _():
    guide = (ROOT / "docs" / "operations.md").read_text()
    missing = [name for name in [*METRICS, *ALERTS] if f"`{name}" not in guide and f"# {name}" not in guide]
    require(not missing, ", ".join(missing))
    unknown = set(re.findall(r"`((?:second_opinion|rpc_server)_\w+)", guide)) - METRICS.keys()
    require(not unknown, f"no such metric: {unknown}")


def promtool(*arguments):
    result = subprocess.run([PROMTOOL, *map(str, arguments)], cwd=OUT, capture_output=True, text=True)
    require(result.returncode == 0, result.stdout + result.stderr)
    return result.stdout


(OUT / "rules.yaml").write_text(yaml.safe_dump(RULES, sort_keys=False, width=1000))
(OUT / "alerts_test.yaml").write_text((HERE / "alerts_test.yaml").read_text())

if PROMTOOL:

    @check("promtool check rules: the alerts")
    def _():
        require(f"{len(ALERTS)} rules found" in promtool("check", "rules", "rules.yaml"), "promtool did not read every rule")

    @check("promtool test rules: every alert fires exactly when expected")
    def _():
        promtool("test", "rules", "alerts_test.yaml")

    @check("every alert has a unit test in which it fires, and one in which it does not")
    def _():
        cases = [one for test in yaml.safe_load((HERE / "alerts_test.yaml").read_text())["tests"] for one in test["alert_rule_test"]]
        for fires in (True, False):
            missing = ALERTS.keys() - {one["alertname"] for one in cases if bool(one.get("exp_alerts")) == fires}
            require(not missing, f"no test in which it {'fires' if fires else 'does not fire'}: {sorted(missing)}")

    @check("promtool check rules: the dashboard's queries")
    def _():
        expressions = [
            expression.replace("$__rate_interval", "5m").replace("$__range", "24h").replace("$namespace", "um").replace("$job", "x")
            for expression in PANELS.values()
        ]
        rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions)]
        (OUT / "dashboard-rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        promtool("check", "rules", "dashboard-rules.yaml")

else:
    print("skipped 4: alerts and dashboard: promtool is missing (Debian: prometheus)")

if not BINARY:
    print("skipped 1: check-config of the files: the program is not built")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
