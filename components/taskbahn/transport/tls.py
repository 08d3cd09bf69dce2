"""A connection through TLS: the client checks the name of the host, and the authority that vouches for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from taskbahn.errors import InvalidOption
from taskbahn.transport.access import certificates_of

if TYPE_CHECKING:
    from pathlib import Path

    from twisted.internet.defer import Deferred

    from taskbahn.transport.access import Access


class TlsEndpoint:
    """Connects through TLS on the reactor of the connection: the timers of `wrapClientTLS` would be those of the installed one, which
    may never run, and then nothing is sent.  Raises InvalidOption.
    """

    def __init__(self, endpoint: Any, host: str, reactor: Any, access: Access) -> None:
        self._endpoint = endpoint
        self._options = _options(host, access)
        self._reactor = reactor

    def connect(self, factory: Any) -> Deferred[Any]:
        """Connect; the result is the protocol that the factory has built."""
        opened: Deferred[Any] = self._endpoint.connect(TLSMemoryBIOFactory(self._options, True, factory, clock=self._reactor))
        return opened.addCallback(lambda tls: tls.wrappedProtocol)


@implementer(IOpenSSLClientConnectionCreator)
class OwnCertificate:
    """Has connections show a certificate of the client: Twisted's own way hands OpenSSL objects that pyOpenSSL wants no more."""

    def __init__(self, others: Any, chain: list[x509.Certificate], key: Any) -> None:
        self._others = others
        self._chain = chain
        self._key = key
        self._has_chain = False

    def check(self, path: Path) -> None:
        """Raise InvalidOption if OpenSSL does not take the certificate; a connection would fail of that each time."""
        context = SSL.Context(SSL.TLS_METHOD)
        try:
            context.use_certificate(self._chain[0])
            context.use_privatekey(self._key)
        except SSL.Error as error:
            said = ", ".join(reason for *_, reason in error.args[0]) if error.args else ""
            raise InvalidOption(
                f"client_cert = {path}: OpenSSL does not take it{_why(said, self._chain[0])}", option="client_cert"
            ) from None

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 - Twisted's name
        """Return the TLS of a new connection."""
        made: SSL.Connection = self._others.clientConnectionForTLS(protocol)
        made.use_certificate(self._chain[0])
        made.use_privatekey(self._key)
        if not self._has_chain:  # it belongs to what all connections have in common
            self._has_chain = True
            for one in self._chain[1:]:
                made.get_context().add_extra_chain_cert(one)
        return made


def _options(host: str, access: Access) -> Any:
    roots = cast("Any", trustRootFromCertificates)
    trusted = None if access.ca is None else roots([Certificate.loadPEM(found) for found in _checked(access.ca, "ca")])
    options = optionsForClientTLS(host, trusted)
    if access.client_cert is None or access.client_key is None:
        return options
    chain = [x509.load_pem_x509_certificate(found) for found in _checked(access.client_cert, "client_cert")]
    own = OwnCertificate(options, chain, _key(chain[0], access.client_cert, access.client_key))
    own.check(access.client_cert)
    return own


def _why(said: str, certificate: x509.Certificate) -> str:
    """Return what is wrong with a certificate by what OpenSSL says of it."""
    if "key too small" in said:
        key = certificate.public_key()
        shown = f"its RSA key has {key.key_size} bits" if isinstance(key, RSAPublicKey) else "its key is too short"
        return f": {shown}; make a certificate with an RSA key of 2048 bits or more, or with an ECDSA key"
    return f" ({said})" if said else ""


def _checked(path: Path, option: str) -> list[bytes]:
    """Return the certificates of a file, each as PEM, after a check that they are some."""
    try:
        found = certificates_of(path)
        for one in found:
            x509.load_pem_x509_certificate(one)
    except (ValueError, OSError) as error:
        raise InvalidOption(f"{option} = {path}: a certificate in it is damaged ({error})", option=option) from None
    return found


def _key(certificate: x509.Certificate, path: Path, file: Path) -> Any:
    """Return the key of a certificate."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError):
        raise InvalidOption(
            f"client_key = {file}: the key is damaged, or needs a password; give one without", option="client_key"
        ) from None
    if key.public_key() != certificate.public_key():
        raise InvalidOption(f"client_key = {file}: it is not the key of the certificate in {path}", option="client_key")
    return key
