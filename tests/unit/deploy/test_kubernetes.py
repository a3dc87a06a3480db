"""The Kubernetes overlays: valid for the API, and true to what the services need and must not."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
from litestar import Litestar

import services.ballot.app
import services.ballot.settings
import services.notify.app
import services.notify.pace
import services.notify.settings
import services.registrar.app
import services.registrar.pace
import services.registrar.settings
import services.tally.app
import services.tally.pace
import services.tally.settings
from shared.service.drain import Drain
from shared.service.pace import ServerPace
from shared.service.settings import ServiceSettings, load_settings
from shared.version import VERSION
from tests.unit.deploy.manifests import (
    KUBERNETES,
    OPERATORS_KINDS,
    OVERLAYS,
    SERVICES,
    Object,
    containers,
    environment,
    mounted_secrets,
    named,
    of_kind,
    overlay,
    pod_template,
    workloads,
)

OLDEST: Final = "1.30"
"""The oldest Kubernetes that the README promises."""

KINDS: Final[Mapping[str, type[ServiceSettings]]] = {
    "registrar": services.registrar.settings.Settings,
    "ballot": services.ballot.settings.Settings,
    "tally": services.tally.settings.Settings,
    "notify": services.notify.settings.Settings,
}
SECRET_WORDS: Final = re.compile("(password|token|secret|seed|^key$|database_url|_key_id$)")
UNPUBLISHED: Final = ("/metrics", "/live", "/ready", "/desk", "/inbox")


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> tuple[Object, ...]:
    """What one overlay gives."""
    return overlay(request.param)


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_kubernetes_accepts_every_object(
    objects: Sequence[Object], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strictly: a field that the API does not know is refused, not dropped."""
    # It reads its megabytes anew for each object.
    read_once = cache(kubernetes_validate.utils.schema_contents)
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", read_once)
    for one in objects:
        if one["kind"] not in OPERATORS_KINDS:
            kubernetes_validate.validate(dict(one), version, strict=True)


def test_pods_are_unprivileged_and_cannot_change_themselves(objects: Sequence[Object]) -> None:
    """Of services, jobs, PostgreSQL and NATS alike."""
    for workload in workloads(objects):
        pod = pod_template(workload)["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(pod)
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]["memory"]


def test_our_image_runs_as_its_own_user(objects: Sequence[Object]) -> None:
    """10001, as the Dockerfile has it."""
    for workload in of_kind(objects, "Deployment", "Job"):
        context = pod_template(workload)["spec"]["securityContext"]
        assert (context["runAsUser"], context["fsGroup"]) == (10001, 10001)


def test_images_are_pinned_and_ours_is_this_version(objects: Sequence[Object]) -> None:
    """A tag that names a version; none is `latest`, and the four services run the same."""
    images = {c["image"] for one in workloads(objects) for c in containers(one)}
    images |= {one["spec"]["imageName"] for one in of_kind(objects, "Cluster")}
    assert all(re.search(r"(:v?\d+\.\d+|@sha256:)", image) for image in images)
    assert {image for image in images if "huimin" in image} == {
        f"registry.example.org/huimin:{VERSION}"
    }


def test_settings_are_complete_and_known_to_the_services(
    objects: Sequence[Object], tmp_path: Path
) -> None:
    """The real loader reads each pod's variables; files of secrets lie elsewhere, nothing else."""
    for service in SERVICES:
        settings = settings_of(objects, service, tmp_path)
        (port,) = containers(named(objects, "Deployment", service))[0]["ports"]
        assert (settings.host, settings.port) == ("0.0.0.0", port["containerPort"])  # noqa: S104


def test_no_setting_is_a_secret(objects: Sequence[Object]) -> None:
    """Secrets are named by file; neither a ConfigMap nor a container's own variables hold one."""
    variables = {
        name: value
        for one in of_kind(objects, "ConfigMap")
        for name, value in one["data"].items()
        if name.startswith("HUIMIN_")
    }
    for workload in workloads(objects):
        for container in containers(workload):
            variables |= {one["name"]: one["value"] for one in container.get("env", [])}
    fields = {name: re.sub("^HUIMIN_[A-Z]+_|^POSTGRES_", "", name).lower() for name in variables}
    assert [
        name
        for name, field in fields.items()
        if SECRET_WORDS.search(field) and not field.endswith("_file")
    ] == []
    assert of_kind(objects, "Secret") == []


def test_files_that_settings_name_are_mounted(objects: Sequence[Object]) -> None:
    """Each `*_FILE` lies in a Secret of that very service, under a key that the Secret has."""
    keys = secret_keys()
    for service in SERVICES:
        deployment = named(objects, "Deployment", service)
        mounts = {path: name for path, name, _ in mounted_secrets(deployment)}
        for name, value in environment(objects, deployment).items():
            if name.startswith(f"HUIMIN_{service.upper()}_") and name.endswith("_FILE"):
                path = Path(value)
                assert mounts[str(path.parent)] == f"huimin-{service}"
                assert path.name in keys[f"huimin-{service}"], name


def test_every_secret_that_is_mounted_is_made(objects: Sequence[Object]) -> None:
    """By ./secrets, or by the operator for an administrator of its own."""
    keys: dict[str, set[str]] = secret_keys()
    for cluster in of_kind(objects, "Cluster"):
        keys[f"{cluster['metadata']['name']}-app"] = {"username", "password", "uri"}
    for workload in workloads(objects):
        for _, name, key in mounted_secrets(workload):
            assert name in keys
            assert key is None or key in keys[name]


@pytest.mark.parametrize(
    ("side", "services"), [("ballots", {"ballot", "tally"}), ("people", {"registrar", "notify"})]
)
def test_migrations_know_the_passwords_of_their_own_side(
    objects: Sequence[Object], side: str, services: set[str]
) -> None:
    """The services that a job's command names are those whose passwords it finds, and no other."""
    job = named(objects, "Job", f"migrate-{side}")
    command = containers(job)[0]["command"]
    asked = {after for word, after in pairwise(command) if word == "--service"}
    mounts = {path: secret for path, secret, _ in mounted_secrets(job)}
    passwords = secret_keys()[mounts[command[command.index("--passwords") + 1]]]
    assert asked == services
    assert passwords == {f"huimin_{service}.password" for service in services}
    assert len(mounts) == 2, "besides, the administrator's address"


def test_no_variable_of_kubernetes_is_taken_for_a_setting(objects: Sequence[Object]) -> None:
    """Service links are off: `HUIMIN_…_PORT=tcp://…` would keep a service from starting."""
    assert {pod_template(one)["spec"]["enableServiceLinks"] for one in workloads(objects)} == {
        False
    }


def test_services_are_told_apart_from_a_pods_end_and_given_time(
    objects: Sequence[Object], tmp_path: Path
) -> None:
    """The grace time holds the pause before SIGTERM, the notice, the drain, and some to spare."""
    for service in SERVICES:
        pod = pod_template(named(objects, "Deployment", service))["spec"]
        pause_s = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        notice_s = settings_of(objects, service, tmp_path).stop_notice_s
        assert pause_s >= 5
        stop_s = pause_s + notice_s + ServerPace().grace_s
        assert pod["terminationGracePeriodSeconds"] >= stop_s + 10


def test_probes_ask_what_they_are_for(objects: Sequence[Object]) -> None:
    """A pod is killed only if the process is stuck for long, and only /ready takes it out."""
    for service in SERVICES:
        (container,) = containers(named(objects, "Deployment", service))
        paths = {name: container[f"{name}Probe"]["httpGet"] for name in ("liveness", "readiness")}
        assert paths == {
            "liveness": {"path": "/live", "port": "http"},
            "readiness": {"path": "/ready", "port": "http"},
        }
        liveness = container["livenessProbe"]
        assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 60


def test_commands_are_the_services_entries(objects: Sequence[Object]) -> None:
    """`python -m services.<name>`, and no shell."""
    for service in SERVICES:
        (container,) = containers(named(objects, "Deployment", service))
        assert container["command"] == ["python", "-m", f"services.{service}"]


def test_the_ballot_box_outlives_a_machine_and_a_drain(objects: Sequence[Object]) -> None:
    """Two at least, one away at a time, none fewer while a version is rolled out, spread apart."""
    scaler = named(objects, "HorizontalPodAutoscaler", "ballot")["spec"]
    budget = named(objects, "PodDisruptionBudget", "ballot")["spec"]
    deployment = named(objects, "Deployment", "ballot")
    labels = pod_template(deployment)["metadata"]["labels"]
    spread = pod_template(deployment)["spec"]["topologySpreadConstraints"]
    assert scaler["scaleTargetRef"]["name"] == "ballot"
    assert scaler["minReplicas"] >= 2
    assert "replicas" not in deployment["spec"], "the autoscaler's to say"
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert [one["topologyKey"] for one in spread] == [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    ]
    assert all(one["labelSelector"]["matchLabels"].items() <= labels.items() for one in spread)


def test_published_checkpoints_are_shared_by_all_ballot_pods(objects: Sequence[Object]) -> None:
    """A volume that outlives the pods; on many machines, one that many can mount."""
    claim = named(objects, "PersistentVolumeClaim", "checkpoint-copies")["spec"]
    many = bool(of_kind(objects, "Cluster"))
    assert claim["accessModes"] == ["ReadWriteMany" if many else "ReadWriteOnce"]


@pytest.mark.parametrize("service", SERVICES)
def test_exactly_the_public_paths_are_published(
    objects: Sequence[Object], service: str, tmp_path: Path
) -> None:
    """Every route that the application really has: public, or one of those that are not."""
    rules = [one for one in of_kind(objects, "Ingress") if one["metadata"]["name"] == service]
    paths = [path for one in rules for path in one["spec"]["rules"][0]["http"]["paths"]]
    assert {path["backend"]["service"]["name"] for path in paths} == {service}
    routes = {route.path for route in application(objects, service, tmp_path).routes}
    hidden = {route for route in routes if not any(_matches(path, route) for path in paths)}
    assert hidden == {route for route in routes if route.startswith(UNPUBLISHED)}, (
        "each route is either published or in UNPUBLISHED"
    )


def test_browsers_find_each_service_where_it_is_published(
    objects: Sequence[Object], tmp_path: Path
) -> None:
    """The addresses in the settings are the hosts of the Ingress, by https."""
    hosts = {
        one["metadata"]["name"]: one["spec"]["rules"][0]["host"]
        for one in of_kind(objects, "Ingress")
    }
    for one in of_kind(objects, "Ingress"):
        assert one["spec"]["tls"][0]["hosts"] == [hosts[one["metadata"]["name"]]]
    for page, others in (
        ("ballot", ("registrar", "tally", "notify")),
        ("tally", ("ballot", "registrar", "notify")),
    ):
        settings = settings_of(objects, page, tmp_path)
        for other in others:
            assert getattr(settings, f"{other}_url") == f"https://{hosts[other]}"


@pytest.mark.parametrize(
    ("setting", "service", "page"),
    [("voting_url", "ballot", "vote"), ("board_url", "tally", "board")],
)
def test_messages_lead_to_a_page_of_their_edition(
    objects: Sequence[Object], tmp_path: Path, setting: str, service: str, page: str
) -> None:
    """The page of the service that has it: "choose" must not lead to the dashboard."""
    (host,) = (
        one["spec"]["rules"][0]["host"]
        for one in of_kind(objects, "Ingress")
        if one["metadata"]["name"] == service
    )
    url = getattr(settings_of(objects, "notify", tmp_path), setting)
    assert url == f"https://{host}/{page}#{{edition}}"


def test_one_log_is_named_alike_by_all(objects: Sequence[Object], tmp_path: Path) -> None:
    """All four believe in logs of the same origin."""
    origins = {settings_of(objects, service, tmp_path).log_origin for service in SERVICES}
    assert len(origins) == 1


def test_a_commit_is_on_two_machines() -> None:
    """One standby has it before it is acknowledged, and without one nothing is acknowledged."""
    clusters = of_kind(overlay("production"), "Cluster")
    assert [one["metadata"]["name"] for one in clusters] == ["postgres-ballots", "postgres-people"]
    for cluster in clusters:
        assert cluster["spec"]["instances"] == 3
        assert cluster["spec"]["postgresql"]["synchronous"] == {
            "method": "any",
            "number": 1,
            "dataDurability": "required",
            "failoverQuorum": True,
        }
        assert cluster["spec"]["enableSuperuserAccess"] is False


def test_durability_is_said_and_not_left_to_defaults(objects: Sequence[Object]) -> None:
    """fsync, full_page_writes and synchronous_commit, of each PostgreSQL."""
    given = [one["spec"]["postgresql"]["parameters"] for one in of_kind(objects, "Cluster")]
    for one in of_kind(objects, "StatefulSet"):
        if one["metadata"]["name"].startswith("postgres-"):
            arguments = [arg for arg in containers(one)[0]["args"] if arg != "-c"]
            given.append(dict(argument.split("=", 1) for argument in arguments))
    assert len(given) == 2
    for parameters in given:
        assert {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "password_encryption": "scram-sha-256",
            "log_min_error_statement": "panic",
        }.items() <= parameters.items()


def test_backups_of_the_two_sides_lie_apart() -> None:
    """Each cluster has a schedule and a bucket with credentials of its own."""
    objects = overlay("production")
    stores = of_kind(objects, "ObjectStore")
    buckets = {one["spec"]["configuration"]["destinationPath"] for one in stores}
    logins = {
        one["spec"]["configuration"]["s3Credentials"]["accessKeyId"]["name"] for one in stores
    }
    archivers = {
        one["spec"]["plugins"][0]["parameters"]["barmanObjectName"]
        for one in of_kind(objects, "Cluster")
    }
    assert (len(buckets), len(logins)) == (2, 2)
    assert archivers == {one["metadata"]["name"] for one in stores}
    assert {one["spec"]["cluster"]["name"] for one in of_kind(objects, "ScheduledBackup")} == {
        one["metadata"]["name"] for one in of_kind(objects, "Cluster")
    }


def secret_keys() -> dict[str, set[str]]:
    """The keys of each Secret that ./secrets makes, of any contents."""
    text = (KUBERNETES / "secrets" / "kustomization.yaml").read_text()
    found: dict[str, set[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := re.fullmatch(r"  - name: (\S+)", line):
            name = match[1]
        elif match := re.fullmatch(r"      - (\S+)=files/\S+", line):
            found.setdefault(name, set()).add(match[1])
    return found


def settings_of(objects: Sequence[Object], service: str, secrets: Path) -> Any:
    """The settings as the pod reads them; secrets lie in the directory `secrets`, made up."""
    fitting = {"log-key.seed": b64encode(bytes(32)), "log-key": b64encode(bytes(32))}
    fitting["key"] = b64encode(bytes(32))
    given = environment(objects, named(objects, "Deployment", service))
    for name, value in given.items():
        if name.startswith(f"HUIMIN_{service.upper()}_") and name.endswith("_FILE"):
            file = secrets / Path(value).name
            file.write_bytes(fitting.get(file.name, b"SU" + b"x" * 56))
            given = {**given, name: str(file)}
    return load_settings(KINDS[service], service, given)


def application(objects: Sequence[Object], service: str, secrets: Path) -> Litestar:
    """The service's application, not started."""
    settings = settings_of(objects, service, secrets)
    built: object
    match service:
        case "ballot":
            built = services.ballot.app.create_app(settings, Drain())
        case "registrar":
            pace = services.registrar.pace.Pace()
            built = services.registrar.app.create_app(settings, Drain(), pace)
        case "tally":
            built = services.tally.app.create_app(settings, Drain(), services.tally.pace.Pace())
        case _:
            built = services.notify.app.create_app(settings, Drain(), services.notify.pace.Pace())
    if isinstance(built, Litestar):
        return built
    # Something stands in front of it, and holds it.
    (inside,) = (one for one in vars(built).values() if isinstance(one, Litestar))
    return inside


def _matches(rule: Mapping[str, str], route: str) -> bool:
    """As Ingress compares paths: whole, or element by element."""
    path = rule["path"]
    exact = rule["pathType"] == "Exact"
    return route == path or (not exact and route.startswith(path.rstrip("/") + "/"))
