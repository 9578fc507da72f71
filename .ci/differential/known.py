"""The differences that are wanted, as Sources/TargetKinds/README.md lists them: each explains some of what differs for a pair."""
import re

from drawn import ELSEWHERE, ESCAPED, FOLDED, INCOMPLETE, ODD_COOKIES, ODD_DATES, ODD_HEADERS, ODD_STATUS_LINES, RARE_RECORDS, REFUSED, UNUSABLE
from servers import domain, replies

SENT = "what the server is sent"
REGEX = "probe_failed_due_to_regex"
SUCCESS = "probe_success"
LENGTH = "probe_http_uncompressed_body_length"
BODY = {SUCCESS, REGEX, LENGTH}
HEAD = {"probe_http_status_code", "probe_http_version", "probe_http_content_length", "probe_http_ssl", "probe_http_last_modified_timestamp_seconds"}
YEAR_1 = -62135596800.0


class Pair:
    """A module and a behaviour, and what differs: by name, theirs and ours."""

    def __init__(self, pair, differing):
        self.prober, self.module, self.behaviour = pair
        self.differing = differing
        self.answer = self.behaviour.get("answer")

    @property
    def tls(self):
        return self.behaviour.get("tls") or self.behaviour.get("starttls") or {"chain": "", "client": "none"}

    @property
    def tls_config(self):
        return self.module.get("tls_config", {})

    @property
    def decodes(self):
        return self.module.get("compression", "") not in ("", "identity")

    @property
    def matches_body(self):
        return self.module.get("fail_if_body_matches_regexp") or self.module.get("fail_if_body_not_matches_regexp")

    @property
    def matched_headers(self):
        return {match["header"] for key in ("fail_if_header_matches", "fail_if_header_not_matches") for match in self.module.get(key, [])}

    @property
    def headers(self):
        return {name.lower(): value for name, value in self.module.get("headers", {}).items()}

    @property
    def has_login(self):
        return bool({"basic_auth", "bearer_token", "authorization"} & set(self.module))

    @property
    def has_own_host(self):
        return self.behaviour["hostname"] or "host" in self.headers

    @property
    def follows(self):
        module = self.module
        return not module["no_follow_redirects"] if "no_follow_redirects" in module else module.get("follow_redirects", True)

    @property
    def status(self):
        return (self.answer["status_line"].split(" ") + [""])[1]

    @property
    def hops(self):
        """The redirects that are received, unless one of them leads nowhere. The last answer may be one, too, again and again."""
        more = []
        if self.status in ("301", "302", "303", "307", "308") and "Location: /r/9" in self.answer["headers"]:
            more = [{"status": int(self.status), "location": "/r/9", "cookies": [], "body": self.answer["body"]}] * 11
        return (self.behaviour["hops"] + more)[:11 if self.follows else 1]

    @property
    def locations(self):
        return {hop["location"] or "" for hop in self.hops}

    @property
    def cookies(self):
        return {cookie for hop in self.hops for cookie in hop["cookies"]}

    @property
    def ends_unfollowed(self):
        hops = self.hops
        return bool(hops and hops[-1]["location"]) and (not self.follows or len(hops) > 10)

    def answers_with(self, headers):
        return set(headers) & set(self.answer["headers"])


# By name: for which probers, and a function of a `Pair`, which returns the names explained, True for all of them.
KNOWN = {}


def known(probers, name):
    def added(function):
        KNOWN[name] = (probers.split(), function)
        return function
    return added


def explained(name, pair, differing):
    """The names of what differs that a known difference explains."""
    probers, function = KNOWN[name]
    if not differing or pair[0] not in probers:
        return set()
    names = function(Pair(pair, differing))
    return set(differing) if names is True else set(names or ()) & set(differing)


# TLS

@known("http tcp dns", "TLS without a verified chain, or without a response")
def unverified(pair):
    names = {name for name, (theirs, _) in pair.differing.items() if name.startswith(("probe_ssl_", "probe_tls_")) and theirs is None}
    return names if "probe_ssl_earliest_cert_expiry" in names else None


@known("http tcp dns", "the expiry of chains with insecure_skip_verify")
def year_1(pair):
    return {name for name, (theirs, _) in pair.differing.items() if name.startswith("probe_ssl_last_chain_expiry") and theirs == YEAR_1}


@known("http tcp dns", "stricter checks of certificates")
def stricter(pair):
    if pair.tls_config.get("insecure_skip_verify"):
        return None
    odd_names = {"wildcard": "w_w.example.test", "star": "localhost", "dot at end": "www.example.test."}
    return pair.tls["chain"] in ("small rsa", "for anything") or odd_names.get(pair.tls["chain"]) == pair.tls_config.get("server_name", "")


@known("http", "a second connection asks why a client certificate was refused")
def asked_why(pair):
    theirs, ours = pair.differing.get(SENT, ((), ()))
    more = ours[len(theirs):]
    is_second = more and ours[:len(theirs)] == theirs and all(text.startswith("server name") for text in more)
    return {SENT} if is_second and pair.tls["client"] != "none" else None


# What is sent

@known("http", "a request body that a redirect has ended is not sent again")
def sent_again(pair):
    statuses = [hop["status"] for hop in pair.hops]
    is_ended = any(first < 304 and later > 304 for at, first in enumerate(statuses) for later in statuses[at:])
    return {SENT} if pair.module.get("body") and is_ended else None


@known("http", "Content-Type ends with the request body")
def type_without_body(pair):
    return {SENT} if "content-type" in pair.headers and any(hop["status"] < 304 for hop in pair.hops) else None


@known("http", "a request body with HEAD")
def body_of_head(pair):
    return {SENT} if pair.module.get("method") == "HEAD" and pair.module.get("body") else None


@known("http", "credentials after a redirect")
def kept_credentials(pair):
    is_secret = pair.has_login or {"authorization", "cookie"} & set(pair.headers)
    return {SENT} if is_secret and pair.locations & set(ELSEWHERE) else None


@known("http", "escapes in a Location")
def escaped_location(pair):
    return {SENT} if pair.locations & set(ESCAPED) else None


@known("http", "a Location that cannot be followed")
def unusable_location(pair):
    return bool(pair.locations & set(UNUSABLE))


@known("http", "cookies as in libcurl and browsers")
def odd_cookie(pair):
    is_of_own_host = pair.has_own_host and any("omain=" in cookie for cookie in pair.cookies)
    is_beside_header = "cookie" in pair.headers and pair.cookies
    return {SENT} if is_of_own_host or is_beside_header or pair.cookies & set(ODD_COOKIES) else None


# Responses

@known("http", "what is not quite HTTP")
def not_quite_http(pair):
    has_coding = any(header.startswith("Transfer-Encoding") for header in pair.answer["headers"])
    has_length = any(header.startswith("Content-Length") for header in pair.answer["headers"])
    is_ambiguous = pair.answer["framing"].startswith("chunked") and (has_coding or has_length)
    is_of_1_0 = pair.answer["status_line"].startswith("HTTP/1.0") and has_coding
    return bool(pair.answer["status_line"] in ODD_STATUS_LINES or len(pair.answer["interim"]) > 5 or pair.answers_with(ODD_HEADERS)
                or is_ambiguous or is_of_1_0)


@known("http", "a chunked response of HTTP/1.0")
def chunked_1_0(pair):
    return BODY if pair.answer["status_line"].startswith("HTTP/1.0") and pair.answer["framing"].startswith("chunked") else None


@known("http", "the status of a response whose headers are refused")
def refused_head(pair):
    is_refused = pair.answer["framing"] == "less" or pair.answers_with(REFUSED + ["Transfer-Encoding: Chunked"])
    return HEAD | {REGEX, LENGTH} if is_refused and SUCCESS not in pair.differing else None


@known("http", "Last-Modified in other formats")
def odd_date(pair):
    return {"probe_http_last_modified_timestamp_seconds"} if pair.answers_with(ODD_DATES) else None


@known("http", "patterns for Transfer-Encoding, Trailer and Connection")
def framing_headers(pair):
    return {REGEX, SUCCESS} if pair.matched_headers & {"Transfer-Encoding", "Trailer", "Connection"} else None


@known("http", "a body that is too large, incomplete or undecodable is no failed pattern")
def no_failed_pattern(pair):
    is_unusable = pair.module.get("body_size_limit", "0") != "0" or pair.answer["framing"] in INCOMPLETE or pair.decodes
    is_other = pair.differing.get(REGEX) == (1, 0) and SUCCESS not in pair.differing
    return {REGEX} if pair.matches_body and is_unusable and is_other else None


@known("http", "how much of an incomplete or undecodable body was read")
def incomplete_length(pair):
    return {LENGTH} if (pair.answer["framing"] in INCOMPLETE or pair.decodes) and SUCCESS not in pair.differing else None


@known("http", "the body of a redirect that is not followed is matched")
def unfollowed_matched(pair):
    return BODY if pair.matches_body and pair.ends_unfollowed else None


@known("http", "a Content-Encoding other than 'compression'")
def other_encoding(pair):
    declared = [pair.answer["declared"] or ""]
    declared += [header.partition(": ")[2] for header in pair.answer["headers"] if header.startswith("Content-Encoding")]
    named = ",".join(filter(None, declared)).lower().replace("x-gzip", "gzip")
    return BODY if pair.decodes and named != pair.module["compression"] else None


@known("http", "deflate in zlib's format, empty and unfinished compressed bodies")
def odd_encoding(pair):
    coding, framing = pair.answer["coding"], pair.answer["framing"]
    is_empty = pair.module.get("method") == "HEAD" or pair.status in ("204", "304") or coding.endswith(":none") or not pair.answer["body"]
    is_odd = is_empty or coding in ("zlib", "br:cut") or (coding, framing) == ("br", "less") or pair.ends_unfollowed
    return BODY if pair.decodes and is_odd else None


# Lines and names

@known("tcp", "a prompt without a line end")
def prompt(pair):
    return any(step not in ("read", "tls") and not step.endswith("\n") for step in pair.behaviour["steps"])


@known("dns", "a reply to another question, and invalid data before a reply")
def mismatched_reply(pair):
    return any(message["id"] == "other" or message["question"] not in ("same", "upper") or message["shape"] != "whole"
               or not int(message["flags"], 16) & 0x8000 for message in pair.behaviour["messages"])


@known("dns", "a message that ends early")
def too_few_records(pair):
    return pair.behaviour["framing"] == "less" or any(message["counts"] == "more" for message in pair.behaviour["messages"])


@known("dns", "an empty 'valid_rcodes'")
def default_rcodes(pair):
    return {SUCCESS} if pair.module.get("valid_rcodes") == [] else None


@known("dns", "a datagram of more than 512 bytes")
def long_datagram(pair):
    query = b"\0" * 12 + domain(pair.module["query_name"]) + b"\0" * 4
    return pair.module["transport_protocol"] == "udp" and any(len(message) > 512 for message in replies(pair.behaviour, query))


@known("dns", "the text of rare records")
def rare_record(pair):
    messages = pair.behaviour["messages"]
    entries = [entry for message in messages for name in ("answer", "authority", "additional") for entry in message[name]]
    is_rare = any((kind, data) in RARE_RECORDS for _, kind, _, _, data in entries)
    is_edns = "validate_additional_rrs" in pair.module and any(message["edns"] is not None for message in messages)
    return {SUCCESS} if is_rare or is_edns else None


