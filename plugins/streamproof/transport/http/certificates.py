"""The certificate of a source on loopback. It is made for one run and is its own authority."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from streamproof.model.files import write_private
from streamproof.transport.served import CERTIFICATE_FILE

_VALID = dt.timedelta(days=7)
# The clocks of containers may differ by some minutes.
_EARLIER = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate: `certificate` is for clients, who trust it; `private_key` is for the server alone."""

    certificate: Path
    private_key: Path


def make_certificate(folder: Path, names: tuple[str, ...] = ("127.0.0.1", "localhost")) -> Certificate:
    """Make a key and a self-signed certificate for these names and addresses, in PEM files in `folder`.

    Only the owner can read the private key. Raises OSError when the folder cannot be written to.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    content = _signed(key, names).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / CERTIFICATE_FILE, folder / "private_key.pem")
    write_private(made.private_key, private)
    made.certificate.write_bytes(content)
    return made


def _signed(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "streamproof source")])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        # Strict clients want an authority to be marked as one, and a server's certificate to be for servers.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
