"""What is drawn: modules, and behaviours of the servers they are aimed at."""
import struct
from ipaddress import ip_address

from hypothesis import strategies as st

from servers import domain


def rarely(usual, *unusual):
    """The first in four of five cases."""
    return st.sampled_from([usual] * (4 * len(unusual)) + [*unusual])


def several(strategy, most):
    return st.lists(strategy, max_size=most)


PATTERNS = st.sampled_from(["ok", "^status", "error [0-9]+", "well$", "(?i)HTML", "x{3}", ".", "^$", "\\xe9", "é", "^GET", "(?s)^.{40,}$", "[^ -~]"])
VERSIONS = ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"]

# Modules of HTTP

STATUSES = st.sampled_from([200, 200, 200, 201, 204, 206, 299, 300, 301, 302, 304, 400, 401, 404, 500, 503, 599])
MATCHES = several(st.fixed_dictionaries({
    "header": st.sampled_from(["X-State", "x-state", "X-State", "Last-Modified", "X-Missing", "Content-Type", "Set-Cookie", "Location",
                               "Content-Encoding", "Content-Length", "Transfer-Encoding", "X-Early", "X-Trailer",
                               "Connection"]),
    "regexp": PATTERNS | st.sampled_from(["ready", "^b", "^ready$", "é", "\\x{FFFD}", "y w", "^[a-z]+$"])},
    optional={"allow_missing": st.booleans()}), 2)
REQUEST_HEADERS = st.dictionaries(
    st.sampled_from(["X-Token", "x-lower", "User-Agent", "Cookie", "Authorization", "Accept", "Host", "Content-Type", "Range", "Connection", "Te",
                     "If-Modified-Since", "Content-Length", "Trailer"]),
    st.sampled_from(["abc", "www.example.test", "", "a: b; c=d", "é"]), max_size=2).filter(
        lambda headers: headers.get("Host", "") in ("abc", "www.example.test", ""))
LOGINS = st.one_of(st.just({}), st.just({}), st.sampled_from([
    {"basic_auth": {"username": "user", "password": "pass:word"}}, {"basic_auth": {"username": "", "password": "é"}},
    {"basic_auth": {"username": "user"}},
    {"bearer_token": "token"}, {"authorization": {"credentials": "secret"}}, {"authorization": {"type": "Custom", "credentials": "a b"}}]))
COMPRESSIONS = st.just({}) | st.sampled_from([{"compression": ""}] + [{"compression": name, "headers": {"Accept-Encoding": text} if text else {}}
                                                                      for name in ("gzip", "br", "deflate", "identity")
                                                                      for text in ("", name, f"{name};q=0.5, x", "*", f"x,{name}")])

# PROXY is the port of a proxy.
PROXIES = st.one_of(st.just({}), st.just({}), st.just({}), st.fixed_dictionaries(
    {"proxy_url": st.sampled_from(["http://127.0.0.2:PROXY", "http://user:pass@127.0.0.2:PROXY", "http://127.0.0.2:PROXY/"])},
    optional={"skip_resolve_phase_with_proxy": st.booleans()}))
ADDRESSES = st.fixed_dictionaries({}, optional={"preferred_ip_protocol": st.sampled_from(["ip4", "ip6"]),
                                                "ip_protocol_fallback": rarely(True, False)})


def merged(*strategies):
    """The drawn dictionaries as one; headers of several are merged."""
    def merge(drawn):
        whole = {}
        for part in drawn:
            headers = {**whole.get("headers", {}), **part.get("headers", {})}
            whole.update(part)
            if headers:
                whole["headers"] = headers
        return whole
    return st.tuples(*strategies).map(merge)


def http_modules(more):
    return merged(st.fixed_dictionaries({}, optional={
        "valid_status_codes": several(STATUSES, 3), "valid_http_versions": several(st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]), 2),
        "method": st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "PROPFIND", ""]),
        "follow_redirects": st.booleans(),
        "no_follow_redirects": st.booleans(), "fail_if_ssl": rarely(False, True), "fail_if_not_ssl": rarely(False, True),
        "body": st.sampled_from(["a=1", "x y", "", "é", "b" * 3000]), "fail_if_body_matches_regexp": several(PATTERNS, 2),
        "fail_if_body_not_matches_regexp": several(PATTERNS, 2), "fail_if_header_matches": MATCHES, "fail_if_header_not_matches": MATCHES,
        "body_size_limit": st.sampled_from(["4B", "11B", "20B", "1KB", "0"]), "headers": REQUEST_HEADERS, "enable_http2": st.booleans()}),
        LOGINS, COMPRESSIONS, PROXIES, more)


# Behaviours of HTTP

# Those that browsers and libcurl send otherwise than Go.
ODD_COOKIES = ["g=9; Max-Age=x", "k=\"quoted\"", "l=a b", "m=a,b", "o=1; Path=relative", "c=4; Path=/r/", "p = spaced ; path = /", "__Secure-u=1",
               "w=\t1", "y=\\", "a b=1", "A=capital", "__Host-v=1; Path=/x", "n=\xe9", "s=2; SameSite=Strict; Secure"]
COOKIES = st.sampled_from([
    "a=1", "a=2", "b=2; Path=/", "c=3; Path=/r", "d=4; Domain=127.0.0.2", "e=5; Domain=example.test", "e=7; Domain=",
    "f=6; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "f=7; Expires=Thu, 01-Jan-2037 00:00:00 GMT", "f=8; Expires=never", "a=; Max-Age=0",
    "g=7; Max-Age=-1", "g=8; Max-Age=60", "g=1; Max-Age=0; Expires=Thu, 01 Jan 2037 00:00:00 GMT", "h=8; Secure", "i=9; HttpOnly",
    "s=1; SameSite=None", "no equals", "=no name", "j=", "q=1;path=/;;secure", "", ";", "r=1; Unknown=2", "__Host-t=1; Path=/; Secure",
    "z=1; Version=1", "long=" + "x" * 4090]) | st.sampled_from(ODD_COOKIES)
# Not URLs, or of other schemes.
UNUSABLE = ["http://[::1", "ftp://127.0.0.2/", "mailto:me", "http://127.0.0.2:99999/", "http:r", "http:/x", "http://", "a:b", "/x\ty", "/%zz"]
# With characters that are written in several ways.
ESCAPED = ["/%41%2f", "\\x", "/\"<>{}|^`", "/x?y=z w", "/x?a=\xe9", "?", "/r/1?"]
ELSEWHERE = ["http://127.0.0.2:SECOND/r/1", "http://127.0.0.3:PORT/r/1", "//127.0.0.3:PORT/", "http://user:pass@127.0.0.2:PORT/x",
             "http://LOCALHOST:PORT/"]
NEAR = ["/r/1", "/", "1", "../1", "./1", "http://127.0.0.2:PORT/r/1", "//127.0.0.2:PORT/r/1", "?q=1", "/r/1#part", "/r/1?q=1#part", "", None, "/a b",
        "/\xe9", "/../../x", "/a/../b/./c", "HTTP://127.0.0.2:PORT/x", "http://127.0.0.2:PORT", "http://127.0.0.2:PORT?x", "  /x  ", "/x;y",
        "http://127.0.0.2:1/", "http://127.0.0.2:0/", "http://127.0.0.2:PORT/r/1, /x", "%2Fx", "./a:b", "https://127.0.0.2:PORT/s",
        "/r/"]
LOCATIONS = st.just("/r/1") | st.sampled_from(NEAR) | st.sampled_from(NEAR + ELSEWHERE + UNUSABLE + ESCAPED + ["#part"])
HOPS = several(st.fixed_dictionaries({
    "status": st.sampled_from([301, 302, 303, 307, 308]), "location": LOCATIONS, "cookies": several(COOKIES, 3),
    "body": rarely("", "ok moved")}), 3)
MANY_HOPS = st.integers(9, 12).map(lambda count: [{"status": 302, "location": "/r/1", "cookies": [], "body": ""}] * count)
BODIES = st.sampled_from(["all is well", "status: ok", "error 17", "", "a" * 300, "<html>\nok\n</html>", "\xc3\xa9t\xc3\xa9", "\xe9\xff", "x" * 5000,
                          "{\"ok\": true}", "\0ok"])
# Only one of the two takes these for HTTP.
ODD_STATUS_LINES = ["HTTP/1.1 200OK", "HTTP/2 200 OK", "HTTP/1.2 200 OK", "HTTP/0.9 200 OK", "http/1.1 200 OK", "HTTP/1.1 099 OK"]
STATUS_LINES = st.one_of(
    *[STATUSES.map(lambda status: f"HTTP/1.1 {status} Whatever")] * 4, STATUSES.map(lambda status: f"HTTP/1.0 {status} Whatever"),
    st.sampled_from(["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1  200 OK", "HTTP/1.1 0200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK",
                     "HTTP/2.0 200 OK", "ICY 200 OK", "HTTP/1.1 999 OK", "HTTP/1.1 600 OK", "HTTP/1.1 205 Reset", "HTTP/1.1 200 \xe9",
                     "HTTP/1 200 OK", "HTTP/11 200 OK", "\r\nHTTP/1.1 200 OK", "", "garbage", "HTTP/1.1\t200 OK", "HTTP/1.1 -200 OK",
                     "HTTP/1.1 101 Switching", "HTTP/1.1 100 Go on"] + ODD_STATUS_LINES))
FOLDED = ["X-State: rea\r\n dy", "X-State: ready\r\n\t well"]
# Not in the format that HTTP has for dates, or before 1970.
ODD_DATES = ["Last-Modified: Tue, 10 Nov 2026 10:00:00 +0100", "Last-Modified: Tue, 10 Nov 1926 10:00:00 GMT",
             "Last-Modified: Tue, 10 Nov 2026 10:00:00 UTC", "Last-Modified: 10 Nov 2026 10:00:00 GMT", "Last-Modified: Tue, 10 Nov 2026 10:00 GMT",
             "Last-Modified: Tue, 1 Dec 2026 10:00:00 GMT",
             "Last-Modified: tue, 10 nov 2026 10:00:00 gmt"]
# A response with one of these is refused by both.
REFUSED = ["no colon", " X-State: ready", "Content-Length: 3", "Content-Length: -1", "Content-Length: +5", "Content-Length: x",
           "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked",
           "Transfer-Encoding: x", "Transfer-Encoding: "]
# Taken by libcurl, and not by every Go.
ODD_HEADERS = ["Transfer-Encoding: identity", "Content-Length: 5, 5", "Content-Length: ", ": no name", "X-State: a\x01b", "X-\xe9: ready",
               "X-State: a\x7fb"]
PLAIN_HEADERS = [
    "X-State: ready", "X-State: busy", "x-STATE: ready", "X-State:ready", "X-State: \t ready \t", "X-State : ready", "X-State: \xe9",
    "X-State: \xc3\xa9", "X-State:", "X State: ready", "Last-Modified: Tue, 10 Nov 2026 10:00:00 GMT",
    "Last-Modified: Tuesday, 10-Nov-26 10:00:00 GMT", "Last-Modified: Tue Nov 10 10:00:00 2026", "Last-Modified: never",
    "Last-Modified: 2026-11-10T10:00:00Z", "Last-Modified: Mon, 10 Nov 2026 10:00:00 GMT", "Last-Modified: ",
    "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Last-Modified: Tue, 10 Nov 2026 24:00:00 GMT", "Content-Type: text/plain", "Server: test",
    "Content-Encoding: x", "Set-Cookie: a=1", "Location: /r/9", "Upgrade: h2c", "Trailer: X-Trailer", "Retry-After: 1", "Alt-Svc: h3=\":443\"",
    "WWW-Authenticate: Basic realm=\"x\"", "X-Long: " + "x" * 9000, "Strict-Transport-Security: max-age=1", "Proxy-Connection: keep-alive",
    "Keep-Alive: timeout=5", "Refresh: 0; url=/x"]
HEADERS = st.sampled_from(PLAIN_HEADERS) | st.sampled_from(PLAIN_HEADERS) | st.sampled_from(
    PLAIN_HEADERS + FOLDED + ODD_DATES + REFUSED + ["Transfer-Encoding: Chunked"] + ODD_HEADERS)
CODINGS = st.one_of(st.just(("", None)), st.just(("", None)), st.sampled_from([("gzip", "gzip"), ("br", "br"), ("deflate", "deflate"),
    ("zlib", "deflate")]), st.tuples(
    st.sampled_from(["", "gzip", "gzip:cut", "gzip:twice", "gzip:more", "gzip:first byte", "gzip:none", "zlib", "deflate", "deflate:cut",
                     "deflate:more", "deflate:none", "br", "br:cut", "br:more", "br:none"]),
    st.sampled_from([None, "gzip", "x-gzip", "GZIP", "br", "deflate", "identity", "x", "", "gzip, gzip", "gzip, identity"])))
INCOMPLETE = ["more", "open", "chunked:cut", "chunked:cut in chunk", "chunked:no last line", "chunked:no number", "chunked:too much"]
FRAMINGS = st.one_of(st.sampled_from(["length", "length", "close", "chunked"]), st.sampled_from(
    ["length", "less", "chunked:extension", "chunked:trailer", "chunked:upper", "chunked:zeros", "chunked:after", *INCOMPLETE]))
ANSWERS = st.tuples(CODINGS, st.fixed_dictionaries({
    "status_line": STATUS_LINES, "headers": several(HEADERS, 3), "body": BODIES, "framing": FRAMINGS, "line_end": rarely("\r\n", "\n"),
    "interim": rarely([], ["100"], ["103", "102"], ["100"] * 6, ["199"])})).map(lambda pair: {**pair[1], "coding": pair[0][0],
        "declared": pair[0][1]})
PATHS = st.sampled_from(["/r/0", "/r/0", "/r/0", "/", "", "?q=1", "/r/0?q=a+b&c=%20", "/r/0#part", "/r;x/%2F%41", "/a/../b"])
http_behaviours = st.fixed_dictionaries({"path": PATHS, "hostname": rarely("", "virtual.example.test"),
                                         "proxy": rarely("works", "407", "502", "closes"), "hops": HOPS | HOPS | HOPS | HOPS | MANY_HOPS,
                                         "answer": ANSWERS})

# TLS


def tls_behaviours(chains):
    return st.fixed_dictionaries({
        "chain": st.sampled_from(["plain", "through middle", "crossed", "rsa"] * (len(chains) // 2) + chains), "minimum": rarely("TLSv1", *VERSIONS),
        "maximum": rarely("TLSv1_3", *VERSIONS),
        "client": rarely("none", "optional", "required"), "notice": st.booleans()}).filter(lambda tls: tls["minimum"] <= tls["maximum"])


def tls_options(roots):
    files = [f"root-{name.replace(' ', '-')}.pem" for name in roots]
    return st.fixed_dictionaries({"ca_file": rarely("root-root.pem", *files, "")}, optional={
        "insecure_skip_verify": rarely(False, True), "min_version": rarely("TLS10", "TLS11", "TLS12", "TLS13"),
        "server_name": rarely("www.example.test", "WWW.Example.TEST", "www.example.test.", "other.test", "127.0.0.2", "localhost", "example.test",
                              "a.www.example.test", "w_w.example.test", "[127.0.0.2]", ".example.test",
                                        "*.example.test")})


def client_certificates():
    return st.one_of(st.just({}), st.sampled_from(["good", "other", "expired"]).map(
        lambda name: {"cert_file": f"client-{name}.pem", "key_file": f"key-{name}.pem"}))


def tls_config(roots):
    return merged(tls_options(roots), client_certificates()).map(lambda options: {"tls_config": options})


# TCP

SENT = st.sampled_from(["220 ready\r\n", "250 ok 17\r\n", "500 no\r\n", "hello world\n", "221 bye\r\n", "\r\n", "250-ok\r\n250 ok 18\r\n", "a\rb\r\n",
                        "\xe9\r\n", "220 ready", "250 ok 1", "\0\r\n", "x" * 5000 + "\n", "220 a\r\r\n", "read", "read",
                        "read"])
STEPS = several(SENT, 5)
TEXTS = st.sampled_from(["hello", "QUIT", "you said ${1}", "", "$1", "$$1", "${name}", "$name text", "$1x", "é", "a\r", "${1", "$2", "${01}"])
EXPECTED = st.sampled_from(["^220", "ok", "^250 ok ([0-9]+)", "^250 (?P<name>[a-z]+)", "^$", "world$", "bye", "^999", "\\xe9", "\r", ".", "(x)|(o)",
                            "y$"])
QUERIES = several(st.fixed_dictionaries({}, optional={"expect": EXPECTED, "send": TEXTS}), 4)
line_modules = st.fixed_dictionaries({"query_response": QUERIES}, optional={"source_ip_address": st.just("127.0.0.2")})
line_behaviours = st.fixed_dictionaries({"steps": STEPS, "waits": rarely(False, True)})


def tls_lines(chains, roots):
    """A connection with TLS from its start, or after some lines; both sides agree on it or not."""
    both = st.tuples(QUERIES, STEPS, QUERIES, STEPS, st.booleans(), st.booleans(), tls_config(roots), tls_behaviours(chains), st.booleans())

    def pair(drawn):
        before, steps, after, later, starts, answers, config, tls, waits = drawn
        if not starts:
            return {"tls": True, "query_response": after, **config}, {"steps": later, "waits": waits, "tls": tls}
        # What the client says of TLS is random.
        steps = [*steps, "220 start\r\n", *(["tls", *later] if answers else [step for step in later if step != "read"])]
        queries = [*before, {"expect": "start", "starttls": True}, *after]
        return {"query_response": queries, **config}, {"steps": steps, "waits": waits, "starttls": tls}
    return both.map(pair)


# DNS

def string(data):
    return bytes([len(data)]) + data


def hexed(kind, *parts):
    return kind, b"".join(parts).hex()


WEB = domain("www.example.test")
SOA = domain("ns.example.test") + domain("host.master.example.test") + struct.pack("!5I", 2026111001, 3600, 600, 86400, 300)
RRSIG = struct.pack("!HBBIIIH", 1, 13, 3, 3600, 1800000000, 1700000000, 4711) + domain("example.test") + bytes(range(64))
# Written otherwise by ldns than by Go's library.
RARE_RECORDS = [
    hexed(1, b""), hexed(28, ip_address("::ffff:192.0.2.1").packed), hexed(2, b"\3a b\2\xe9(\0"), hexed(257, b"\x80", string(b"iodef"), b""),
    hexed(16, b""), hexed(10, b"\1\2"), hexed(10, b""), hexed(65280, b"\1\2\3"), hexed(65280, b""), hexed(65, b"\0\1"),
    hexed(11, b"\x7f\0\0\1\6\x40"), hexed(20, string(b"150862028003217")), hexed(22, bytes(range(20))), hexed(45, b"\1\3\2", WEB, bytes(range(16))),
    hexed(249, b"\0")]
USUAL_RECORDS = [
    hexed(1, ip_address("192.0.2.1").packed), hexed(1, ip_address("127.0.0.2").packed), hexed(1, b"\1\2\3"),
    hexed(28, ip_address("2001:db8::1").packed), hexed(28, ip_address("::").packed), hexed(2, WEB), hexed(5, WEB), hexed(12, WEB),
    hexed(5, b"\xc0\x0c"), hexed(2, domain("UPPER.example.test")), hexed(2, b"\3a.b\4t\\st\0"), hexed(2, b"\0"), hexed(6, SOA),
    hexed(6, SOA[:-1]), hexed(15, b"\0\x0a", WEB), hexed(15, b"\0\0\0"), hexed(16, string(b"v=spf1 -all")), hexed(16, string(b"a\"b\\c")),
    hexed(16, string(b"one"), string(b"two")), hexed(16, string(b"\xe9\0;\t")), hexed(16, string(b"")), hexed(16, b"\5abc"),
    hexed(16, string(b"x" * 255), string(b"y")), hexed(33, struct.pack("!3H", 1, 2, 443), WEB),
    hexed(257, b"\0", string(b"issue"), b"ca.example; a=\"b\""), hexed(43, struct.pack("!HBB", 4711, 13, 2), bytes(range(224, 256))),
    hexed(48, struct.pack("!HBB", 257, 3, 13), bytes(range(64))), hexed(46, RRSIG), hexed(47, WEB, b"\0\6\x40\0\0\0\0\3"),
    hexed(50, b"\1\1\0\x0a", string(b"\xaa\xbb"), string(bytes(range(20))), b"\0\6\x40\0\0\0\0\2"), hexed(51, b"\1\0\0\x0a", string(b"")),
    hexed(52, b"\3\1\1", bytes(range(32))), hexed(44, b"\4\2", bytes(range(200, 232))),
    hexed(35, struct.pack("!2H", 10, 20), string(b"u"), string(b"E2U+sip"), string(b"!^.*$!sip:a@b!"), b"\0"),
    hexed(13, string(b"CPU X"), string(b"OS")),
    hexed(29, b"\0\x12\x16\x13", struct.pack("!3I", (1 << 31) + 188000000, (1 << 31) + 42000000, 10000000 + 52000)),
    hexed(256, b"\0\1\0\2", b"https://example.test/\"q\""), hexed(64, b"\0\0", WEB), hexed(65, b"\0\1\0", b"\0\1\0\6\2h2\2h3", b"\0\3\0\2\x20\xfb"),
    hexed(65, b"\0\1\0", b"\0\4\0\4\xc0\0\2\1", b"\xff\0\0\3a\"\xe9"), hexed(39, WEB), hexed(17, WEB, domain("txt.example.test")),
    hexed(18, b"\0\1", WEB), hexed(108, bytes(range(6))), hexed(109, bytes(range(8))), hexed(59, struct.pack("!HBB", 1, 8, 2), bytes(range(32))),
    hexed(61, bytes(range(30))), hexed(37, b"\0\1\0\2\5", bytes(range(20))), hexed(24, RRSIG),
    hexed(25, struct.pack("!HBB", 256, 3, 5), bytes(range(20))), hexed(99, string(b"v=spf1")), hexed(104, b"\0\1", bytes(range(8))),
    hexed(107, b"\0\1", WEB), hexed(55, b"\2\2\0\4ab", b"abcd"), hexed(42, b"\0\1\x08\1\x0a"),
    hexed(62, struct.pack("!IH", 66, 3), b"\0\4\x60\0\0\x08"), hexed(19, string(b"311061700956")), hexed(105, b"\0\1\1\2\3\4"),
    hexed(106, b"\0\1", bytes(range(8))), hexed(63, struct.pack("!IBB", 2026111001, 1, 1), bytes(range(48))),
    hexed(32769, struct.pack("!HBB", 4711, 13, 2), bytes(range(32)))]
RECORDS = st.sampled_from(USUAL_RECORDS) | st.sampled_from(USUAL_RECORDS + RARE_RECORDS)
OWNERS = st.sampled_from(["@", "@", "@", "www.example.test", "WWW.example.test", "other.test", "", "*.example.test", "x" * 63 + ".test",
                          "_a._tcp.test", "\xe9.test"])
GROUPS = rarely(1, 3, 4, 254, 255, 4096, 0x8001)
TTLS = st.sampled_from([300, 0, 1, 3600, 2147483647, 4294967295])
# Owner, type, class, TTL, data.
ENTRIES = st.tuples(OWNERS, RECORDS, GROUPS, TTLS).map(lambda drawn: [drawn[0], drawn[1][0], drawn[2], drawn[3], drawn[1][1]])
MESSAGES = st.fixed_dictionaries({
    "id": rarely("same", "other"), "flags": rarely("8180", "8580", "8100", "8000", "8380", "81b0", "8190", "81f0", "a180", "0180", "0100", "f980"),
    "rcode": rarely(0, 1, 2, 3, 4, 5, 9, 11, 15), "question": rarely("same", "none", "twice", "upper", "other name", "other type", "other class"),
    "edns": rarely(None, "", "000300026162", "000a0008" + "00" * 8), "answer": several(ENTRIES, 3), "authority": several(ENTRIES, 2),
    "additional": several(ENTRIES, 2), "counts": rarely("right", "more", "less"),
    "shape": rarely("whole", "empty", "head", "half head", "cut", "more", "query", "garbage")})
dns_behaviours = st.fixed_dictionaries({"messages": st.one_of(MESSAGES.map(lambda one: [one]), MESSAGES.map(lambda one: [one]), several(MESSAGES, 3)),
                                        "framing": rarely("right", "pieces", "cut", "more", "less")})
RECORD_PATTERNS = st.sampled_from([
    "^www", "\\.test\\.\t", "\t300\tIN\tA\t", "IN\tA\t192\\.0\\.2\\.1$", "127", "[A-F]", "[a-f]{4}", "\"", "\\\\", " ", "\t$", " $", "TYPE[0-9]+",
    "CLASS[0-9]+", "\\\\#", "(?i)www", "^WWW", "SOA", "2026111001", "[0-9]{10}", "IN\tTXT\t\"", "\\\\[0-9]{3}", "é", "h2,h3", "=", ":", "RRSIG",
    "^[^\t]+\t[0-9]+\tIN\t", "^[^\t]+\t[0-9]+\t[A-Z0-9]+\t[A-Z0-9]+\t?", "\\.$", "\t.*\t.*\t.*\t.*\t", "OPT", "^;", "NSEC", "20[0-9]{12}", "\t0\t",
    "-", "/", "[+]", "\\($", "=$", "^$"])
RULES = st.fixed_dictionaries({}, optional={key: several(RECORD_PATTERNS, 2) for key in (
    "fail_if_matches_regexp", "fail_if_all_match_regexp", "fail_if_not_matches_regexp", "fail_if_none_matches_regexp")})
dns_modules = st.fixed_dictionaries({
    "query_name": rarely("www.example.test", "www.example.test.", "WWW.Example.Test", "example.test", ".", "_a._tcp.test", "a b.test", "x\\.y.test",
                         "é.test"),
    "transport_protocol": st.sampled_from(["udp", "tcp"])}, optional={
    "query_type": st.sampled_from(["A", "AAAA", "SOA", "MX", "TXT", "ANY", "NS", "CNAME", "DS", "HTTPS", "AXFR", "OPT", "NULL", ""]),
    "query_class": rarely("IN", "CH", "HS", "NONE", "ANY", ""),
    "recursion_desired": st.booleans(),
    "valid_rcodes": several(st.sampled_from(["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", "NOTAUTH", "BADVERS", "NOTIMP"]), 2),
    "validate_answer_rrs": RULES, "validate_authority_rrs": RULES, "validate_additional_rrs": RULES, "source_ip_address": st.just("127.0.0.2")})


def without_host_for_proxy(pair):
    """A proxy does not learn the port from the module's own host."""
    prober, module, behaviour = pair
    if "proxy_url" in module:
        module = {**module, "headers": {name: value for name, value in module.get("headers", {}).items() if name != "Host"}}
        behaviour = {**behaviour, "hostname": ""}
    return prober, module, behaviour


def cases(certificates):
    """The kinds of pairs, by name: prober, module, behaviour."""
    def of(prober, modules, behaviours):
        return st.tuples(st.just(prober), merged(modules, ADDRESSES), behaviours)

    chains, roots = certificates.servers, certificates.roots
    tls = st.fixed_dictionaries({"tls": tls_behaviours(chains)})
    over_tls = merged(dns_modules, tls_config(roots), st.just({"dns_over_tls": True, "transport_protocol": "tcp"}))
    return {"http": of("http", http_modules(st.just({})), http_behaviours).map(without_host_for_proxy),
            "tls": st.one_of(of("http", http_modules(tls_config(roots)), merged(http_behaviours, tls)).map(without_host_for_proxy),
                             of("dns", over_tls, merged(dns_behaviours, tls)),
                             tls_lines(chains, roots).map(lambda pair: ("tcp", *pair))),
            "tcp": of("tcp", line_modules, line_behaviours),
            "dns": of("dns", dns_modules, dns_behaviours)}
