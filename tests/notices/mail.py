#!/usr/bin/env python3
"""A server of mail on this machine: mail.py MODE [ANSWER...].

MODE is `plain`, `starttls` or `tls`. The first recipients are answered with the ANSWERs (`451`, `550`), all others are taken.
Signing in is required but in `plain`; only `bot` with `of-the-test` may.

Prints one line of JSON with its port and the file with its certificate's authority, then one for each message that it
takes. It ends when its input does.

Run it with the python of the environment that tests/notices/venv prints.
"""

import asyncio
import json
import ssl
import sys
import tempfile
from pathlib import Path

import trustme
from aiosmtpd.smtp import SMTP, AuthResult


def say(value):
    print(json.dumps(value), flush=True)


class Letterbox:
    def __init__(self, answers):
        self.answers = answers

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers:
            return f"{self.answers.pop(0)} not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "encrypted": session.ssl is not None,
                "user": session.auth_data,
                "message": envelope.content.decode("ascii"),
            }
        )
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"bot", b"of-the-test")
    return AuthResult(success=good, handled=good, auth_data="bot" if good else None)


def session(box, mode, context):
    if mode == "plain":
        return SMTP(box)
    return SMTP(
        box,
        tls_context=context if mode == "starttls" else None,
        require_starttls=mode == "starttls",
        auth_required=True,
        # Where the connection is encrypted from the start, aiosmtpd does not see that it is.
        auth_require_tls=mode == "starttls",
        authenticator=authenticate,
    )


async def serve(mode, answers):
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        ca = Path(folder, "ca.pem")
        authority.cert_pem.write_to_path(ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        box = Letterbox(answers)
        server = await loop.create_server(
            lambda: session(box, mode, context), "127.0.0.1", 0, ssl=context if mode == "tls" else None
        )
        say({"port": server.sockets[0].getsockname()[1], "ca": str(ca)})
        await loop.run_in_executor(None, sys.stdin.read)
        server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2:]))
