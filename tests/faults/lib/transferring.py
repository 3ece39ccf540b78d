#!/usr/bin/python3
"""transferring - many transfers at once, each at its pace through small buffers: half of them read a file, half of them upload.

usage: transferring.py TOKEN RATE FILE UPLOAD...   RATE in bytes a second of each, FILE and UPLOAD are paths; then lines on
standard input: `at PORT` (as many at the server there), `none`. Each line is answered, when it has been done, by `ready`.
"""

import http.client
import select
import socket
import sys
import time

STEP = 0.02
BUFFER = 32 * 1024
READY_SECONDS = 20
PATCH_LENGTH = 64 * 1024 * 1024
ZEROS = bytes(BUFFER)

token, rate, source, uploads = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]


class Transfer:
    """One connection that moves its share of bytes at each step."""

    def __init__(self, port, head, sends):
        self.sends = sends
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.socket.connect(("127.0.0.1", port))
        lines = [*head, "Host: 127.0.0.1", f"Authorization: Bearer {token}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.socket.setblocking(False)
        self.begun, self.moved, self.is_open = time.monotonic(), 0, True

    def step(self, now):
        due = int((now - self.begun) * rate) - self.moved
        try:
            while self.is_open and due > 0:
                count = min(due, BUFFER)
                moved = self.socket.send(ZEROS[:count]) if self.sends else len(self.socket.recv(count))
                self.is_open = moved > 0
                self.moved += moved
                due -= moved
        except BlockingIOError:
            pass
        except OSError:
            self.is_open = False


def offset_of(port, upload):
    """Where an upload stands, once nobody writes to it any more."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
        link.request("HEAD", upload, headers={"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"})
        answer = link.getresponse()
        link.close()
        if answer.status in (200, 204):
            return answer.getheader("Upload-Offset")
        time.sleep(STEP)
    sys.exit(f"transferring: {upload} can't be asked for")


def begin(port):
    begun = []
    for upload in uploads:
        told = ["Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream", f"Content-Length: {PATCH_LENGTH}"]
        begun.append(Transfer(port, [f"PATCH {upload} HTTP/1.1", *told, f"Upload-Offset: {offset_of(port, upload)}"], True))
        begun.append(Transfer(port, [f"GET {source} HTTP/1.1"], False))
    return begun


def main():
    transfers, pending = [], b""
    while True:
        if select.select([sys.stdin.buffer], [], [], STEP)[0]:
            read = sys.stdin.buffer.raw.read(4096)
            if not read:
                return
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                for one in transfers:
                    one.socket.close()
                command, *port = line.decode().split()
                transfers = begin(int(port[0])) if command == "at" else []
                print("ready", flush=True)
        now = time.monotonic()
        for one in transfers:
            one.step(now)
        lost = sum(not one.is_open for one in transfers)
        if lost:
            sys.exit(f"transferring: {lost} of {len(transfers)} transfers ended before their time")


main()
