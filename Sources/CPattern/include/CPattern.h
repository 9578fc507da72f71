#ifndef CPATTERN_H
#define CPATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A regular expression of RE2's; any number of threads may match with one at a time. */
typedef struct agent_pattern agent_pattern;

/* One that was not accepted is made as well: agent_pattern_error says why, and it must not be matched with. */
agent_pattern *agent_pattern_make(const char *text, size_t length);
void agent_pattern_free(agent_pattern *pattern);
/* NULL for one that was accepted. Lives as long as the pattern. */
const char *agent_pattern_error(const agent_pattern *pattern);
/* How many groups it has, the whole match (group 0) included. */
int agent_pattern_groups(const agent_pattern *pattern);
/* The number of a named group; -1 for none. */
int agent_pattern_group(const agent_pattern *pattern, const char *name, size_t length);
/* The leftmost match. Writes where the first `count` groups begin and end, -1 twice for one that took no part. */
bool agent_pattern_match(const agent_pattern *pattern, const uint8_t *bytes, size_t length, ptrdiff_t *ranges, int count);

#ifdef __cplusplus
}
#endif

#endif
