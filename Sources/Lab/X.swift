import Hummingbird
import NIOSSL
import X509
import JWTKit
import Crypto
