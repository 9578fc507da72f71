#include "decoders.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

#if OPENSSL_VERSION_NUMBER >= 0x30200000L

void agent_limit_key_decoders(void) {}

#else

#define NAME "agent-default"
#define MOST 64

/* OpenSSL's own default provider, in a library context of its own, stands behind ours, which passes on all it is asked but decoders. */
static OSSL_PROVIDER *standard;
static OSSL_ALGORITHM decoders[MOST];
static OSSL_DISPATCH dispatch[MOST];

static bool is_named(const OSSL_ALGORITHM *decoder, const char *name) {
    size_t length = strlen(name);
    char end = decoder->algorithm_names[length < strlen(decoder->algorithm_names) ? length : strlen(decoder->algorithm_names)];
    return strncmp(decoder->algorithm_names, name, length) == 0 && (end == ':' || end == '\0');
}

static bool is_wanted(const OSSL_ALGORITHM *decoder) {
    static const char *const with_private_keys[] = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"};
    const char *properties = decoder->property_definition;
    if (is_named(decoder, "DER") || strstr(properties, "structure=SubjectPublicKeyInfo")) return true;
    if (!strstr(properties, "structure=PrivateKeyInfo") && !strstr(properties, "structure=type-specific")) return false;
    for (size_t index = 0; index < sizeof with_private_keys / sizeof *with_private_keys; index++)
        if (is_named(decoder, with_private_keys[index])) return true;
    return false;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache) {
    (void)context;
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(standard, operation, no_cache);
    return operation == OSSL_OP_DECODER && all ? decoders : all;
}

static bool choose_decoders(void) {
    int no_cache = 0, count = 0;
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(standard, OSSL_OP_DECODER, &no_cache);
    for (; all && all->algorithm_names; all++) {
        if (!is_wanted(all)) continue;
        if (count == MOST - 1) return false;
        decoders[count++] = *all;
    }
    return count > 0;
}

static int begin(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *from_core, const OSSL_DISPATCH **to_core, void **context) {
    (void)core;
    (void)from_core;
    int count = 0;
    for (const OSSL_DISPATCH *entry = OSSL_PROVIDER_get0_dispatch(standard); entry->function_id; entry++) {
        if (count == MOST - 1) return 0;
        /* The standard provider lives as long as the process. */
        if (entry->function_id == OSSL_FUNC_PROVIDER_TEARDOWN) continue;
        dispatch[count] = *entry;
        if (entry->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION) dispatch[count].function = (void (*)(void))query;
        count++;
    }
    *to_core = dispatch;
    *context = OSSL_PROVIDER_get0_provider_ctx(standard);
    return 1;
}

/* Whether the configuration file, or an earlier use, has activated a provider: ours would only come in addition. */
static bool has_others(void) {
    static const char *const others[] = {"default", "legacy", "fips", "base"};
    for (size_t index = 0; index < sizeof others / sizeof *others; index++)
        if (OSSL_PROVIDER_available(NULL, others[index])) return true;
    return false;
}

void agent_limit_key_decoders(void) {
    /* The library that runs may be newer than the headers. */
    if (OpenSSL_version_num() >= 0x30200000L) return;
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    OSSL_LIB_CTX *behind = OSSL_LIB_CTX_new();
    if (!behind || !(standard = OSSL_PROVIDER_load(behind, "default")) || !choose_decoders()) return;
    OSSL_PROVIDER *ours = OSSL_PROVIDER_add_builtin(NULL, NAME, begin) ? OSSL_PROVIDER_load(NULL, NAME) : NULL;
    /* Asked only now: without a provider that was loaded, the question itself would activate the default one. */
    if (ours && has_others()) OSSL_PROVIDER_unload(ours);
    if (!ours) OSSL_PROVIDER_load(NULL, "default");
}

#endif
