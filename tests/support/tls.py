"""Certificates for tests, and TLS in front of a node, as a proxy brings it: with a certificate for this machine's name."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_certificate(
    folder: Path, name: str = "localhost", *, host: str = "localhost", days: tuple[float, float] = (-1, 30), by: Path | None = None,
    key: PrivateKey | None = None,
) -> Path:  # fmt: skip
    """Write a certificate for a host and its key; return the file.

    days: its first and last, from now.   by: the file of the authority that vouches for it; without, it vouches for itself, and may for
    others.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    authority = None if by is None else x509.load_pem_x509_certificates(by.read_bytes())[0]
    signer = key if by is None else serialization.load_pem_private_key(by.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    now = dt.datetime.now(dt.UTC)
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem_of(key))
    return file


def pem_of(key: PrivateKey, encryption: serialization.KeySerializationEncryption | None = None) -> bytes:
    """Return a key in PEM."""
    kind = encryption or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kind)


def split(file: Path, certificate: Path, key: Path) -> None:
    """Write the certificate and the key of a file into files of their own, each at once."""
    text = file.read_text()
    at = text.index("-----BEGIN PRIVATE KEY")
    for path, part in ((certificate, text[:at]), (key, text[at:])):
        fresh = path.with_suffix(".new")
        fresh.write_text(part)
        fresh.replace(path)


def serial_at(port: int, host: str = "localhost") -> int:
    """Return the serial number of the certificate that a port shows, which no authority needs to vouch for."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 20) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        shown = tls.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def serial_of(file: Path) -> int:
    """Return the serial number of the first certificate of a file."""
    return x509.load_pem_x509_certificates(file.read_bytes())[0].serial_number


class Gate:
    """Takes TLS on `port`, one of its own, and carries what is in it to a port of this machine; on a thread of its own."""

    def __init__(self, target: int, certificate: Path, clients: Path | None = None) -> None:
        """clients: the authority of the certificates that clients must show."""
        self.port = 0
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        if clients is not None:
            self._context.load_verify_locations(clients)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._is_open = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_open.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._closed.set_result, None)
        self._thread.join(20)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closed = self._loop.create_future()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._is_open.set()
        await self._closed
        server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # it is closed meanwhile
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that end closes."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
