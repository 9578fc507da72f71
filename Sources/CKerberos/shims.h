#ifndef CKERBEROS_SHIMS_H
#define CKERBEROS_SHIMS_H

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <string.h>

/* Swift sees neither a variable of another library as safe, nor a macro that casts. */

static inline OM_uint32 agent_gss_acquire(OM_uint32 *minor, const char *ccache, gss_cred_id_t *credential) {
    gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
    gss_OID_set_desc mechanisms = {1, &spnego};
    gss_key_value_element_desc element = {"ccache", ccache};
    gss_key_value_set_desc store = {1, &element};
    return gss_acquire_cred_from(minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE, &store, credential, NULL, NULL);
}

static inline OM_uint32 agent_gss_import_service(OM_uint32 *minor, const char *service, gss_name_t *name) {
    gss_buffer_desc text = {strlen(service), (void *)service};
    return gss_import_name(minor, &text, GSS_C_NT_HOSTBASED_SERVICE, name);
}

/* The first token of SPNEGO; the context is not kept. `binding` may be empty. */
static inline OM_uint32 agent_gss_first_token(
    OM_uint32 *minor, gss_cred_id_t credential, gss_name_t name, const void *binding, size_t length, gss_buffer_t token) {
    gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
    struct gss_channel_bindings_struct bindings;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 ignored;
    memset(&bindings, 0, sizeof bindings);
    bindings.application_data.length = length;
    bindings.application_data.value = (void *)binding;
    OM_uint32 major = gss_init_sec_context(
        minor, credential, &context, name, &spnego, 0, 0, length ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, token, NULL,
        NULL);
    gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    return major;
}

static inline int agent_gss_failed(OM_uint32 major) { return GSS_ERROR(major) != 0; }

/* What a failure means, to be freed; NULL without memory. */
static inline char *agent_gss_text(OM_uint32 minor) {
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    char *copy = strndup(text.value ? text.value : "", text.length);
    gss_release_buffer(&ignored, &text);
    return copy;
}

#endif
