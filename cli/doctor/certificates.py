"""The certificates that people's browsers see: validity, name and chain, by a real handshake."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok, warn
from cli.doctor.place import Place

TIMEOUT_S: Final = 10.0
WARN_BEFORE: Final = timedelta(days=21)

_RENEW = Said(
    "更新证书并让代理重新加载；检查自动续期为何没有发生",
    "renew the certificate and let the proxy reload it; see why it was not renewed by itself",
)


async def check(place: Place) -> list[Finding]:
    """Every public address."""
    if not place.public:
        return [not_asked("certificates", "--public")]
    return [await _address(url, place.authorities) for url in place.public]


async def _address(url: str, authorities: Path | None) -> Finding:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        said = Said("公开地址不是 https", "the public address is not https")
        next_ = Said("在代理上启用 TLS", "let the proxy speak TLS")
        return fail("certificates", url, said, "", next_)
    host, port = parts.hostname, parts.port or 443
    context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
    try:
        certificate = await _handshake(host, port, context)
    except ssl.SSLCertVerificationError as error:
        said = Said("浏览器会拒绝该证书", "browsers refuse the certificate")
        evidence = f"{error.verify_message}; {await _described(host, port)}"
        return fail("certificates", url, said, evidence, _RENEW)
    except (OSError, TimeoutError) as error:
        return hindered("certificates", url, str(error) or type(error).__name__)
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    evidence = _validity(certificate)
    if left < WARN_BEFORE:
        said = Said(
            f"证书将在 {left.days} 天后到期", f"the certificate expires in {left.days} days"
        )
        return warn("certificates", url, said, evidence, _RENEW)
    return ok("certificates", url, Said("证书有效", "the certificate is valid"), evidence)


async def _described(host: str, port: int) -> str:
    """The certificate of a server that is not believed, to say what is wrong with it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return _validity(await _handshake(host, port, context))
    except (OSError, TimeoutError) as error:
        return str(error) or type(error).__name__


async def _handshake(host: str, port: int, context: ssl.SSLContext) -> x509.Certificate:
    async with asyncio.timeout(TIMEOUT_S):
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    if der is None:
        raise OSError("the server showed no certificate")
    return x509.load_der_x509_certificate(der)


def _validity(certificate: x509.Certificate) -> str:
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    subject = certificate.subject.rfc4514_string()
    return f"{subject}, {since:%Y-%m-%d %H:%M} .. {until:%Y-%m-%d %H:%M} UTC"
