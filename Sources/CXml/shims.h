#ifndef CXML_SHIMS_H
#define CXML_SHIMS_H

// libxml2 up to 2.12 declares its own converters with the system's ICU, whose types differ from those of Foundation's copy.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/parser.h>
#include <libxml/tree.h>

/// Frees a text that libxml2 returned; `xmlFree` itself is a variable.
static inline void agent_xml_free(xmlChar *text) { xmlFree(text); }

#endif
