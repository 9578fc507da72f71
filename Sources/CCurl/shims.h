#ifndef CCURL_SHIMS_H
#define CCURL_SHIMS_H

#include <curl/curl.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
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

/* The number of embedded signed certificate timestamps (RFC 6962). */
static inline int agent_timestamp_count(const X509 *certificate) {
    STACK_OF(SCT) *list = X509_get_ext_d2i(certificate, NID_ct_precert_scts, NULL, NULL);
    int count = list == NULL ? 0 : sk_SCT_num(list);
    SCT_LIST_free(list);
    return count;
}

/* Whether its TLS features (RFC 7633) contain status_request. */
static inline int agent_demands_staple(const X509 *certificate) {
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    int demands = 0;
    for (int index = 0; features != NULL && index < sk_ASN1_INTEGER_num(features); index++)
        demands |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, index)) == TLSEXT_TYPE_status_request;
    TLS_FEATURE_free(features);
    return demands;
}

/* A copy of the first http URL of the names, for agent_openssl_free; NULL if there is none. */
static inline char *agent_first_http_url(const GENERAL_NAMES *names) {
    for (int index = 0; names != NULL && index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        if (name->type != GEN_URI) continue;
        const unsigned char *text = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        size_t length = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        if (length < 8 || length > 2048 || memchr(text, 0, length) != NULL || strncasecmp((const char *)text, "http", 4) != 0) continue;
        return OPENSSL_strndup((const char *)text, length);
    }
    return NULL;
}
/* Where the certificate's status is asked by OCSP, and where its issuer's revocation list is; as above. */
static inline char *agent_responder_url(const X509 *certificate) {
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    char *url = NULL;
    for (int index = 0; url == NULL && access != NULL && index < sk_ACCESS_DESCRIPTION_num(access); index++) {
        ACCESS_DESCRIPTION *entry = sk_ACCESS_DESCRIPTION_value(access, index);
        if (OBJ_obj2nid(entry->method) != NID_ad_OCSP) continue;
        GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
        sk_GENERAL_NAME_push(names, entry->location);
        url = agent_first_http_url(names);
        sk_GENERAL_NAME_free(names);
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return url;
}
static inline char *agent_list_url(const X509 *certificate) {
    CRL_DIST_POINTS *points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    char *url = NULL;
    for (int index = 0; url == NULL && points != NULL && index < sk_DIST_POINT_num(points); index++) {
        const DIST_POINT *point = sk_DIST_POINT_value(points, index);
        /* Lists of another issuer, or for some reasons only, do not tell enough. */
        if (point->CRLissuer != NULL || point->reasons != NULL || point->distpoint == NULL || point->distpoint->type != 0) continue;
        url = agent_first_http_url(point->distpoint->name.fullname);
    }
    CRL_DIST_POINTS_free(points);
    return url;
}

/* Whether a revocation list is for all certificates of servers, as far as it is published at this URL, and complete. */
static inline int agent_list_covers(const X509_CRL *list, const char *url) {
    if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0) return 0;
    int critical = 0;
    ISSUING_DIST_POINT *scope = X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, &critical, NULL);
    if (scope == NULL) return critical == -1;
    int covers = scope->onlyCA <= 0 && scope->onlyattr <= 0 && scope->indirectCRL <= 0 && scope->onlysomereasons == NULL;
    if (covers && scope->distpoint != NULL) {
        const GENERAL_NAMES *names = scope->distpoint->type == 0 ? scope->distpoint->name.fullname : NULL;
        covers = 0;
        for (int index = 0; names != NULL && index < sk_GENERAL_NAME_num(names); index++) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
            if (name->type != GEN_URI) continue;
            const ASN1_STRING *text = name->d.uniformResourceIdentifier;
            covers |= (size_t)ASN1_STRING_length(text) == strlen(url) && memcmp(ASN1_STRING_get0_data(text), url, strlen(url)) == 0;
        }
    }
    ISSUING_DIST_POINT_free(scope);
    return covers;
}

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

static inline int agent_excluded_count(const NAME_CONSTRAINTS *constraints) {
    return constraints->excludedSubtrees == NULL ? 0 : sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees);
}
static inline const GENERAL_NAME *agent_excluded_at(const NAME_CONSTRAINTS *constraints, int index) {
    return sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, index)->base;
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

static inline void agent_ssl_ask_for_status(SSL *ssl) { SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp); }
/* The OCSP response in DER, which belongs to the session; its length, or -1 if there is none. */
static inline long agent_ssl_stapled_response(SSL *ssl, const unsigned char **start) {
    return SSL_get_tlsext_status_ocsp_resp(ssl, start);
}

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

/* Revocation lists. */

static inline int agent_lists_count(const STACK_OF(X509_CRL) *lists) { return lists == NULL ? 0 : sk_X509_CRL_num(lists); }
static inline X509_CRL *agent_list_at(const STACK_OF(X509_CRL) *lists, int index) { return sk_X509_CRL_value(lists, index); }
static inline void agent_lists_free(STACK_OF(X509_CRL) *lists) { sk_X509_CRL_pop_free(lists, X509_CRL_free); }
static inline int agent_revoked_count(X509_CRL *list) {
    const STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(list);
    return revoked == NULL ? 0 : sk_X509_REVOKED_num(revoked);
}
/* The decimal digits of the CRL number, for agent_openssl_free; NULL if there is none, or one beyond any use: the time is quadratic. */
static inline char *agent_list_number(const X509_CRL *list) {
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
    BIGNUM *value = number != NULL && ASN1_STRING_length(number) <= 64 ? ASN1_INTEGER_to_BN(number, NULL) : NULL;
    char *digits = value == NULL ? NULL : BN_bn2dec(value);
    BN_free(value);
    ASN1_INTEGER_free(number);
    return digits;
}

/* PKCS#7. The content is optional in the format, and NULL where the file has none. */

static inline int agent_pkcs7_is_signed(const PKCS7 *file) { return PKCS7_type_is_signed(file) && file->d.sign != NULL; }
static inline STACK_OF(X509) *agent_pkcs7_certificates(const PKCS7 *file) { return file->d.sign->cert; }
static inline STACK_OF(X509_CRL) *agent_pkcs7_lists(const PKCS7 *file) { return file->d.sign->crl; }

/* PKCS#12. */

/* 0: not a PKCS#12 file; 1: one whose content OpenSSL can read; 2: one with another content or none, which crashes OpenSSL before 3.0.13. */
static inline int agent_pkcs12_shape(const unsigned char *bytes, long count) {
    const unsigned char *cursor = bytes;
    long length = 0;
    int tag = 0, tag_class = 0, shape = 0;
    if (ASN1_get_object(&cursor, &length, &tag, &tag_class, count) & 0x80) return 0;
    if (tag != V_ASN1_SEQUENCE || tag_class != V_ASN1_UNIVERSAL) return 0;
    ASN1_INTEGER *version = d2i_ASN1_INTEGER(NULL, &cursor, count - (cursor - bytes));
    if (version != NULL && ASN1_INTEGER_get(version) == 3) {
        PKCS7 *content = d2i_PKCS7(NULL, &cursor, count - (cursor - bytes));
        if (content != NULL) shape = PKCS7_type_is_data(content) && content->d.data != NULL ? 1 : 2;
        PKCS7_free(content);
    }
    ASN1_INTEGER_free(version);
    return shape;
}

/* -1 where there is no number, or none of 64 bits. */
static inline int64_t agent_number(const ASN1_INTEGER *number) {
    int64_t value = -1;
    return number != NULL && ASN1_INTEGER_get_int64(&value, number) == 1 ? value : -1;
}

/* The algorithm of the integrity check, and the iterations that it asks for: 1 where it does not say, -1 where they cannot be read. */
static inline int agent_pkcs12_check(const PKCS12 *file, int64_t *iterations) {
    const ASN1_OCTET_STRING *digest = NULL, *salt = NULL;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *count = NULL;
    const ASN1_OBJECT *identifier = NULL;
    PKCS12_get0_mac(&digest, &algorithm, &salt, &count, file);
    *iterations = count == NULL ? 1 : agent_number(count);
    if (algorithm != NULL) X509_ALGOR_get0(&identifier, NULL, NULL, algorithm);
    return OBJ_obj2nid(identifier);
}

/* The cipher of an encryption with a password, and the iterations that it asks for, -1 where they cannot be read. NID_undef for an algorithm
   of which this is not known. */
static inline int agent_password_cipher(const X509_ALGOR *algorithm, int64_t *iterations) {
    int cipher = NID_undef;
    *iterations = -1;
    if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2) {
        PBE2PARAM *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
        if (parameters != NULL && OBJ_obj2nid(parameters->keyfunc->algorithm) == NID_id_pbkdf2) {
            PBKDF2PARAM *derivation = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameters->keyfunc->parameter);
            if (derivation != NULL) {
                cipher = OBJ_obj2nid(parameters->encryption->algorithm);
                *iterations = agent_number(derivation->iter);
            }
            PBKDF2PARAM_free(derivation);
        }
        PBE2PARAM_free(parameters);
    } else if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, OBJ_obj2nid(algorithm->algorithm), &cipher, NULL, NULL) == 1) {
        PBEPARAM *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
        if (parameters != NULL) *iterations = parameters->iter == NULL ? 1 : agent_number(parameters->iter);
        PBEPARAM_free(parameters);
    } else {
        cipher = NID_undef;
    }
    return cipher;
}

static inline int agent_safes_count(const STACK_OF(PKCS7) *safes) { return safes == NULL ? 0 : sk_PKCS7_num(safes); }
static inline PKCS7 *agent_safe_at(const STACK_OF(PKCS7) *safes, int index) { return sk_PKCS7_value(safes, index); }
static inline void agent_safes_free(STACK_OF(PKCS7) *safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }
static inline int agent_safe_is_plain(const PKCS7 *safe) { return PKCS7_type_is_data(safe) && safe->d.data != NULL; }
/* The algorithm of an encrypted part; NULL for any other, and for one without content. */
static inline const X509_ALGOR *agent_safe_encryption(const PKCS7 *safe) {
    if (!PKCS7_type_is_encrypted(safe) || safe->d.encrypted == NULL || safe->d.encrypted->enc_data->enc_data == NULL) return NULL;
    return safe->d.encrypted->enc_data->algorithm;
}

static inline int agent_bags_count(const STACK_OF(PKCS12_SAFEBAG) *bags) { return bags == NULL ? 0 : sk_PKCS12_SAFEBAG_num(bags); }
static inline PKCS12_SAFEBAG *agent_bag_at(const STACK_OF(PKCS12_SAFEBAG) *bags, int index) { return sk_PKCS12_SAFEBAG_value(bags, index); }
static inline void agent_bags_free(STACK_OF(PKCS12_SAFEBAG) *bags) { sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free); }
static inline const X509_ALGOR *agent_bag_encryption(const PKCS12_SAFEBAG *bag) {
    const X509_ALGOR *algorithm = NULL;
    const X509_SIG *key = PKCS12_SAFEBAG_get0_pkcs8(bag);
    if (key != NULL) X509_SIG_get0(key, &algorithm, NULL);
    return algorithm;
}
/* The friendlyName in UTF-16, big-endian; NULL where there is none. PKCS12_get_friendlyname trusts its type and its characters. */
static inline const unsigned char *agent_bag_name(const PKCS12_SAFEBAG *bag, int *length) {
    const ASN1_TYPE *name = PKCS12_SAFEBAG_get0_attr(bag, NID_friendlyName);
    if (name == NULL || name->type != V_ASN1_BMPSTRING) return NULL;
    *length = ASN1_STRING_length(name->value.bmpstring);
    return ASN1_STRING_get0_data(name->value.bmpstring);
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
