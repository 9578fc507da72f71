#ifndef CXML_SHIMS_H
#define CXML_SHIMS_H

#include <libxml/parser.h>
#include <libxml/tree.h>

/// Frees a text that libxml2 returned; `xmlFree` itself is a variable.
static inline void agent_xml_free(xmlChar *text) { xmlFree(text); }

#endif
