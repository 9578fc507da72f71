"""Hostile clients of one HTTP server: clients.py WAY COUNT HOST PORT [tls]. Prints READY once all of them have done their worst, then holds
on until it is killed. A connection that the server closes is opened again, five times COUNT in all."""
import asyncio
import ssl
import struct
import sys
import threading

WAY, COUNT, HOST, PORT = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
TLS = sys.argv[5:] == ["tls"]
AUTHORITY = f"localhost:{PORT}".encode()


def request(method=b"GET", path=b"/metrics", more=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + AUTHORITY + b"\r\n" + more + b"\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value):
    return bytes([len(value)]) + value


DATA, HEADERS, RST, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
# HPACK: indexed GET and https, then path and authority literally.
FIELDS = b"\x82\x87" + b"\x04" + text(b"/metrics") + b"\x01" + text(AUTHORITY)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_WINDOW = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0))


async def drip(reader, writer, head, byte):
    """Never silent, never complete."""
    writer.write(head)
    ready()
    while True:
        writer.write(byte)
        await writer.drain()
        await asyncio.sleep(0.3)


async def hold(reader, writer, sent):
    """Sends, and reads nothing."""
    writer.transport.pause_reading()
    writer.write(sent)
    ready()
    await asyncio.sleep(10 ** 6)


async def flood(reader, writer, head, pieces):
    """Sends as fast as the server takes it, until it closes the connection, or ends it with an error."""
    writer.write(head)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    ready()
    while await reader.read(65536):
        pass


def resets():
    return (frame(HEADERS, 5, stream, FIELDS) + frame(RST, 0, stream, struct.pack(">I", 8)) for stream in range(1, 20001, 2))


# Each is told its connection; those that begin with h2 choose HTTP/2.
WAYS = {
    "silent": lambda r, w: hold(r, w, b""),
    "half-hello": lambda r, w: hold(r, w, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "slow-head": lambda r, w: drip(r, w, b"GET /metrics HTTP/1.1\r\nX: ", b"a"),
    "slow-body": lambda r, w: drip(r, w, request(b"POST", b"/api/v1/maintenance", b"Content-Length: 1000000\r\n"), b"a"),
    "early-answer": lambda r, w: drip(r, w, request(b"POST", b"/nothing", b"Content-Length: 1000000\r\n"), b"a"),
    "pipeline": lambda r, w: hold(r, w, request() * 1000),
    "long-head": lambda r, w: flood(r, w, b"GET /metrics HTTP/1.1\r\n", (b"X: %s\r\n" % (b"a" * 1000) for _ in range(1000))),
    "many-heads": lambda r, w: flood(r, w, b"GET /metrics HTTP/1.1\r\n", (b"X: a\r\n" * 100 for _ in range(1000))),
    "h2-no-window": lambda r, w: hold(r, w, PREFACE + NO_WINDOW + b"".join(frame(HEADERS, 5, s, FIELDS) for s in range(1, 41, 2))),
    "h2-reset": lambda r, w: flood(r, w, PREFACE + frame(SETTINGS, 0, 0), resets()),
    "h2-continuation": lambda r, w: flood(
        r, w, PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 1, 1, FIELDS), (frame(CONTINUATION, 0, 1, b"\x00" + text(b"x") * 2) for _ in range(10000))),
    "h2-ping": lambda r, w: hold(r, w, PREFACE + frame(SETTINGS, 0, 0) + frame(PING, 0, 0, b"12345678") * 20000),
    "h2-settings": lambda r, w: hold(r, w, PREFACE + frame(SETTINGS, 0, 0) * 20000),
    "h2-half-head": lambda r, w: hold(r, w, PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 1, 1, FIELDS)),
    "h2-slow-body": lambda r, w: drip(r, w, PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 4, 1, b"\x83" + FIELDS[1:]), frame(DATA, 0, 1, b"a")),
}
# Below TLS: the handshake itself is what is withheld.
BELOW = {"silent", "half-hello"}
attempts = 0
done = 0


def ready():
    global done
    done += 1
    if done == COUNT:
        tell()


def tell():
    print("READY", file=sys.stderr, flush=True)


async def client():
    global attempts
    context = None
    if TLS and WAY not in BELOW:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2" if WAY.startswith("h2") else "http/1.1"])
    counted = False
    while attempts < 5 * COUNT:
        attempts += 1
        writer = None
        try:
            reader, writer = await asyncio.open_connection(HOST, PORT, ssl=context)
            counted = True
            await WAYS[WAY](reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            # Closed before it was told apart: it has had its turn.
            if counted:
                ready()
            await asyncio.sleep(0.05)
        finally:
            if writer:
                writer.close()


async def main():
    await asyncio.gather(*(client() for _ in range(COUNT)))
    # No connection is left to open.
    tell()


if __name__ == "__main__":
    asyncio.run(main())
    threading.Event().wait()
