"""Verifies signatures of messages as a receiver does: with the certificate that the message names."""

import base64
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    "UnsubscribeConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}
HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}


def verify(message):
    """Raises an exception unless the message bears a signature of its hub."""
    with urllib.request.urlopen(message["SigningCertURL"]) as answer:
        certificate = x509.load_pem_x509_certificate(answer.read())
    lines = [f"{key}\n{message[key]}\n" for key in SIGNED[message["Type"]] if key in message]
    certificate.public_key().verify(
        base64.b64decode(message["Signature"]),
        "".join(lines).encode(),
        padding.PKCS1v15(),
        HASHES[message["SignatureVersion"]](),
    )
