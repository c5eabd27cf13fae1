"""A security key, as a browser would ask it: keys of ES256, no attestation (WebAuthn, level 2)."""

import hashlib
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

HOST, ORIGIN = "localhost", "https://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SecurityKey:
    """Its answers; what is `lied` about takes the place of what is true."""

    id: bytes = b"security-key-one"
    flags: int = PRESENT | VERIFIED
    owner: str = ""
    count: int = 0
    """0: it does not count."""
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: Any, **lied: Any) -> str:
        options = options["publicKey"]
        self.owner = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        key = cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + key
        data = self._data(lied, ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options, lied)
        response = {"clientDataJSON": b64(client), "attestationObject": b64(attestation)}
        return self._answer(response, {"credProps": {"rk": True}})

    def prove(self, options: Any, **lied: Any) -> str:
        options = options["publicKey"]
        data, client = self._data(lied), self._client("webauthn.get", options, lied)
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(self.private.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": lied.get("owner", self.owner),
        }
        return self._answer(response, {})

    def _data(self, lied: Any, more: int = 0) -> bytes:
        host = hashlib.sha256(lied.get("host", HOST).encode()).digest()
        return host + struct.pack(">BI", lied.get("flags", self.flags) | more, self.count)

    def _client(self, kind: str, options: Any, lied: Any) -> bytes:
        challenge = lied.get("challenge", options["challenge"])
        kind, origin = lied.get("kind", kind), lied.get("origin", ORIGIN)
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        found = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key"}
        return json.dumps({**found, "response": response, "clientExtensionResults": extensions})
