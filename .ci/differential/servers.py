"""Servers on loopback that answer as a behaviour says, and keep what they were asked.

A behaviour is what JSON can hold; its texts are Latin-1.
"""
import contextlib
import gzip
import re
import socket
import ssl
import struct
import threading
import zlib


class Server:
    """Serves one behaviour to one client at 127.0.0.2:`port`: with TLS if the behaviour says so.

    Redirects may lead to the same port of 127.0.0.3, and to the port `second`, which is without TLS.
    """

    def __init__(self, prober, behaviour, contexts):
        self.behaviour = behaviour
        self.tls = behaviour.get("tls") or behaviour.get("starttls")
        self.context = contexts(self.tls, self.note_name) if self.tls else None
        self.seen = []
        self.serve = {"http": serve_http, "tcp": serve_lines, "dns": serve_names}[prober]
        self.listeners = {}
        self.connections = []
        self.last = None
        encrypted = "tls" in behaviour
        first, *more = free_ports(prober)
        self.port = first.getsockname()[1]
        self.ports = {self.port: "PORT"}
        self.listeners[first] = started(self.accept, first, encrypted)
        if prober == "http":
            same, second = more
            self.second = second.getsockname()[1]
            self.ports[self.second] = "SECOND"
            self.listeners[same] = started(self.accept, same, encrypted)
            self.listeners[second] = started(self.accept, second, False)
        if prober == "dns":
            self.listeners[more[0]] = started(self.receive, more[0])

    def close(self):
        """Ends when all that was sent before is read, and the client has closed its connections."""
        for listener, thread in self.listeners.items():
            with socket.socket(type=listener.type) as last:
                last.bind(("127.0.0.1", 0))
                self.last = last.getsockname()
                last.connect(listener.getsockname())
                if listener.type == socket.SOCK_DGRAM:
                    last.send(b"")
                thread.join()
            listener.close()
        for thread in self.connections:
            thread.join()

    def accept(self, listener, tls):
        while True:
            peer, address = listener.accept()
            if address == self.last:
                peer.close()
                return
            self.connections.append(started(self.guarded, peer, tls))

    def guarded(self, peer, tls):
        peer.settimeout(60)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError), peer:
            connection = self.secured(peer) if tls else peer
            if connection:
                try:
                    self.serve(self, connection)
                finally:
                    leave(connection, self.tls and self.tls["notice"])

    def secured(self, peer):
        """The connection after a handshake; None if that failed, and all that the client has sent is read."""
        connection = self.context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
        try:
            connection.do_handshake()
            return connection
        except OSError:
            leave(connection, False)
            return None

    def note_name(self, name):
        self.seen.append(f"server name {name}")

    def receive(self, datagrams):
        while True:
            query, peer = datagrams.recvfrom(65536)
            if peer == self.last:
                return
            self.seen.append(query[2:].hex())
            for datagram in replies(self.behaviour, query):
                datagrams.sendto(datagram, peer)


class Proxy:
    """A proxy for HTTP that is the server itself: of the address that it is asked for, only the port counts."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.2", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.servers = {}
        started(self.accept)

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            started(self.serve, peer)

    def serve(self, peer):
        peer.settimeout(60)
        with contextlib.suppress(OSError, ValueError), peer:
            head, rest = read_head(peer)
            if head is None:
                return
            method, place = head.decode("latin-1").split(" ")[:2]
            port = re.match(r"(?:http://)?(?:[^/@]*@)?[^/:?#]*:([0-9]+)", place)
            port = int(port[1]) if port else 80
            server = self.servers.get(port)
            if not server:
                peer.sendall(b"HTTP/1.1 504 Unknown\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                leave(peer, False)
                return
            server.connections.append(threading.current_thread())
            works = server.behaviour["proxy"] == "works"
            if works and method != "CONNECT":
                serve_request(server, peer, head, rest)
                leave(peer, False)
                return
            server.seen.append(request_text(head, rest, server.ports))
            if works:
                peer.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                server.guarded(peer, server.tls and port == server.port)
                return
            if server.behaviour["proxy"] != "closes":
                peer.sendall(f"HTTP/1.1 {server.behaviour['proxy']} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".encode())
            leave(peer, False)


def free_ports(prober):
    """Sockets: one at 127.0.0.2; for HTTP, another with the same port at 127.0.0.3, and one with another port; for DNS, one for datagrams."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            sockets = [stack.enter_context(socket.create_server(("127.0.0.2", 0), backlog=32))]
            port = sockets[0].getsockname()[1]
            if prober == "http":
                sockets += [stack.enter_context(socket.create_server(place, backlog=32)) for place in (("127.0.0.3", port), ("127.0.0.2", 0))]
            if prober == "dns":
                sockets.append(stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)))
                sockets[1].bind(("127.0.0.2", port))
            stack.pop_all()
            return sockets


def started(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def leave(connection, notice):
    """Closes without cutting off what the client still sends: how far that gets would depend on the moment."""
    with contextlib.suppress(OSError, ValueError):
        if notice and isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


# HTTP

def serve_http(server, peer):
    head, rest = read_head(peer)
    if head is not None:
        serve_request(server, peer, head, rest)


def serve_request(server, peer, head, rest):
    server.seen.append(request_text(head, rest, server.ports))
    hops = server.behaviour["hops"]
    number = sum(text.startswith("request ") and not text.startswith("request CONNECT") for text in server.seen) - 1
    if number < len(hops):
        peer.sendall(redirect(server, hops[number]))
    else:
        peer.sendall(answer(server.behaviour["answer"], head.startswith(b"HEAD ")))
        if server.behaviour["answer"]["framing"] == "open":
            peer.recv(65536)


def read_head(peer):
    """The head of a request and its body; None if the client leaves before its end."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = peer.recv(65536)
        if not piece:
            return None, b""
        head += piece
    head, _, rest = head.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
    while length and len(rest) < int(length.group(1)):
        rest += peer.recv(65536)
    return head, rest


def request_text(head, body, ports):
    """The request, without what is the client's own."""
    line, *fields = head.decode("latin-1").split("\r\n")
    own = re.compile(r"(?i)accept:\*/\*|(proxy-)?connection:(close|keep-alive)|user-agent:(blackbox exporter|go-http-client|agent)/.*|referer:http.*")
    fields = (name.lower() + ":" + value.strip(" ") for name, _, value in (field.partition(":") for field in fields))
    fields = sorted(with_sorted_cookies(field) for field in fields if not own.fullmatch(field))
    text = "\n".join([f"request {line}", *fields, "", body.decode("latin-1")])
    for port, name in ports.items():
        text = text.replace(f":{port}", f":{name}")
    return text


def with_sorted_cookies(field):
    name, _, value = field.partition(":")
    return f"{name}:{'; '.join(sorted(value.split('; ')))}" if name == "cookie" else field


def redirect(server, hop):
    lines = [f"HTTP/1.1 {hop['status']} Moved"]
    if hop["location"] is not None:
        lines.append("Location: " + hop["location"].replace("SECOND", str(server.second)).replace("PORT", str(server.port)))
    lines += [f"Set-Cookie: {cookie}" for cookie in hop["cookies"]]
    return "\r\n".join([*lines, f"Content-Length: {len(hop['body'])}", "Connection: close", "", hop["body"]]).encode("latin-1")


def answer(answer, is_head):
    """The bytes of a response, with all that comes before it."""
    body = encoded(answer["body"].encode("latin-1"), answer["coding"])
    end = answer["line_end"]
    lines = [answer["status_line"], *answer["headers"]]
    if answer["declared"] is not None:
        lines.append(f"Content-Encoding: {answer['declared']}")
    framing = answer["framing"]
    sent = body
    if framing.startswith("chunked"):
        lines.append("Transfer-Encoding: chunked")
        sent = chunked(body, framing)
    elif framing != "close":
        lines.append(f"Content-Length: {len(body) + {'more': 5, 'less': -1}.get(framing, 0)}")
    status = answer["status_line"].split(" ")[1:2]
    if is_head or status in (["204"], ["304"]):
        sent = b""
    before = "".join(f"HTTP/1.1 {status} Early{end}X-State: early{end}{end}" for status in answer["interim"])
    return (before + end.join([*lines, "Connection: close", "", ""])).encode("latin-1") + sent


def chunked(body, framing):
    """In chunks of seven bytes, with the fault or the ornament after the colon."""
    kind = framing.partition(":")[2]
    extension = b";name=value" if kind == "extension" else b""
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in (body[i:i + 7] for i in range(0, len(body), 7)))
    last = {"trailer": b"0\r\nX-Trailer: late\r\n\r\n", "cut": b"", "cut in chunk": b"8\r\nabc", "no last line": b"0\r\n", "no number": b"xyz\r\n",
            "upper": b"A\r\n0123456789\r\n0\r\n\r\n", "zeros": b"000\r\n\r\n", "too much": b"3\r\nabcdef\r\n0\r\n\r\n", "after": b"0\r\n\r\nmore"}
    return chunks + last.get(kind, b"0\r\n\r\n")


def encoded(body, coding):
    """The body in a content coding, with a fault after the colon."""
    name, _, fault = coding.partition(":")
    if name == "gzip":
        body = gzip.compress(body, mtime=0)
    elif name == "zlib":
        body = zlib.compress(body)
    elif name == "deflate":
        compressor = zlib.compressobj(wbits=-15)
        body = compressor.compress(body) + compressor.flush()
    elif name == "br":
        # One block that is not compressed, and an empty last one.
        body = (struct.pack("<I", (len(body) - 1) << 4 | 1 << 20)[:3] + body + b"\x03") if body else b"\x06"
    return {"cut": body[:-1], "twice": body * 2, "more": body + b"more", "first byte": b"?" + body[1:], "none": b""}.get(fault, body)


# Lines

def serve_lines(server, peer):
    for step in server.behaviour["steps"]:
        if step == "read":
            line = read_line(peer)
            if not line:
                return
            server.seen.append(line)
        elif step == "tls":
            peer = server.secured(peer)
            if not peer:
                return
        else:
            peer.sendall(step.encode("latin-1"))
    if server.behaviour["waits"]:
        peer.recv(65536)
    leave(peer, server.tls and server.tls["notice"])


def read_line(peer):
    """Byte by byte, as TLS may follow."""
    line = b""
    while not line.endswith(b"\n"):
        byte = peer.recv(1)
        if not byte:
            break
        line += byte
    return line.decode("latin-1")


# Names

def serve_names(server, peer):
    behaviour = server.behaviour
    query = read_exactly(peer, *struct.unpack("!H", read_exactly(peer, 2)))
    server.seen.append(query[2:].hex())
    for message in replies(behaviour, query):
        framing = behaviour["framing"]
        length = len(message) + {"more": 1, "less": -1}.get(framing, 0)
        sent = struct.pack("!H", max(0, length)) + message
        for piece in [sent[:1], sent[1:5], sent[5:]] if framing == "pieces" else [sent[:-1]] if framing == "cut" else [sent]:
            peer.sendall(piece)


def read_exactly(peer, count):
    data = b""
    while len(data) < count:
        piece = peer.recv(count - len(data))
        if not piece:
            raise OSError("the client has left")
        data += piece
    return data


def replies(behaviour, query):
    """The messages that answer a query, in order."""
    return [reply(message, query) for message in behaviour["messages"]]


def reply(message, query):
    identity, asked_flags = struct.unpack("!HH", query[:4])
    question = query[12:]
    if message["id"] == "other":
        identity ^= 1
    flags = int(message["flags"], 16) | asked_flags & 0x0100 | message["rcode"]
    questions = {"same": [question], "none": [], "twice": [question] * 2, "upper": [question.upper()[:-4] + question[-4:]],
                 "other name": [b"\5other\4test\0" + question[-4:]], "other type": [question[:-4] + b"\0\x63" + question[-2:]],
                 "other class": [question[:-2] + b"\0\x04"]}[message["question"]]
    sections = [[record(*entry) for entry in message[name]] for name in ("answer", "authority", "additional")]
    if message["edns"] is not None:
        sections[2].append(record("", 41, 1232, 0, message["edns"]))
    counts = [len(questions), *(len(section) for section in sections)]
    if message["counts"] != "right":
        counts[1] = counts[1] + 1 if message["counts"] == "more" else max(0, counts[1] - 1)
    data = struct.pack("!6H", identity, flags, *counts) + b"".join(questions + [part for section in sections for part in section])
    return {"whole": data, "empty": b"", "head": data[:12], "half head": data[:7], "cut": data[:-1], "more": data + b"more", "query": query,
            "garbage": b"\xff" * 40}[message["shape"]]


def record(owner, kind, group, ttl, data):
    """A record in wire format; the question's name is at offset 12."""
    name = b"\xc0\x0c" if owner == "@" else domain(owner)
    data = bytes.fromhex(data)
    return name + struct.pack("!HHIH", kind, group, ttl, len(data)) + data


def domain(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode("latin-1").split(b".") if label) + b"\0"
