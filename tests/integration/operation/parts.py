"""Real parts with something wrong in them: a NATS server, a service's clock, a certificate."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.embedded.account import current_account
from cli.embedded.binaries import NATS_SERVER, program
from cli.embedded.endpoint import free_port
from cli.service_process import ServiceProcess
from tests.integration.operation.site import Site


@contextmanager
def jetstream(directory: Path, settings: str) -> Iterator[str]:
    """A nats-server whose JetStream is set like this; gives its monitoring endpoint."""
    port, monitor = free_port(), free_port()
    config = directory / "nats.conf"
    config.write_text(
        f'host: 127.0.0.1\nport: {port}\nhttp: "127.0.0.1:{monitor}"\n'
        f'jetstream {{ store_dir: "{directory}/store"\n {settings} }}\n'
    )
    command = [str(program(NATS_SERVER, current_account())), "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            while "Server is ready" not in (line := server.stderr.readline()):
                assert line, "it ended"
            yield f"http://127.0.0.1:{monitor}"
        finally:
            server.terminate()


@contextmanager
def service_with_clock(site: Site, directory: Path, shift_s: int) -> Iterator[str]:
    """A tally process that takes the time to be so much later; gives its URL.

    The clock is that of its Python, which the answers' `Date` comes from: another clock for one
    process alone needs no right over this machine's.
    """
    (directory / "sitecustomize.py").write_text(
        f"import time\nreal = time.time\ntime.time = lambda: real() + {shift_s}\n"
    )
    port = free_port()
    environment = site.environment("tally") | {
        "HUIMIN_TALLY_PORT": str(port),
        "PYTHONPATH": str(directory),
        "PROMETHEUS_MULTIPROC_DIR": str(directory),
    }
    log = directory / "tally.log"
    process = ServiceProcess("tally", "services.tally", directory, log, port, environment)
    process.start()
    try:
        process.wait_ready()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


@contextmanager
def tls_server(
    directory: Path, *, expires: timedelta, name: str = "localhost"
) -> Iterator[tuple[str, Path]]:
    """A TLS server with a certificate of its own making; gives its URL and whom to trust."""
    authority = directory / "authority.pem"
    _write_certificate(directory, authority, expires, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, directory / "key.pem")
    port, ready, stop = free_port(), Event(), Event()

    async def serve() -> None:
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", port, ssl=context
        )
        async with server:
            ready.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(max_workers=1) as thread:
        running = thread.submit(asyncio.run, serve())
        try:
            assert ready.wait(10)
            yield f"https://localhost:{port}", authority
        finally:
            stop.set()
            running.result()


def _write_certificate(directory: Path, file: Path, expires: timedelta, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + expires)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
