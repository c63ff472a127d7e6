/* How terms of N-Quads are plainly written: the regular expressions of plain.py. */

#ifndef NECESSITY_TERMS_H
#define NECESSITY_TERMS_H

#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

struct span {
    const char *text;
    int64_t length;
};

/* What each character can be. */
struct alphabet {
    uint8_t classes[256];
};

enum { LETTER = 1, DIGIT = 2, SCHEME = 4, HOST = 8, PATH = 16, NAME = 32 };

static inline void mark(struct alphabet *alphabet, const char *characters, uint8_t class) {
    for (; *characters; characters++) alphabet->classes[(unsigned char)*characters] |= class;
}

static inline void mark_characters(struct alphabet *alphabet) {
    mark(alphabet, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", LETTER | SCHEME | HOST | PATH | NAME);
    mark(alphabet, "0123456789", DIGIT | SCHEME | HOST | PATH | NAME);
    mark(alphabet, "+-.", SCHEME);
    mark(alphabet, "._~-", HOST);
    mark(alphabet, "_-", NAME);
    mark(alphabet, "._~!$&'()*+,;=:@/-", PATH);
}

static inline const char *skip(const struct alphabet *alphabet, const char *at, const char *end, uint8_t class) {
    while (at < end && alphabet->classes[(unsigned char)*at] & class) at++;
    return at;
}

static inline int is_iri(const struct alphabet *alphabet, struct span term) {
    const char *at = term.text, *end = term.text + term.length;
    if (term.length < 4 || *at++ != '<' || !(alphabet->classes[(unsigned char)*at] & LETTER)) return 0;
    at = skip(alphabet, at, end, SCHEME);
    if (at == end || *at++ != ':') return 0;
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        at = skip(alphabet, at + 2, end, HOST);
        if (at < end && *at == ':') at = skip(alphabet, at + 1, end, DIGIT);
        if (at == end || !memchr("/?#>", *at, 4)) return 0;
    }
    at = skip(alphabet, at, end, PATH);
    if (at < end && *at == '?') at = skip(alphabet, at + 1, end, PATH);
    if (at < end && *at == '#') at = skip(alphabet, at + 1, end, PATH);
    return at + 1 == end && *at == '>';
}

static inline struct span line_of(struct span text, int64_t at) {
    const char *end = memchr(text.text + at, '\n', (size_t)(text.length - at));
    return (struct span){text.text + at, end ? end - text.text - at : text.length - at};
}

/* Whether a term begins as one of some lines. */
static inline int begins_as(struct span term, struct span lines) {
    for (int64_t at = 0; at < lines.length;) {
        struct span space = line_of(lines, at);
        if (space.length <= term.length && !memcmp(space.text, term.text, (size_t)space.length)) return 1;
        at += space.length + 1;
    }
    return 0;
}

/* Where text in quotes ends: its closing quote, or null where it is not plain. A backslash may stand before a few letters. */
static inline const char *closing_quote(const char *at, const char *end, int escapes) {
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"') return at;
        if (c < 0x20 || c == 0x7f) return NULL;
        if (c == '\\') {
            if (!escapes || at + 1 == end || !memchr("\"\\nr", at[1], 4)) return NULL;
            at++;
        } else if (c == 0xef && end - at > 2 && (unsigned char)at[1] == 0xbf && (unsigned char)at[2] >= 0xbe) {
            return NULL; /* U+FFFE and U+FFFF, which are no characters */
        }
    }
    return NULL;
}

static inline int is_of_text(struct span datatype) {
    static const char *const names[] = {
        "<http://www.w3.org/2001/XMLSchema#string>",
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>",
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#dirLangString>",
    };
    for (int i = 0; i < 3; i++) {
        if (datatype.length == (int64_t)strlen(names[i]) && !memcmp(datatype.text, names[i], (size_t)datatype.length))
            return 1;
    }
    return 0;
}

#endif
