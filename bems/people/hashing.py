"""Passwords, codes and tokens: how they are made and what is kept of them. Only standard library (scrypt)."""

import hashlib
import hmac
import secrets
from typing import Final

SCRYPT: Final = {"n": 2**15, "r": 8, "p": 3}
"""32 MB and about a quarter of a second of one core; OWASP's advice of equal strength to n = 2**17, p = 1."""
SCRYPT_MEMORY: Final = 64 * 2**20
SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
SHORTEST: Final = 12
LONGEST: Final = 256
FEWEST_DIFFERENT: Final = 5
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters and digits that are taken for one another."""
CODE_LENGTH: Final = 12
CODE_GROUP: Final = 4


def hash_password(password: str) -> str:
    """What is kept of a password: parameters, salt and key, so that parameters may change later. Takes its time."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = _scrypt(password, salt, **SCRYPT)
    return f"scrypt${SCRYPT['n']}${SCRYPT['r']}${SCRYPT['p']}${salt.hex()}${key.hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether it is the password of which `kept` is kept. Takes its time."""
    _, n, r, p, salt, key = kept.split("$")
    found = _scrypt(password, bytes.fromhex(salt), n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(found, bytes.fromhex(key))


def _scrypt(password: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=KEY_BYTES)


def is_weak(password: str, name: str) -> bool:
    """Whether a password is too short, too long, too even, or the name again. Length is what counts (NIST 800-63B)."""
    lower, own = password.casefold(), name.casefold()
    even = len(set(lower)) < FEWEST_DIFFERENT
    return not SHORTEST <= len(password) <= LONGEST or even or lower.replace(own, "") == "" or own * 2 in lower


def new_secret() -> str:
    """256 random bits, as a browser or a program brings them."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """A code to be typed by hand, such as 7KQM-2XVB-9HTD: 58 bits, of use once and only for some days."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(letters[i : i + CODE_GROUP] for i in range(0, CODE_LENGTH, CODE_GROUP))


def as_typed(code: str) -> str:
    """A code without what people put between its letters."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def fingerprint(secret: str) -> str:
    """What is kept of a random secret. It cannot be guessed, so a fast hash is as good as a slow one."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """What a page of this session brings with every change: follows from its secret, and does not tell it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()
