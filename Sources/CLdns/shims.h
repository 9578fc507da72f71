#ifndef CLDNS_SHIMS_H
#define CLDNS_SHIMS_H

#include <ldns/ldns.h>

/* A record in presentation format, to be freed. The format is a variable of the library's, which Swift does not take for constant. */
static inline char *agent_record_text(const ldns_rr *record) { return ldns_rr2str_fmt(ldns_output_format_nocomments, record); }

/* Names of the algorithms of DNSSEC: an array that Swift does not take for constant. */
static inline ldns_lookup_table *agent_algorithms(void) { return ldns_algorithms; }

#endif
