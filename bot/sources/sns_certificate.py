"""The certificate that SNS signs with: whose it is, and whether a signature is by its key.

A module of its own, loaded with the first message of SNS: cryptography takes a while to load.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509.oid import NameOID

from bot.errors import BadSignature

_PEM = re.compile(
    rb"\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*", re.ASCII
)
_HASHES: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - AWS's version 1


class Certificate:
    """A signing certificate of SNS in `region`.

    Raises:
        BadSignature: it cannot be read, is not valid `now`, or is somebody else's.
    """

    def __init__(self, pem: bytes, region: str, now: datetime) -> None:
        self._key = _public_key(pem, region, now)

    def require_signature(self, signature: str, signed: bytes, version: str) -> None:
        """Raise `BadSignature` unless `signature` (base64) is the key's for `signed`.

        Args:
            version: SNS's SignatureVersion, "1" or "2".
        """
        try:
            told = base64.b64decode(signature, validate=True)
            self._key.verify(told, signed, PKCS1v15(), _HASHES[version])
        except (binascii.Error, InvalidSignature, ValueError):
            raise BadSignature("the signature does not fit the message") from None


def _public_key(pem: bytes, region: str, now: datetime) -> RSAPublicKey:
    # cryptography would find a certificate inside any other text, such as an XML answer.
    if not _PEM.fullmatch(pem):
        raise BadSignature("the signing certificate is not one PEM block")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError:
        raise BadSignature("the signing certificate cannot be read") from None
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise BadSignature("the signing certificate is not valid today")
    if not _names(certificate) & _expected_names(region):
        raise BadSignature("the signing certificate is not Amazon SNS's")
    if not isinstance(key, RSAPublicKey):
        raise BadSignature("the signing certificate holds no RSA key")
    return key


def _names(certificate: x509.Certificate) -> set[str]:
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {str(attribute.value) for attribute in common}


def _expected_names(region: str) -> set[str]:
    return {
        "sns.amazonaws.com",
        f"sns-signing.{region}.amazonaws.com",
        f"sns-signing.{region}.amazonaws.com.cn",
        f"sns-{region}.amazonaws.com",
        f"sns-{region}.amazonaws.com.cn",
    }
