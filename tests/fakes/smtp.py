#!/usr/bin/env python3
"""smtp - a mail server for tests: takes mails on a socket that it inherits, and says what it took.

    smtp.py FD plain|starttls|tls [CERTIFICATE KEY] [USER PASSWORD]

One line of JSON a mail goes to stdout.  The reader's address decides: refused@.. is answered 550, later@.. 451.
QUIT is not answered: whoever waits for that has to give up.
"""

import asyncio
import json
import socket
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = {"refused": "550 no such reader", "later": "451 not now"}
        answer = answers.get(address.partition("@")[0])
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("ascii")
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": text}
        mail["tls"] = server.transport.get_extra_info("ssl_object") is not None
        mail["user"] = session.auth_data
        print(json.dumps(mail), flush=True)
        return "250 taken"


class Server(SMTP):
    async def smtp_QUIT(self, arg):
        await asyncio.get_running_loop().create_future()


def judge(user, password):
    def authenticator(server, session, envelope, mechanism, data):
        is_good = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=is_good, handled=is_good, auth_data=user if is_good else None)

    return authenticator


async def main(fd, mode, certificate=None, key=None, user=None, password=None):
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    options = {"hostname": "localhost"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if user:
        options |= {"authenticator": judge(user, password), "auth_required": True, "auth_require_tls": mode == "starttls"}
    listener = socket.socket(fileno=int(fd))
    server = await asyncio.get_running_loop().create_server(
        lambda: Server(Handler(), **options), sock=listener, ssl=context if mode == "tls" else None
    )
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
