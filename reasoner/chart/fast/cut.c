/* Cuts lines of N-Quads into columns of codes, as `cut` in cut.py does; native.py calls it, and says what the arrays are.
 *
 * Plain C99, without Python. The caller allocates for the worst case, and keeps the data valid UTF-8. */

#include <stdlib.h>

#include "terms.h"

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST ""
#endif

enum kind { ODD, IRI, TEXT, TYPED };

struct columns {
    uint8_t *kind;
    int32_t *subject, *predicate, *object, *graph;
    int64_t *bound, *row, *start, *at;
    uint8_t *ascending;
    char *content, *terms;
    int64_t term_count, row_count, run_count, content_length, terms_length;
};

/* A line: what stands before its graph, its graph, and whether the first is a subject, a predicate and an object. */
struct line {
    struct span triple, graph;
    int64_t predicate, object; /* where they begin in the triple; 0 where there is none */
};

struct entry {
    uint64_t hash;
    struct span term;
    int32_t code; /* -1 where there is none */
};

/* What one call of `necessity_cut` works with. */
struct cutter {
    struct entry *entries; /* the distinct terms, addressed by their hashes */
    uint64_t mask;         /* one less than how many there is room for, a power of two */
    uint64_t seed[2];
    int64_t longest; /* characters of a term that is not odd */
    struct span namespaces; /* how IRIs begin that are odd, a line each */
    struct alphabet alphabet;
    struct columns *out;
    struct line *lines; /* those of a run, and how many there is room for */
    int64_t room;
};

EXPORTED const char *necessity_source_digest(void) { return SOURCE_DIGEST; }

static int is_same(struct span one, struct span other) {
    return one.length == other.length && !memcmp(one.text, other.text, (size_t)one.length);
}

static int is_less(struct span one, struct span other) {
    int64_t common = one.length < other.length ? one.length : other.length;
    int order = memcmp(one.text, other.text, (size_t)common);
    return order ? order < 0 : one.length < other.length;
}

/* --- SipHash-1-3 (Aumasson and Bernstein 2012), so that nobody can write terms that all have one hash --- */

static uint64_t rotated(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

#define ROUND                                                                                                          \
    a += b, c += d, b = rotated(b, 13) ^ a, d = rotated(d, 16) ^ c, a = rotated(a, 32);                                \
    c += b, a += d, b = rotated(b, 17) ^ c, d = rotated(d, 21) ^ a, c = rotated(c, 32)

static uint64_t hash_of(struct span term, const uint64_t seed[2]) {
    uint64_t a = seed[0] ^ 0x736f6d6570736575u, b = seed[1] ^ 0x646f72616e646f6du;
    uint64_t c = seed[0] ^ 0x6c7967656e657261u, d = seed[1] ^ 0x7465646279746573u;
    uint64_t word;
    int64_t at = 0;
    for (; at + 8 <= term.length; at += 8) {
        memcpy(&word, term.text + at, 8);
        d ^= word;
        ROUND;
        a ^= word;
    }
    word = 0;
    memcpy(&word, term.text + at, (size_t)(term.length - at));
    word ^= (uint64_t)term.length << 56;
    d ^= word;
    ROUND;
    a ^= word;
    c ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    return a ^ b ^ c ^ d;
}

static int64_t characters(struct span term) {
    int64_t count = 0;
    for (int64_t i = 0; i < term.length; i++) count += ((unsigned char)term.text[i] & 0xc0) != 0x80;
    return count;
}

static uint8_t kind_of(const struct cutter *cutter, struct span term) {
    const char *end = term.text + term.length;
    if (term.length < 2 || (term.length > cutter->longest && characters(term) > cutter->longest)) return ODD;
    if (term.text[0] == '<') return is_iri(&cutter->alphabet, term) && !begins_as(term, cutter->namespaces) ? IRI : ODD;
    if (term.text[0] != '"') return ODD;
    if (end[-1] == '"') return closing_quote(term.text + 1, end, 1) == end - 1 ? TEXT : ODD;
    const char *quote = closing_quote(term.text + 1, end, 0);
    if (!quote || end - quote < 4 || quote[1] != '^' || quote[2] != '^') return ODD;
    struct span datatype = {quote + 3, end - quote - 3};
    return is_iri(&cutter->alphabet, datatype) && !is_of_text(datatype) ? TYPED : ODD;
}

/* How some terms are written that follow one another: term i begins at `ends[i]` and ends at `ends[i + 1]`. */
EXPORTED void necessity_kinds(const char *terms, const int64_t *ends, int64_t count, const char *namespaces,
                              int64_t namespaces_length, int64_t longest, uint8_t *kind) {
    struct cutter cutter = {NULL, 0, {0, 0}, longest, {namespaces, namespaces_length}, {{0}}, NULL, NULL, 0};
    mark_characters(&cutter.alphabet);
    for (int64_t i = 0; i < count; i++) kind[i] = kind_of(&cutter, (struct span){terms + ends[i], ends[i + 1] - ends[i]});
}

/* --- the table of terms --- */

static int resize(struct cutter *cutter, uint64_t size) {
    struct entry *entries = malloc(size * sizeof *entries);
    if (!entries) return -1;
    for (uint64_t i = 0; i < size; i++) entries[i].code = -1;
    for (uint64_t i = 0; cutter->entries && i <= cutter->mask; i++) {
        if (cutter->entries[i].code < 0) continue;
        uint64_t place = cutter->entries[i].hash & (size - 1);
        while (entries[place].code >= 0) place = (place + 1) & (size - 1);
        entries[place] = cutter->entries[i];
    }
    free(cutter->entries);
    cutter->entries = entries;
    cutter->mask = size - 1;
    return 0;
}

/* The code of a term, which is added if it is new; -1 if memory ran out. */
static int32_t code_of(struct cutter *cutter, struct span term) {
    struct columns *out = cutter->out;
    uint64_t hash = hash_of(term, cutter->seed), place = hash & cutter->mask;
    for (; cutter->entries[place].code >= 0; place = (place + 1) & cutter->mask) {
        const struct entry *entry = &cutter->entries[place];
        if (entry->hash == hash && is_same(entry->term, term)) return entry->code;
    }
    if ((uint64_t)out->term_count * 2 > cutter->mask) {
        if (resize(cutter, (cutter->mask + 1) * 2)) return -1;
        place = hash & cutter->mask;
        while (cutter->entries[place].code >= 0) place = (place + 1) & cutter->mask;
    }
    int32_t code = (int32_t)out->term_count++;
    cutter->entries[place] = (struct entry){hash, term, code};
    out->kind[code] = kind_of(cutter, term);
    memcpy(out->terms + out->terms_length, term.text, (size_t)term.length);
    out->terms_length += term.length;
    out->terms[out->terms_length++] = '\n';
    out->bound[code + 1] = out->terms_length;
    return code;
}

/* --- lines --- */

/* Take the line that begins at a place and ends before a line feed, or with the data; its graph may be that of the line before. */
static struct line line_at(const char *begin, const char *end, struct span before) {
    struct line line = {{begin, end - begin}, {NULL, 0}, 0, 0};
    const char *last = end - 3;
    if (end - begin < 5 || last[0] != '>' || last[1] != ' ' || last[2] != '.') return line;
    const char *at = last - 1;
    if (before.text && before.length < last - begin && !memcmp(last + 1 - before.length, before.text, (size_t)before.length))
        at = last + 1 - before.length;
    while (at > begin && *at != ' ' && *at != '"' && *at != '<' && *at != '>') at--;
    if (at == begin || *at != '<' || at[-1] != ' ') return line;
    line.graph = (struct span){at, last + 1 - at};
    line.triple.length = at - 1 - begin;
    const char *space = memchr(begin, ' ', (size_t)line.triple.length);
    if (!space) return line;
    const char *next = memchr(space + 1, ' ', (size_t)(begin + line.triple.length - space - 1));
    if (!next) return line;
    line.predicate = space + 1 - begin;
    line.object = next + 1 - begin;
    return line;
}

/* Take a line as a row; -1 if memory ran out. */
static int add_row(struct cutter *cutter, struct line line, struct span *subject) {
    struct columns *out = cutter->out;
    const char *text = line.triple.text;
    struct span terms[3] = {
        {text, line.predicate - 1},
        {text + line.predicate, line.object - 1 - line.predicate},
        {text + line.object, line.triple.length - line.object},
    };
    int64_t row = out->row_count++;
    int32_t codes[3];
    for (int i = 0; i < 3; i++) {
        int again = !i && subject->text && is_same(terms[0], *subject);
        codes[i] = again ? out->subject[row - 1] : code_of(cutter, terms[i]);
        if (codes[i] < 0) return -1;
    }
    *subject = terms[0];
    out->subject[row] = codes[0];
    out->predicate[row] = codes[1];
    out->object[row] = codes[2];
    memcpy(out->content + out->content_length, text, (size_t)line.triple.length);
    memcpy(out->content + out->content_length + line.triple.length, " .\n", 3);
    out->content_length += line.triple.length + 3;
    return 0;
}

static const char *end_of_line(const char *at, const char *end) {
    const char *found = memchr(at, '\n', (size_t)(end - at));
    return found ? found : end;
}

static int keep_line(struct cutter *cutter, int64_t place, struct line line) {
    if (place == cutter->room) {
        int64_t room = cutter->room ? 2 * cutter->room : 1024;
        struct line *lines = realloc(cutter->lines, (size_t)room * sizeof *lines);
        if (!lines) return -1;
        cutter->lines = lines;
        cutter->room = room;
    }
    cutter->lines[place] = line;
    return 0;
}

/* The run that begins at a place: where it ends, its graph, its lines if all of them are plain, and whether they ascend. */
struct run {
    const char *stop;
    struct span graph;
    int64_t count;
    int ascending;
};

static int in_order(const void *one, const void *other) {
    struct span first = ((const struct line *)one)->triple, second = ((const struct line *)other)->triple;
    return is_less(second, first) - is_less(first, second);
}

/* Put the lines of a run in order; whether each is greater than the one before it. */
static int sort_lines(struct line *lines, int64_t count) {
    qsort(lines, (size_t)count, sizeof *lines, in_order);
    for (int64_t i = 1; i < count; i++) {
        if (!is_less(lines[i - 1].triple, lines[i].triple)) return 0;
    }
    return 1;
}

/* Find the run that begins at a place, with its lines in `lines` and in order; -1 if memory ran out. */
static int find_run(struct cutter *cutter, const char *at, const char *end, struct run *run) {
    struct span before = {NULL, 0};
    int plain = 1;
    *run = (struct run){at, {NULL, 0}, 0, 1};
    while (run->stop < end) {
        const char *stop = end_of_line(run->stop, end);
        struct line line = line_at(run->stop, stop, run->graph);
        if (line.graph.text && run->graph.text && !is_same(line.graph, run->graph)) break;
        if (line.graph.text && !run->graph.text) run->graph = line.graph;
        if (!line.object) plain = 0;
        if (run->ascending && before.text && !is_less(before, line.triple)) run->ascending = 0;
        if (plain && keep_line(cutter, run->count++, line)) return -1;
        before = line.triple;
        run->stop = stop < end ? stop + 1 : end;
    }
    if (!plain) run->count = run->ascending = 0;
    if (run->count && !run->ascending) run->ascending = sort_lines(cutter->lines, run->count);
    return 0;
}

/* How many line feeds there are: in bytes that cannot overflow, so that a compiler makes it many at once. */
EXPORTED int64_t necessity_line_feeds(const char *data, int64_t length) {
    int64_t count = 0;
    for (int64_t at = 0; at < length;) {
        int64_t end = length - at > 255 ? at + 255 : length;
        uint8_t some = 0;
        for (; at < end; at++) some += data[at] == '\n';
        count += some;
    }
    return count;
}

/* Cut lines into columns; returns 0, or -1 if memory ran out. The terms of the vocabulary, a line each, have the first codes. */
EXPORTED int necessity_cut(const char *data, int64_t length, const char *vocabulary, int64_t vocabulary_length,
                           const char *namespaces, int64_t namespaces_length, const uint64_t seed[2], int64_t longest,
                           struct columns *out) {
    struct span words = {vocabulary, vocabulary_length};
    struct cutter cutter = {NULL, 0, {seed[0], seed[1]}, longest, {namespaces, namespaces_length}, {{0}}, out, NULL, 0};
    const char *at = data, *end = data + length;
    mark_characters(&cutter.alphabet);
    int failed = resize(&cutter, 16384);
    for (int64_t place = 0; place < words.length && !failed;) {
        struct span term = line_of(words, place);
        failed = code_of(&cutter, term) < 0;
        place += term.length + 1;
    }
    while (at < end && !failed) {
        struct span subject = {NULL, 0};
        struct run found;
        failed = find_run(&cutter, at, end, &found);
        for (int64_t place = 0; place < found.count && !failed; place++)
            failed = add_row(&cutter, cutter.lines[place], &subject);
        int32_t code = found.graph.text && !failed ? code_of(&cutter, found.graph) : -1;
        failed |= found.graph.text && code < 0;
        int64_t run = out->run_count++;
        out->graph[run] = code;
        out->ascending[run] = (uint8_t)found.ascending;
        out->row[run + 1] = out->row_count;
        out->start[run + 1] = found.stop - data;
        out->at[run + 1] = out->content_length;
        at = found.stop;
    }
    free(cutter.entries);
    free(cutter.lines);
    return failed ? -1 : 0;
}
