"""Certificates for servers and clients, right ones and wrong ones in many ways: a file for each chain, its key first."""
import datetime
import ipaddress
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier


def contexts_with(certificates):
    """A function that makes the context of a server as a behaviour's `tls` says."""
    def make(behaviour, note_name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Otherwise OpenSSL refuses old versions and small keys, which is to be the client's decision.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(certificates.file(behaviour["chain"]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion[behaviour["minimum"]]
            context.maximum_version = ssl.TLSVersion[behaviour["maximum"]]
        if behaviour["client"] != "none":
            context.verify_mode = ssl.CERT_REQUIRED if behaviour["client"] == "required" else ssl.CERT_OPTIONAL
            context.load_verify_locations(certificates.file("clients"))
        context.sni_callback = lambda _, name, __: note_name(name)
        return context
    return make


NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
NAMES = [x509.DNSName("www.example.test"), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.2")),
         x509.IPAddress(ipaddress.ip_address("127.0.0.3"))]
KEY_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
              "encipher_only", "decipher_only")


def days(count):
    return NOW + datetime.timedelta(days=count)


def usage(*allowed):
    return x509.KeyUsage(**{name: name in allowed for name in KEY_USAGES})


def subject(text):
    """The attributes of a name, such as `CN=a|O=b`."""
    kinds = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "C": NameOID.COUNTRY_NAME,
             "L": NameOID.LOCALITY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "STREET": NameOID.STREET_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT,
             "UID": NameOID.USER_ID, "E": NameOID.EMAIL_ADDRESS, "SERIAL": NameOID.SERIAL_NUMBER, "POSTAL": NameOID.POSTAL_CODE,
             "TITLE": NameOID.TITLE, "OTHER": ObjectIdentifier("1.3.6.1.4.1.99999.1")}
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, _, value in (part.partition("=") for part in text.split("|") if part)])


class Issuer:
    """A certificate with its key, which can issue others."""

    def __init__(self, name, issuer=None, *, key=None, signer=None, before=-30, after=365, hash=hashes.SHA256(), more=()):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = subject(name)
        issuer = issuer or self
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(issuer.name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(days(before)).not_valid_after(days(after))
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        key = signer or issuer.key
        self.certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hash)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def authority(name, issuer=None, *, length=None, more=(), **options):
    limits = [(x509.BasicConstraints(ca=True, path_length=length), True), (usage("key_cert_sign", "crl_sign"), True)]
    return Issuer(name, issuer, more=[*limits, *more], **options)


def leaf(issuer, names=NAMES, *, name="CN=www.example.test", more=(), **options):
    names = [(x509.SubjectAlternativeName(names), False)] if names else []
    return Issuer(name, issuer, more=[*names, *more], **options)


def dns(*names):
    return [x509.DNSName(name) for name in names]


SUBJECTS = {"long": "C=DE|ST=Bayern|L=München|O=Example, \"Inc\" <x>;+|OU=a|OU=b|CN= lead and trail ",
            "mail": "E=me@example.test|CN=www.example.test", "hash": "CN=#hash|O=a=b", "unknown": "OTHER=text|CN=a",
            "components": "DC=test|DC=example|UID=u1|CN=a", "none": "",
            "fields": "SERIAL=12345|STREET=1 Way|POSTAL=80331|TITLE=Dr|CN=a\\b/c"}


def chains():
    """The chains of servers by name, certificates from the leaf on; and the roots that modules trust, by name."""
    root, other = authority("CN=Root|O=Example"), authority("CN=Other root", after=100)
    middle = authority("CN=Middle", root)
    crossed = authority("CN=Middle", other, key=middle.key, after=50)
    expired_crossed = authority("CN=Middle", other, key=middle.key, before=-60, after=-1)
    expired_root = authority("CN=Expired root", before=-60, after=-1)
    plain = leaf(root)
    alone = leaf(None)
    expired_middle = authority("CN=Expired middle", root, before=-60, after=-1)
    no_authority = Issuer("CN=No authority", root, more=[(x509.BasicConstraints(ca=False, path_length=None), True)])
    no_signer = Issuer("CN=No signer", root, more=[(x509.BasicConstraints(ca=True, path_length=None), True), (usage("digital_signature"), True)])
    unmarked = Issuer("CN=Unmarked", root)
    short = authority("CN=Short", root, length=0)
    below_short = authority("CN=Below short", short)
    tree = [x509.DNSName("example.test")]
    inside = authority("CN=Inside", root, more=[(x509.NameConstraints(tree, None), True)])
    outside = authority("CN=Outside", root, more=[(x509.NameConstraints(None, tree), True)])
    addresses = authority("CN=Addresses", root, more=[(x509.NameConstraints([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None), True)])
    clients_only = authority("CN=For clients", root, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")
    found = {
        "plain": [plain], "with root": [plain, root], "through middle": [leaf(middle), middle], "middle missing": [leaf(middle)],
        "self-signed": [alone], "self-signed expired": [leaf(None, before=-60, after=-1)], "expired": [leaf(root, before=-60, after=-1)],
        "future": [leaf(root, before=1)], "of other root": [leaf(other)], "expired middle": [leaf(expired_middle), expired_middle],
        "expired unused": [plain, authority("CN=Old root", before=-900, after=-3)], "soon unused": [plain, authority("CN=Soon", after=2)],
        "crossed": [leaf(middle), middle, crossed], "crossed expired": [leaf(middle), expired_crossed, middle],
        "crossed only": [leaf(middle), crossed], "twice": [plain, plain], "middle twice": [leaf(middle), middle, middle],
        "out of order": [leaf(below := authority("CN=Below", middle)), middle, below],
        "strangers": [leaf(middle), other, authority("CN=Nobody"), middle], "middle first": [middle, leaf(middle)],
        "same name": [leaf(authority("CN=Root|O=Example"))], "not an authority": [leaf(no_authority), no_authority],
        "not a signer": [leaf(no_signer), no_signer], "unmarked": [leaf(unmarked), unmarked], "too deep": [leaf(below_short), below_short, short],
        "short enough": [leaf(short), short], "inside": [leaf(inside, dns("www.example.test")), inside],
        "inside with address": [leaf(inside), inside], "not inside": [leaf(inside, dns("www.other.test", "www.example.test")), inside],
        "outside": [leaf(outside, dns("www.example.test")), outside], "not its addresses": [leaf(addresses), addresses],
        "authority for clients": [leaf(clients_only), clients_only],
        "for clients": [leaf(root, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])],
        "for servers": [leaf(root, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), True)])],
        "for anything": [leaf(root, more=[(x509.ExtendedKeyUsage([ObjectIdentifier("2.5.29.37.0")]), False)])],
        "leaf is authority": [leaf(root, more=[(x509.BasicConstraints(ca=True, path_length=None), True)])],
        "no signatures": [leaf(root, more=[(usage("key_agreement"), True)])], "unknown critical": [leaf(root, more=[(unknown, True)])],
        "unknown extension": [leaf(root, more=[(unknown, False)])],
        "other name": [leaf(root, dns("other.test"))], "no names": [leaf(root, [])], "address only": [leaf(root, NAMES[2:])],
        "name only": [leaf(root, dns("www.example.test"))], "wildcard": [leaf(root, dns("*.example.test"))], "star": [leaf(root, dns("*"))],
        "wildcard below": [leaf(root, dns("*.www.example.test"))], "partial wildcard": [leaf(root, dns("w*.example.test"))],
        "capitals": [leaf(root, dns("WWW.EXAMPLE.Test"))], "dot at end": [leaf(root, dns("www.example.test."))],
        "address as name": [leaf(root, dns("127.0.0.2"))], "name in common name": [leaf(root, dns("other.test"), name="CN=www.example.test")],
        "other kinds of names": [leaf(root, [x509.RFC822Name("a@www.example.test"), x509.UniformResourceIdentifier("https://www.example.test/"),
                                             *NAMES])],
        "rsa": [leaf(root, key=rsa.generate_private_key(65537, 2048))], "small rsa": [leaf(root, key=rsa.generate_private_key(65537, 1024))],
        "p384": [leaf(root, key=ec.generate_private_key(ec.SECP384R1()))], "p521": [leaf(root, key=ec.generate_private_key(ec.SECP521R1()))],
        "ed25519": [leaf(root, key=ed25519.Ed25519PrivateKey.generate())],
        "sha512": [leaf(root, hash=hashes.SHA512())], "wrong signature": [leaf(root, signer=other.key)], "ends late": [leaf(root, after=365 * 60)],
        "of expired root": [leaf(expired_root)],
    }
    found.update({f"subject {name}": [leaf(root, name=text)] for name, text in SUBJECTS.items()})
    found.update({f"issuer {name}": [leaf(signer := authority(text, root)), signer] for name, text in SUBJECTS.items() if text})
    return found, {"root": [root], "other": [other], "both": [root, other], "middle": [middle], "leaf": [plain], "alone": [alone],
                   "crossed": [crossed], "expired root": [expired_root]}


class Certificates:
    """The files in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        servers, roots = chains()
        self.servers, self.roots = sorted(servers), sorted(roots)
        clients = authority("CN=Clients")
        own = {"good": leaf(clients, name="CN=client"), "other": leaf(roots["other"][0], name="CN=client"),
               "expired": leaf(clients, name="CN=client", before=-60, after=-1)}
        self.write("clients", [clients])
        for name, chain in servers.items():
            self.write(name, chain, chain[0].key_pem)
        for name, chain in roots.items():
            self.write(f"root {name}", chain)
        for name, client in own.items():
            self.write(f"client {name}", [client])
            self.file(f"key {name}").write_bytes(client.key_pem)

    def write(self, name, chain, key=b""):
        self.file(name).write_bytes(key + b"".join(issuer.pem for issuer in chain))

    def file(self, name):
        return self.folder / f"{name.replace(' ', '-')}.pem"
