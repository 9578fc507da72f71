"""Hostile peers on loopback: one listener for each protocol and each way to misbehave.

Usage: peers.py CERTIFICATE KEY DIRECTORY. Prints `PEERS {"tcp flood": "127.0.0.1:40001", ...}` on standard error,
and serves until it is killed.
Unix sockets are made in DIRECTORY.

Ways: flood (well-formed pieces that answer nothing, as fast as they go), drip (the same, a byte at a time), endless (one piece that has
begun and never ends), silent, garbage, half (ends its sending side before answering), reset.
"""
import base64
import hashlib
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

CERTIFICATE, KEY, DIRECTORY = sys.argv[1:4]
WAYS = ["flood", "drip", "endless", "silent", "garbage", "half", "reset"]
GARBAGE = random.Random(7).randbytes(1 << 16)


class Peer:
    """One accepted connection, in clear or under TLS."""

    def __init__(self, connection):
        self.raw = self.connection = connection

    def start_tls(self, protocols=("http/1.1",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        context.set_alpn_protocols(list(protocols))
        self.raw = self.connection = context.wrap_socket(self.raw, server_side=True)

    def send(self, data):
        self.connection.sendall(data)

    def read(self):
        return self.connection.recv(1 << 16)

    def read_past(self, end):
        seen = b""
        while end not in seen:
            more = self.read()
            if not more:
                raise OSError("gone")
            seen += more
        return seen

    def listen_until_gone(self):
        while self.read():
            pass

    def misbehave(self, way, pieces, endless):
        """`pieces` answer nothing, however many come; `endless` is the beginning of what never ends, and what goes on for ever."""
        if way == "flood":
            self.forever(pieces * max(1, (1 << 16) // len(pieces)))
        elif way == "drip":
            while True:
                for byte in pieces:
                    self.send(bytes([byte]))
                    time.sleep(0.01)
        elif way == "endless":
            self.send(endless[0])
            self.forever(endless[1] * max(1, (1 << 16) // len(endless[1])))
        elif way == "garbage":
            self.send(GARBAGE)
        elif way == "half":
            self.raw.shutdown(socket.SHUT_WR)
            self.listen_until_gone()
        elif way == "reset":
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.listen_until_gone()

    def forever(self, block):
        while True:
            self.send(block)


def frame(kind, flags, stream, payload=b""):
    """A frame of HTTP/2."""
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def tcp(peer, way):
    peer.misbehave(way, b"hello\r\n", (b"", b"x"))


def tls(peer, way):
    if way not in ("silent", "garbage", "half", "reset"):
        peer.start_tls()
    elif way == "reset":
        peer.read()
    peer.misbehave(way, b"hello\r\n", (b"", b"x"))


def http(peer, way):
    peer.read_past(b"\r\n\r\n")
    if way in ("flood", "drip"):
        peer.send(b"HTTP/1.1 200 OK\r\n")
    peer.misbehave(way, b"X-Filler: 0123456789\r\n", (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"))


def https(peer, way):
    peer.start_tls()
    http(peer, way)


def interim(peer, way):
    """Answers of 100 that announce more, and a body that inflates for ever."""
    peer.read_past(b"\r\n\r\n")
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = bomb.compress(bytes(1 << 20)) + bomb.flush(zlib.Z_FULL_FLUSH)
    more = bomb.compress(bytes(1 << 24)) + bomb.flush(zlib.Z_FULL_FLUSH)
    peer.misbehave(way, b"HTTP/1.1 100 Continue\r\n\r\n", (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + start, more))


def http2(peer, way, over_tls=True, headers=b"\x88"):
    if over_tls:
        peer.start_tls(["h2"])
    peer.read()
    if way not in ("silent", "half", "reset"):
        peer.send(frame(4, 0, 0))
    peer.misbehave(way, frame(6, 0, 0, bytes(8)), (frame(1, 4, 1, headers), frame(0, 0, 1)))


def grpc(peer, way):
    # HPACK: status 200, content-type application/grpc as a literal.
    http2(peer, way, False, b"\x88\x0f\x10\x10application/grpc")


def websocket(peer, way):
    request = peer.read_past(b"\r\n\r\n").decode()
    key = re.search(r"(?im)^sec-websocket-key: *(\S+)", request).group(1)
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    peer.send(f"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    peer.misbehave(way, b"\x89\x00", (b"\x01\x01a", b"\x00\x00"))


def smtp(peer, way):
    if way == "reset":
        peer.send(b"220 here\r\n")
        peer.read()
    elif way in ("flood", "drip", "garbage"):
        peer.send(b"220 here\r\n")
        peer.read_past(b"\n")
    peer.misbehave(way, b"250-more\r\n", (b"220 ", b"x"))


def dns_stream(peer, way):
    query = peer.read()
    message = bytes([query[2] ^ 1, query[3]]) + b"\x81\x80" + query[6:]
    peer.misbehave(way, struct.pack("!H", len(message)) + message, (b"\xff\xff", b"x"))


def dns_datagrams(listener, way):
    while True:
        query, client = listener.recvfrom(4096)
        threading.Thread(target=answer_datagrams, args=(listener, way, query, client), daemon=True).start()


def answer_datagrams(listener, way, query, client):
    wrong = bytes([query[0] ^ 1, query[1]]) + b"\x81\x80" + query[4:]
    end = time.monotonic() + 4
    number = 0
    while way != "silent" and time.monotonic() < end:
        number += 1
        if way == "garbage":
            answer = GARBAGE[number % 60000:][:500]
        elif way == "endless":
            answer = query[:2] + b"\x81\x80" + query[4:12] + b"\x05other\x04test\x00" + query[-4:]
        else:
            answer = wrong
        try:
            listener.sendto(answer, client)
        except OSError:
            pass
        if way == "drip":
            time.sleep(0.02)


def serve(listener, protocol, way):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=run, args=(connection, protocol, way), daemon=True).start()


def run(connection, protocol, way):
    peer = Peer(connection)
    try:
        protocol(peer, way)
    except (OSError, ValueError, AttributeError):
        pass
    finally:
        peer.connection.close()
        connection.close()


addresses = {}
for protocol in (tcp, tls, http, https, interim, http2, grpc, websocket, smtp, dns_stream):
    for way in WAYS:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        addresses[f"{protocol.__name__} {way}"] = "127.0.0.1:%d" % listener.getsockname()[1]
        threading.Thread(target=serve, args=(listener, protocol, way), daemon=True).start()
for way in WAYS:
    path = os.path.join(DIRECTORY, way)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    addresses[f"unix {way}"] = path
    threading.Thread(target=serve, args=(listener, tcp, way), daemon=True).start()
for way in ("flood", "drip", "endless", "silent", "garbage"):
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    addresses[f"dns_datagrams {way}"] = "127.0.0.1:%d" % listener.getsockname()[1]
    threading.Thread(target=dns_datagrams, args=(listener, way), daemon=True).start()
print("PEERS " + json.dumps(addresses), file=sys.stderr, flush=True)
threading.Event().wait()
