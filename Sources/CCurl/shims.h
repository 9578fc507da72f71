#ifndef CCURL_SHIMS_H
#define CCURL_SHIMS_H

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <time.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one typed wrapper for each shape. */

static inline CURLcode agent_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode agent_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode agent_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode agent_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/* An enumeration's member in libcurl 7, a number in later versions; a number with a cast. */
static inline long agent_tls_required(void) { return CURLUSESSL_ALL; }
static inline long agent_ntlm(void) { return (long)CURLAUTH_NTLM; }
static inline int agent_has_http3(void) { return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP3) != 0; }
static inline int agent_has_ntlm(void) { return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_NTLM) != 0; }

typedef size_t (*agent_data_function)(char *data, size_t size, size_t count, void *context);
static inline CURLcode agent_set_data_function(CURL *easy, CURLoption option, agent_data_function function) {
    return curl_easy_setopt(easy, option, function);
}

typedef CURLcode (*agent_ssl_function)(CURL *easy, void *ssl_context, void *context);
static inline CURLcode agent_set_ssl_function(CURL *easy, agent_ssl_function function) {
    return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, function);
}

static inline CURLcode agent_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode agent_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode agent_get_text(CURL *easy, CURLINFO info, char **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode agent_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode agent_set_open_function(CURL *easy, curl_opensocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

static inline CURLcode agent_set_close_function(CURL *easy, curl_closesocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, function);
}

/* CURLINFO_TLS_SSL_PTR of an open connection: the SSL of OpenSSL, or NULL. */
static inline SSL *agent_get_ssl(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == NULL) return NULL;
    return (SSL *)session->internals;
}

/* The message of the multi's queue, taken apart: its union is awkward from Swift. */
static inline CURL *agent_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/* Macros of OpenSSL that Swift does not see. */

static inline int agent_chain_count(const STACK_OF(X509) *chain) { return chain == NULL ? 0 : sk_X509_num(chain); }
static inline void agent_chain_free(STACK_OF(X509) *chain) { sk_X509_pop_free(chain, X509_free); }
/* Without references of its own: freed by agent_chain_drop. */
static inline STACK_OF(X509) *agent_chain_new(void) { return sk_X509_new_null(); }
static inline void agent_chain_add(STACK_OF(X509) *chain, X509 *certificate) { sk_X509_push(chain, certificate); }
static inline void agent_chain_drop(STACK_OF(X509) *chain) { sk_X509_free(chain); }
static inline X509 *agent_chain_at(const STACK_OF(X509) *chain, int index) { return sk_X509_value(chain, index); }

static inline int agent_names_count(const GENERAL_NAMES *names) { return names == NULL ? 0 : sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *agent_name_at(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
static inline int agent_name_type(const GENERAL_NAME *name) { return name->type; }
static inline const unsigned char *agent_name_bytes(const GENERAL_NAME *name, int *length) {
    const ASN1_STRING *text = name->type == GEN_DNS     ? name->d.dNSName
                              : name->type == GEN_IPADD ? name->d.iPAddress
                              : name->type == GEN_EMAIL ? name->d.rfc822Name
                              : name->type == GEN_URI   ? name->d.uniformResourceIdentifier
                                                        : NULL;
    *length = text == NULL ? 0 : ASN1_STRING_length(text);
    return text == NULL ? NULL : ASN1_STRING_get0_data(text);
}

/* RFC 2253 order, with letters beyond ASCII as they are. */
static inline int agent_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

/* A macro. */
static inline void agent_openssl_free(void *memory) { OPENSSL_free(memory); }

static inline int agent_bio_length(BIO *bio, char **bytes) { return (int)BIO_get_mem_data(bio, bytes); }

static inline long agent_ssl_set_host(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }
static inline void agent_ssl_stop_after_each_record(SSL *ssl) { SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY); }
static inline long agent_ssl_set_minimum(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline long agent_ssl_set_maximum(SSL_CTX *context, int version) { return SSL_CTX_set_max_proto_version(context, version); }

static inline void agent_ssl_set_max_cert_list(SSL_CTX *context, long bytes) { SSL_CTX_set_max_cert_list(context, bytes); }
static inline void agent_ssl_allow_legacy_server(SSL_CTX *context) { SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT); }
static inline int agent_ssl_has_secure_renegotiation(SSL *ssl) { return SSL_get_secure_renegotiation_support(ssl) != 0; }
static inline int agent_ssl_context_index(CRYPTO_EX_free *release) {
    return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, release);
}

/* Without it, OpenSSL asks the terminal for the password of an encrypted PEM block, and waits. */
static inline int agent_no_password(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

/* Why OpenSSL's reading of PEM blocks ended: 1 at the end of the text, 0 within a block. */
static inline int agent_pem_is_over(void) {
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* Deprecated, but independent of providers: with those of FIPS, there is no EVP_md5. */
static inline void agent_md5(const unsigned char *bytes, size_t count, unsigned char *digest) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    MD5(bytes, count, digest);
#pragma clang diagnostic pop
}

static inline void agent_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

#endif
