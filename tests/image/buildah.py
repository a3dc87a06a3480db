"""Builds deploy/Dockerfile without a container engine and without a registry.

`buildah` with chroot isolation needs root and Debian's packages `buildah` and `debootstrap`. The
base image is made by `debootstrap`: Debian with Python and nothing else, which is what the
Dockerfile asks of any base. Packages come the way that this machine gets them, with its
certificates. What is built lies in one directory, removed at the end.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.integration.deploy.compose import ROOT, Service

BASE: Final = "localhost/huimin-base:bookworm"
IMAGE: Final = "localhost/huimin:test"
CODE: Final = "/opt/huimin"
PACKAGES: Final = "ca-certificates,python3,python3-venv"
CERTIFICATES: Final = "/etc/ssl/certs"
BUILD_LIMIT_S: Final = 1500

# What a container has at first. Buildah would take "drop all, add one" for "drop all".
CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    "AUDIT_WRITE")  # fmt: skip


class Buildah:
    """Builds and runs the image in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "deployment"
        self.code = Path()
        self.container = ""
        self._store = ["--root", str(directory / "store"), "--runroot", str(directory / "run")]

    def build(self) -> None:
        """Make the base and the image, and a container of it."""
        self.data.mkdir(mode=0o711)
        self._make_base()
        self._build_image()
        self.container = self.command("from", "--pull-never", IMAGE)
        self.code = Path(self.command("mount", self.container)) / CODE.removeprefix("/")

    def command(self, *words: str) -> str:
        """What a buildah command prints; raises `CalledProcessError`, with all that it said."""
        done = subprocess.run(
            [_program("buildah"), *self._store, *words],
            env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            timeout=BUILD_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout.strip()

    def launch(
        self, service: Service, command: list[str], environment: dict[str, str]
    ) -> list[str]:
        """The command line that runs a service of the image as the compose file says.

        Its code is mounted read-only. What comes from another image runs as it is.
        """
        if "huimin" not in service.image:
            return command
        given = [f"--env={name}={value}" for name, value in environment.items()]
        assert service.cap_drop == ["ALL"]
        added = [f"--cap-add=CAP_{one}" for one in service.cap_add]
        dropped = [f"--cap-drop=CAP_{one}" for one in CAPABILITIES if one not in service.cap_add]
        options = [f"--user={service.user}", *given, *dropped, *added]
        return self.running(*options, "--", *command)

    def running(self, *words: str) -> list[str]:
        """The command line that runs something in the container, on read-only code."""
        mounts = [f"--volume={self.code}:{CODE}:ro", f"--volume={self.data}:{self.data}"]
        dashes = words.index("--")
        run = [_program("buildah"), *self._store, "run", "--isolation=chroot", *mounts]
        return [*run, *words[:dashes], self.container, *words[dashes:]]

    def unmount(self) -> None:
        """Let go of the directory, which can then be removed: also after a build that failed."""
        self.command("rm", "--all")
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(f"{self.directory}/"):
                subprocess.run([_program("umount"), mount], check=True)

    def _make_base(self) -> None:
        container = self.command("from", "scratch")
        root = self.command("mount", container)
        Path(root).chmod(0o755)
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        subprocess.run(
            [_program("debootstrap"), *options, "bookworm", root],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=BUILD_LIMIT_S,
        )
        self.command("umount", container)
        self.command("commit", "--quiet", "--rm", container, BASE)

    def _build_image(self) -> None:
        pip, npm = self.directory / "pip.conf", self.directory / "npmrc"
        bundle = f"{CERTIFICATES}/ca-certificates.crt"
        pip.write_text(f"[global]\ncert = {bundle}\n")
        npm.write_text(f"cafile={bundle}\n")
        mounts = {CERTIFICATES: CERTIFICATES, pip: "/etc/pip.conf", npm: "/root/.npmrc"}
        self.command(
            "build",
            "--isolation=chroot",
            "--format=docker",
            "--pull-never",
            f"--build-arg=BASE={BASE}",
            *(f"--volume={source}:{target}:ro" for source, target in mounts.items()),
            f"--file={ROOT / 'deploy/Dockerfile'}",
            f"--tag={IMAGE}",
            str(ROOT),
        )


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"this needs {name}: apt-get install {name}"
    return found
