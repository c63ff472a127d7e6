"""E-mail (RFC 5322 and MIME): the message as text, and its attachments."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import NamedTuple

from reasoner.ground.errors import DocumentationError

_SHOWN = ("From", "To", "Date", "Subject")


class MailPart(NamedTuple):
    """The body of a message, or an attachment."""

    name: str
    """Of the attachment's file; empty for the body."""
    media_type: str
    data: bytes


def read_mail(data: bytes, where: str) -> tuple[str, list[MailPart]]:
    """The lines that say who wrote when and what about, and the parts: the body first, then the attachments.

    Raises:
        DocumentationError: it is no e-mail.
    """
    try:
        message = message_from_bytes(data, policy=policy.default)
        if not isinstance(message, EmailMessage) or not any(name in message for name in _SHOWN):
            raise DocumentationError("the file is no e-mail", where=where)
        head = "".join(f"{name}: {message[name]}\n" for name in _SHOWN if name in message)
        parts = []
        body = message.get_body(("plain", "html"))
        if isinstance(body, EmailMessage):
            parts.append(MailPart("", body.get_content_type(), _content(body)))
        for number, part in enumerate(message.iter_attachments(), 1):
            name = part.get_filename() or f"attachment {number}"
            kind = part.get_content_type()
            parts.append(MailPart(name, kind, _content(part)))
    except (MessageError, LookupError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DocumentationError(f"the e-mail is damaged ({type(error).__name__})", where=where) from error
    return head, parts


def _content(part: EmailMessage) -> bytes:
    content = part.get_content()
    if isinstance(content, str):
        return content.encode("utf-8", "replace")
    return content if isinstance(content, bytes) else content.as_bytes()
