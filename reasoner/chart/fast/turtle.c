/* Writes plain Turtle as lines of N-Quads, as a parser and a serializer do.
 *
 * What is not plainly written is left to the parser, which also has the words for what is wrong: blank nodes, collections,
 * languages, relative IRIs, escapes but for a few, and whatever `cut` would not take as plain. Plain C99, without Python. The
 * caller keeps the document valid UTF-8. */

#include "terms.h"

enum { MAX_PREFIXES = 64 };

#define XSD "http://www.w3.org/2001/XMLSchema#"

/* A prefix, and how the IRIs begin that it stands for: with the bracket. */
struct prefix {
    struct span name, start;
};

struct writer {
    const char *at, *end; /* what is left of the document */
    struct alphabet alphabet;
    struct prefix prefixes[MAX_PREFIXES];
    int prefix_count;
    struct span refused; /* how IRIs begin that are not plain, a line each */
    struct span tail;    /* how each line ends */
    char *out;
    int64_t length, room;
};

/* --- each of the following returns whether it was plain, and there was room --- */

static int put(struct writer *writer, struct span text) {
    if (text.length > writer->room - writer->length) return 0;
    memcpy(writer->out + writer->length, text.text, (size_t)text.length);
    writer->length += text.length;
    return 1;
}

static int put_text(struct writer *writer, const char *text) {
    return put(writer, (struct span){text, (int64_t)strlen(text)});
}

/* What was written from a place on. */
static struct span written(const struct writer *writer, int64_t place) {
    return (struct span){writer->out + place, writer->length - place};
}

static int is_next(const struct writer *writer, char character) {
    return writer->at < writer->end && *writer->at == character;
}

static int is_space(char character) {
    return character == ' ' || character == '\n' || character == '\t' || character == '\r';
}

static void skip_space(struct writer *writer) {
    const char *at = writer->at, *end = writer->end;
    while (at < end && (is_space(*at) || *at == '#')) {
        if (*at++ != '#') continue;
        while (at < end && *at != '\n' && *at != '\r') at++;
    }
    writer->at = at;
}

/* Whether a name, a number or a word ends here for certain. */
static int is_end(const struct writer *writer) {
    const char *at = writer->at, *end = writer->end;
    if (at < end && *at == '.') return at + 1 == end || is_space(at[1]) || at[1] == '#';
    return at < end && (is_space(*at) || *at == ';' || *at == ',' || *at == '#');
}

/* Take a word that is followed by a space. */
static int take_word(struct writer *writer, const char *word) {
    int64_t length = (int64_t)strlen(word);
    if (writer->end - writer->at <= length || memcmp(writer->at, word, (size_t)length)) return 0;
    if (!is_space(writer->at[length])) return 0;
    writer->at += length;
    return 1;
}

static int take_iri(struct writer *writer, struct span *iri) {
    const char *close = is_next(writer, '<') ? memchr(writer->at, '>', (size_t)(writer->end - writer->at)) : NULL;
    if (!close) return 0;
    *iri = (struct span){writer->at, close + 1 - writer->at};
    writer->at = close + 1;
    return is_iri(&writer->alphabet, *iri);
}

/* Take a prefix with its colon. */
static int take_prefix(struct writer *writer, struct span *name) {
    const char *at = writer->at, *end = writer->end;
    if (at < end && writer->alphabet.classes[(unsigned char)*at] & LETTER) at = skip(&writer->alphabet, at, end, NAME);
    if (at == end || *at != ':') return 0;
    *name = (struct span){writer->at, at - writer->at};
    writer->at = at + 1;
    return 1;
}

static struct prefix *find_prefix(struct writer *writer, struct span name) {
    for (int i = 0; i < writer->prefix_count; i++) {
        struct prefix *prefix = &writer->prefixes[i];
        if (prefix->name.length == name.length && !memcmp(prefix->name.text, name.text, (size_t)name.length)) return prefix;
    }
    return NULL;
}

/* Take the part of a name after its prefix. */
static int take_local(struct writer *writer, struct span *local) {
    const char *begin = writer->at, *at = begin, *end = writer->end;
    if (at < end && *at != '-') at = skip(&writer->alphabet, at, end, NAME);
    while (at > begin && at < end && *at == '.') {
        const char *more = skip(&writer->alphabet, at + 1, end, NAME);
        if (more == at + 1) break;
        at = more;
    }
    *local = (struct span){begin, at - begin};
    writer->at = at;
    return is_end(writer);
}

static int put_iri(struct writer *writer) {
    int64_t place = writer->length;
    struct span iri, name, local;
    if (is_next(writer, '<')) {
        if (!take_iri(writer, &iri) || !put(writer, iri)) return 0;
    } else {
        if (!take_prefix(writer, &name)) return 0;
        const struct prefix *prefix = find_prefix(writer, name);
        if (!prefix || !take_local(writer, &local)) return 0;
        if (!put(writer, prefix->start) || !put(writer, local) || !put_text(writer, ">")) return 0;
        if (!memchr("/#", prefix->start.text[prefix->start.length - 1], 2) && !is_iri(&writer->alphabet, written(writer, place)))
            return 0;
    }
    return !begins_as(written(writer, place), writer->refused);
}

/* What stands on a line for a character between quotes, with how long it is here; nothing for one that stands for itself. */
static const char *replacement(const char *at, const char *end, int is_long, int *length) {
    *length = 1;
    if (*at == '"') return "\\\"";
    if (is_long && *at == '\n') return "\\n";
    if (is_long && *at == '\r') return "\\r";
    if (*at != '\\' || at + 1 == end) return NULL;
    *length = 2;
    return at[1] == '\'' ? "'" : NULL;
}

/* Put text in quotes; the other escapes are those of a line, or are found not to be. */
static int put_quoted(struct writer *writer) {
    const char *at = writer->at, *end = writer->end;
    char quote = *at;
    int is_long = end - at > 2 && at[1] == quote && at[2] == quote, width = is_long ? 3 : 1, length;
    const char *from = at += width;
    if (!put_text(writer, "\"")) return 0;
    for (; end - at >= width; at += length) {
        if (*at == quote && (!is_long || (at[1] == quote && at[2] == quote))) {
            writer->at = at + width;
            return put(writer, (struct span){from, at - from}) && put_text(writer, "\"");
        }
        const char *instead = replacement(at, end, is_long, &length);
        if (!instead) continue;
        if (!put(writer, (struct span){from, at - from}) || !put_text(writer, instead)) return 0;
        from = at + length;
    }
    return 0;
}

static int put_literal(struct writer *writer) {
    int64_t place = writer->length;
    if (!put_quoted(writer)) return 0;
    struct span text = written(writer, place);
    int is_typed = writer->end - writer->at > 1 && writer->at[0] == '^' && writer->at[1] == '^';
    const char *last = text.text + text.length - 1;
    if (closing_quote(text.text + 1, last + 1, !is_typed) != last) return 0;
    if (!is_typed) return 1;
    writer->at += 2;
    place = writer->length + 2;
    return put_text(writer, "^^") && put_iri(writer) && !is_of_text(written(writer, place));
}

/* Put a number as a literal of the datatype that it is written as. */
static int put_number(struct writer *writer) {
    const struct alphabet *alphabet = &writer->alphabet;
    const char *begin = writer->at, *end = writer->end;
    const char *digits = begin + (*begin == '+' || *begin == '-'), *at = skip(alphabet, digits, end, DIGIT);
    const char *datatype = "integer";
    if (at == digits) return 0;
    if (end - at > 1 && *at == '.' && alphabet->classes[(unsigned char)at[1]] & DIGIT) {
        datatype = "decimal";
        at = skip(alphabet, at + 1, end, DIGIT);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        datatype = "double";
        digits = at + 1;
        if (digits < end && (*digits == '+' || *digits == '-')) digits++;
        at = skip(alphabet, digits, end, DIGIT);
        if (at == digits) return 0;
    }
    writer->at = at;
    return is_end(writer) && put_text(writer, "\"") && put(writer, (struct span){begin, at - begin}) &&
           put_text(writer, "\"^^<" XSD) && put_text(writer, datatype) && put_text(writer, ">");
}

static int put_boolean(struct writer *writer, const char *word, const char *literal) {
    int64_t length = (int64_t)strlen(word);
    if (writer->end - writer->at < length || memcmp(writer->at, word, (size_t)length)) return 0;
    const char *begin = writer->at;
    writer->at += length;
    if (is_end(writer)) return put_text(writer, literal);
    writer->at = begin;
    return 0;
}

static int put_object(struct writer *writer) {
    if (writer->at == writer->end) return 0;
    char first = *writer->at;
    if (first == '"' || first == '\'') return put_literal(writer);
    if (first == '+' || first == '-' || writer->alphabet.classes[(unsigned char)first] & DIGIT) return put_number(writer);
    return put_boolean(writer, "true", "\"true\"^^<" XSD "boolean>") ||
           put_boolean(writer, "false", "\"false\"^^<" XSD "boolean>") || put_iri(writer);
}

static int put_predicate(struct writer *writer) {
    if (take_word(writer, "a")) return put_text(writer, "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>");
    return put_iri(writer);
}

static int take_dot(struct writer *writer) {
    skip_space(writer);
    if (!is_next(writer, '.')) return 0;
    writer->at++;
    return 1;
}

static int declare(struct writer *writer) {
    struct span name, iri;
    skip_space(writer);
    if (!take_prefix(writer, &name)) return 0;
    skip_space(writer);
    if (!take_iri(writer, &iri)) return 0;
    struct prefix *prefix = find_prefix(writer, name);
    if (!prefix && writer->prefix_count == MAX_PREFIXES) return 0;
    if (!prefix) prefix = &writer->prefixes[writer->prefix_count++];
    *prefix = (struct prefix){name, {iri.text, iri.length - 1}};
    return 1;
}

/* Put what is said of a subject, a line for each object. */
static int put_statements(struct writer *writer) {
    int64_t line = writer->length;
    if (!put_iri(writer)) return 0;
    int64_t predicate = writer->length - line;
    for (;;) {
        skip_space(writer);
        if (!put_text(writer, " ") || !put_predicate(writer) || !put_text(writer, " ")) return 0;
        int64_t object = writer->length - line;
        for (;;) {
            skip_space(writer);
            if (!put_object(writer) || !put(writer, writer->tail)) return 0;
            skip_space(writer);
            if (!is_next(writer, ',')) break;
            writer->at++;
            const char *before = writer->out + line;
            line = writer->length;
            if (!put(writer, (struct span){before, object})) return 0;
        }
        if (!is_next(writer, ';')) return take_dot(writer);
        while (is_next(writer, ';')) {
            writer->at++;
            skip_space(writer);
        }
        if (is_next(writer, '.')) return take_dot(writer);
        const char *before = writer->out + line;
        line = writer->length;
        if (!put(writer, (struct span){before, predicate})) return 0;
    }
}

/* Write a document as lines; returns how long they are, or -1 where it is not plain or there is no room for them.
 *
 * IRIs that begin as one of the lines of `refused` are not plain. Each line ends with `tail`. */
EXPORTED int64_t necessity_turtle(const char *data, int64_t length, const char *refused, int64_t refused_length,
                                  const char *tail, int64_t tail_length, char *out, int64_t room) {
    struct writer writer = {
        .at = data,
        .end = data + length,
        .refused = {refused, refused_length},
        .tail = {tail, tail_length},
        .out = out,
        .room = room,
    };
    mark_characters(&writer.alphabet);
    for (skip_space(&writer); writer.at < writer.end; skip_space(&writer)) {
        if (take_word(&writer, "@prefix")) {
            if (!declare(&writer) || !take_dot(&writer)) return -1;
        } else if (take_word(&writer, "PREFIX") || take_word(&writer, "prefix")) {
            if (!declare(&writer)) return -1;
        } else if (!put_statements(&writer)) {
            return -1;
        }
    }
    return writer.length;
}
