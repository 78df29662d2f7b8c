"""Sends e-mail: one message to one address, with files where there are any. Blocks: not for an event loop."""

import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from models.alarming import Smtp


class NotDeliveredError(Exception):
    """Nobody took the message; the text says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    media_type: str
    data: bytes


def send(smtp: Smtp, to: str, subject: str, text: str, attachments: Sequence[Attachment] = ()) -> None:
    """Hand a message to the server. smtplib.SMTPException, OSError or NotDeliveredError when it does not take it."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(subject.split())
    mail["From"] = smtp.sender
    mail["To"] = to
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=smtp.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    for file in attachments:
        kind, _, subtype = file.media_type.partition(";")[0].partition("/")
        mail.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)
    context = None if smtp.security == "none" else ssl.create_default_context(cafile=smtp.ca_file)
    with _connected(smtp, context) as server:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.username is not None:
            word = os.environ.get(smtp.password_env or "")
            if word is None:
                raise NotDeliveredError(f"{smtp.password_env} is not set")
            server.login(smtp.username, word)
        server.send_message(mail)


def _connected(smtp: Smtp, context: ssl.SSLContext | None) -> smtplib.SMTP:
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_s, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_s)
