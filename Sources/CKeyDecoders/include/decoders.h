#ifndef CKEYDECODERS_H
#define CKEYDECODERS_H

/* Makes OpenSSL 3.0 and 3.1 try fewer formats when they decode a key: every public key of a certificate, and the private keys of RSA, EC and
   EdDSA in PEM and DER. They ask every decoder they have, some eighty, about each certificate of each connection, a tenth of a handshake;
   3.2 remembers which one to ask. Without an effect from 3.2 on, and where the configuration file activates providers. */
void agent_limit_key_decoders(void);

#endif
