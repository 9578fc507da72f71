#ifndef CPCRE_SHIMS_H
#define CPCRE_SHIMS_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

/* The library's functions are macros over its code unit width, which Swift does not see. */

static inline pcre2_code *agent_pcre_compile(const unsigned char *pattern, size_t length, int *error, size_t *offset) {
    /* As RE2 reads it: $ is the very end, bytes that are not UTF-8 match nothing. */
    pcre2_code *code = pcre2_compile(pattern, length, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY, error, offset, NULL);
    if (code != NULL) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}
static inline void agent_pcre_free(pcre2_code *code) { pcre2_code_free(code); }
static inline void agent_pcre_message(int error, unsigned char *buffer, size_t size) {
    if (pcre2_get_error_message(error, buffer, size) < 0) buffer[0] = 0;
}
static inline pcre2_match_data *agent_pcre_match_data(const pcre2_code *code) { return pcre2_match_data_create_from_pattern(code, NULL); }
static inline void agent_pcre_match_free(pcre2_match_data *data) { pcre2_match_data_free(data); }
static inline int agent_pcre_match(const pcre2_code *code, const unsigned char *text, size_t length, pcre2_match_data *data, pcre2_match_context *context) {
    return pcre2_match(code, text, length, 0, 0, data, context);
}
static inline size_t *agent_pcre_ranges(pcre2_match_data *data) { return pcre2_get_ovector_pointer(data); }
static inline unsigned agent_pcre_group(const pcre2_code *code, const char *name, size_t length) {
    char buffer[128];
    if (length >= sizeof buffer) return 0;
    memcpy(buffer, name, length);
    buffer[length] = 0;
    int number = pcre2_substring_number_from_name(code, (const unsigned char *)buffer);
    return number < 0 ? 0 : (unsigned)number;
}
static inline pcre2_match_context *agent_pcre_bounds(void) {
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    if (context != NULL) pcre2_set_match_limit(context, 1000000);
    return context;
}
static inline void agent_pcre_bounds_free(pcre2_match_context *context) { pcre2_match_context_free(context); }

#endif
