/* The loop of counting.py for plain frames, in C.  It walks over the records of one buffer of a
 * pcap or pcapng, counts plain frames (plain.py says what these are) by stream, and leaves every
 * other frame to Python.  Optional: without it the same report comes out, more slowly.
 *
 * Every byte that is read here may have been written by an enemy.  What always holds:
 *
 *  1. Bytes of the buffer are read at `record`, `frame` and `ip` only, each with a size beside it,
 *     and behind a test against that size: a record ends within the buffer (next_record), a frame
 *     within its record, and IP within its frame and its own length field (read_ip).  Sizes are
 *     compared by subtraction of what is known to be smaller, so nothing wraps around.
 *  2. Memory is allocated once, when a Scanner is made, and its size is a constant.  Nothing that
 *     is read from a capture is ever a size of memory, nor an index without a test.
 *  3. A table that is full is a reason to return (is_full): Python folds it and calls again.
 *     Its hash is SipHash-1-3 with a seed of this run, so nobody can write frames that collide.
 *  4. There is no state outside a Scanner.  The GIL is released while a buffer is walked over;
 *     `is_busy` refuses a second thread, and `walk` itself calls nothing of Python.
 *  5. Multi-byte fields are put together byte by byte: no alignment and no byte order is assumed.
 *     Words of keys are copied with memcpy, for equality and hashing alone.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum {
    ROWS = 49152,       /* of the table; Python may ask for fewer */
    SLOTS = 131072,     /* of its index: a power of two, well above ROWS */
    KINDS = 62,         /* linktypes with their clocks */
    WAYS = 16,          /* link headers of one kind */
    LEFT = 4096,        /* frames that are left, before they are handed over */
    KEY = 48,           /* bytes of a key, IPv6; 24 for IPv4 */
    RECORD = 16, BLOCK = 32, BLOCK_HEAD = 28, BLOCK_TIME = 12, ENHANCED_PACKET = 6
};

/* How a link header may look, as wire.links.PlainHeader says. */
struct way {
    uint8_t size, decisive_at, decisive, may_be_tagged, version;
    uint8_t value[4]; /* of the decisive bytes */
};

struct kind {
    int ways;
    struct way way[WAYS];
};

enum sort { STREAM, UNKEPT, DIRECTION };

/* Frames that are alike.  `key` is source, destination, bits 31..8 of the GRE key, inner MACs, and
 * a last byte of sort and kind; of an UNKEPT row without destination and MACs, of a DIRECTION
 * without the upper bits too.
 *
 * A DIRECTION says which VM pairs are not kept (evidence.sampling): octets[0] is its mask, as many
 * one bits as the level, octets[1 + rank] the number of its streams here by rank (8: and more), and
 * `next` begins the chain of these. */
struct row {
    uint8_t key[KEY];
    uint8_t key_size, customers_size, sort;
    uint8_t customers[32];
    uint8_t first_time[8], last_time[8];
    uint8_t octets[32]; /* one bit for each lowest octet of the GRE keys */
    uint16_t next;      /* number of a row + 1; 0: none */
    uint64_t frames, first, last;
};

struct left {
    uint32_t stamp, length;
    uint64_t number;
};

typedef struct {
    PyObject_HEAD
    int is_busy, is_thinned, kinds;
    uint32_t longest, kept, rows, most, directions, lefts;
    uint64_t seed[2], not_gre, vxlan;
    uint8_t spread[256]; /* sampling.OCTET_SPREAD */
    struct kind kind[KINDS];
    struct left left[LEFT];
    uint16_t *index; /* SLOTS numbers of rows + 1; 0: free */
    struct row *row; /* ROWS of them */
} Scanner;

/* --- the table ---------------------------------------------------------------------------------*/

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND \
    do { \
        v0 += v1; v1 = ROTATE(v1, 13); v1 ^= v0; v0 = ROTATE(v0, 32); \
        v2 += v3; v3 = ROTATE(v3, 16); v3 ^= v2; \
        v0 += v3; v3 = ROTATE(v3, 21); v3 ^= v0; \
        v2 += v1; v1 = ROTATE(v1, 17); v1 ^= v2; v2 = ROTATE(v2, 32); \
    } while (0)

/* SipHash-1-3 (Aumasson and Bernstein) of a key, whose size is a multiple of 8. */
static uint64_t hash(const uint64_t seed[2], const uint8_t *key, size_t size)
{
    uint64_t v0 = seed[0] ^ UINT64_C(0x736f6d6570736575), v1 = seed[1] ^ UINT64_C(0x646f72616e646f6d);
    uint64_t v2 = seed[0] ^ UINT64_C(0x6c7967656e657261), v3 = seed[1] ^ UINT64_C(0x7465646279746573);
    uint64_t word;
    size_t at;
    for (at = 0; at < size; at += 8) {
        memcpy(&word, key + at, 8);
        v3 ^= word;
        SIP_ROUND;
        v0 ^= word;
    }
    word = (uint64_t)size << 56;
    v3 ^= word;
    SIP_ROUND;
    v0 ^= word;
    v2 ^= 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

/* The row of a key.  If there is none: a new one with `add`, unless `most` rows are used; else
 * NULL.  There are always free slots, so the search ends. */
static struct row *find(Scanner *scanner, const uint8_t *key, uint8_t size, int add)
{
    size_t slot = (size_t)(hash(scanner->seed, key, size) & (SLOTS - 1));
    struct row *row;
    while (scanner->index[slot]) {
        row = &scanner->row[scanner->index[slot] - 1];
        if (row->key_size == size && memcmp(row->key, key, size) == 0)
            return row;
        slot = (slot + 1) & (SLOTS - 1);
    }
    if (!add || scanner->rows >= scanner->most)
        return NULL;
    row = &scanner->row[scanner->rows++];
    scanner->index[slot] = (uint16_t)scanner->rows;
    memset(row, 0, sizeof *row);
    memcpy(row->key, key, size);
    row->key_size = size;
    return row;
}

/* --- a frame -----------------------------------------------------------------------------------*/

static unsigned get16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

static uint32_t get32(const uint8_t *at, int is_big)
{
    return is_big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
                  : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static int is_tag(unsigned ethertype)
{
    return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100 || ethertype == 0x9200;
}

static int is_icmp_error(int version, unsigned type)
{
    if (version == 4)
        return type == 3 || type == 5 || type == 11 || type == 12;
    return (type >= 1 && type <= 4) || type == 137;
}

enum verdict { LEAVE, NOT_GRE, VXLAN, NVGRE };

struct plain { /* of a frame that is NVGRE: slices of the buffer */
    const uint8_t *addresses, *gre_key, *macs, *customers;
    uint8_t address_size, customers_size; /* of both addresses together */
};

/* Whether an inner frame, `size` bytes from its EtherType on, carries neither ICMP error nor tag
 * for certain; and its customer addresses, which need not be there as a whole. */
static int is_quiet(const uint8_t *inner, size_t size, struct plain *found)
{
    const uint8_t *ip = inner + 2;
    unsigned ethertype, length, header;
    found->customers = inner;
    found->customers_size = 0;
    if (size < 2)
        return 0;
    ethertype = get16(inner);
    size -= 2;
    if (ethertype == 0x0800) {
        if (size < 10)
            return size == 0 || ip[0] >> 4 == 4; /* cut off before the protocol */
        header = (ip[0] & 15u) * 4;
        length = get16(ip + 2);
        if (ip[0] >> 4 != 4 || header < 20 || (length && length < header) || ip[9] == 51)
            return 0;
        if (ip[9] == 1 && (header != 20 || size < 21 || is_icmp_error(4, ip[20])))
            return 0;
        if (size >= 20) {
            found->customers = ip + 12;
            found->customers_size = 8;
        }
        return 1;
    }
    if (ethertype == 0x86dd) {
        if (size < 7)
            return size == 0 || ip[0] >> 4 == 6;
        if (ip[0] >> 4 != 6)
            return 0;
        if (ip[6] == 58 ? size < 41 || is_icmp_error(6, ip[40]) : ip[6] != 6 && ip[6] != 17)
            return 0;
        if (size >= 40) {
            found->customers = ip + 8;
            found->customers_size = 32;
        }
        return 1;
    }
    /* The addresses of ARP are for Python to read. */
    return ethertype != 0x0806 && !is_tag(ethertype);
}

/* Whether what VXLAN carries is no NVGRE for certain; `udp` has `size` bytes. */
static int is_plain_vxlan(const uint8_t *udp, size_t size)
{
    const uint8_t *inner = udp + 8 + 8 + 12;
    if (size < 8 + 8 + 14 + 20 + 8)
        return 1; /* too short for it */
    switch (get16(inner)) {
    case 0x0800:
        return inner[11] != 47;
    case 0x86dd:
        return inner[8] == 6 || inner[8] == 17 || inner[8] == 58;
    default:
        return get16(inner) == 0x0806;
    }
}

/* `size` bytes of IP, at least one.  They end with the frame or, sooner, where IP says. */
static enum verdict read_ip(const uint8_t *ip, size_t size, struct plain *found)
{
    size_t start, length;
    unsigned protocol, fragment = 0;
    const uint8_t *payload;
    if (ip[0] >> 4 == 4) {
        if (size < 20)
            return LEAVE;
        start = (ip[0] & 15u) * 4;
        length = get16(ip + 2);
        if (start < 20 || (length && length < start))
            return LEAVE;
        fragment = get16(ip + 6) & 0x3fff;
        protocol = ip[9];
        found->addresses = ip + 12;
        found->address_size = 8;
        if (protocol == 51)
            return LEAVE;
    } else {
        if (size < 40)
            return LEAVE;
        start = 40;
        length = get16(ip + 4);
        length += length ? 40 : 0;
        protocol = ip[6];
        found->addresses = ip + 8;
        found->address_size = 32;
        if (protocol != 47 && protocol != 17 && protocol != 58 && protocol != 6 && protocol != 50
            && protocol != 59 && protocol != 89 && protocol != 132)
            return LEAVE; /* it may be an extension header */
    }
    if (length && length < size) /* 0: the adapter was to fill it in */
        size = length;
    if (size < start)
        return LEAVE;
    payload = ip + start;
    size -= start;
    if (protocol == 47) {
        if (fragment || size < 22 || get16(payload) != 0x2000 || get16(payload + 2) != 0x6558)
            return LEAVE;
        found->gre_key = payload + 4;
        found->macs = payload + 8;
        if ((found->gre_key[1] & found->gre_key[2]) == 0xff
            && (found->gre_key[0] == 0xff || found->gre_key[3] == 0xff))
            return LEAVE; /* control traffic, or nearly */
        return is_quiet(payload + 20, size - 20, found) ? NVGRE : LEAVE;
    }
    if (protocol == 17) {
        if (size < 4)
            return LEAVE;
        if (get16(payload + 2) != 4789)
            return NOT_GRE;
        return fragment || !is_plain_vxlan(payload, size) ? LEAVE : VXLAN;
    }
    if (protocol == 1 || protocol == 58) {
        if (protocol == (ip[0] >> 4 == 4 ? 58u : 1u))
            return NOT_GRE;
        return fragment || size < 1 || is_icmp_error(ip[0] >> 4, payload[0]) ? LEAVE : NOT_GRE;
    }
    return NOT_GRE;
}

/* The IP packet in a frame of `size` bytes, behind one of the link headers of its kind. */
static enum verdict read_frame(const struct kind *kind, const uint8_t *frame, size_t size,
                               struct plain *found)
{
    int i;
    for (i = 0; i < kind->ways; i++) {
        const struct way *way = &kind->way[i];
        size_t at = way->decisive_at, ip = way->size;
        if (size <= ip)
            continue;
        if (way->may_be_tagged)
            while (size - ip > 4 && is_tag(get16(frame + at))) {
                at += 4;
                ip += 4;
            }
        if (memcmp(frame + at, way->value, way->decisive) == 0 && frame[ip] >> 4 == way->version)
            return read_ip(frame + ip, size - ip, found);
    }
    return LEAVE;
}

/* The low 8 bits of sampling.vm_rank, before their zeros are counted. */
static uint8_t spread_of(const Scanner *scanner, const uint8_t *macs)
{
    return scanner->spread[macs[5]] ^ scanner->spread[macs[11]];
}

/* The row of what is not kept of a direction that `key` belongs to; NULL if the table is full. */
static struct row *unkept_row(Scanner *scanner, const uint8_t *key, uint8_t size)
{
    uint8_t shared[KEY] = {0}, ends = (uint8_t)(size - 16);
    memcpy(shared, key, ends / 2u);
    memcpy(shared + ends, key + ends, 3);
    shared[size - 1] = (uint8_t)((key[size - 1] & 63) | UNKEPT << 6);
    return find(scanner, shared, size, 1);
}

static void add_row(struct row *sum, const struct row *row)
{
    int i;
    if (!sum->frames || row->first < sum->first) {
        sum->first = row->first;
        memcpy(sum->first_time, row->first_time, 8);
    }
    if (row->last > sum->last) {
        sum->last = row->last;
        memcpy(sum->last_time, row->last_time, 8);
    }
    sum->frames += row->frames;
    for (i = 0; i < 32; i++)
        sum->octets[i] |= row->octets[i];
}

/* Take a new stream of a direction into account, of the first kind only: with another clock it may
 * be the same one again.  While more than `kept` streams are of its level
 * or above, that level is too low, whatever else there is: raise it, and put those below it
 * together. */
static void take_part(Scanner *scanner, struct row *direction, struct row *row)
{
    uint8_t spread = spread_of(scanner, row->key + row->key_size - 13), *mask = direction->octets;
    int rank = 0, level = 0, i;
    uint16_t *link;
    while (rank < 8 && !(spread >> rank & 1))
        rank++;
    if (direction->octets[1 + rank] < 255)
        direction->octets[1 + rank]++;
    row->next = direction->next;
    direction->next = (uint16_t)(row - scanner->row + 1);
    while (level < 8 && *mask >> level & 1)
        level++;
    for (;;) {
        uint32_t above = 0;
        for (i = level; i <= 8; i++)
            above += direction->octets[1 + i];
        if (above <= scanner->kept || level == 8)
            break;
        *mask |= (uint8_t)(1 << level++);
    }
    link = &direction->next;
    while (*link) {
        struct row *stream = &scanner->row[*link - 1], *sum = NULL;
        if (spread_of(scanner, stream->key + stream->key_size - 13) & *mask)
            sum = unkept_row(scanner, stream->key, stream->key_size);
        if (sum) { /* nothing leads to the old row any more: the mask comes first */
            direction->frames += stream->frames;
            add_row(sum, stream);
            stream->frames = 0;
            *link = stream->next;
        } else
            link = &stream->next;
    }
}

/* Count a frame of NVGRE; 0 if the table is full. */
static int count(Scanner *scanner, const struct plain *found, uint8_t kind, const uint8_t *time,
                 uint64_t number)
{
    uint8_t key[KEY] = {0};
    uint8_t ends = found->address_size, size = (uint8_t)(ends + 16), octet = found->gre_key[3];
    struct row *row, *direction = NULL;
    int is_kept = 1;
    memcpy(key, found->addresses, ends);
    if (scanner->is_thinned) {
        key[size - 1] = (uint8_t)(DIRECTION << 6);
        direction = find(scanner, key, size, scanner->directions < scanner->most / 4);
        if (direction) {
            scanner->directions += direction->sort != DIRECTION;
            direction->sort = DIRECTION;
            is_kept = !(spread_of(scanner, found->macs) & direction->octets[0]);
        }
    }
    memcpy(key + ends, found->gre_key, 3);
    memcpy(key + ends + 3, found->macs, 12);
    key[size - 1] = kind;
    row = is_kept ? find(scanner, key, size, 1) : unkept_row(scanner, key, size);
    if (!row)
        return 0;
    if (!row->frames) {
        row->first = number;
        memcpy(row->first_time, time, 8);
        if (is_kept) {
            memcpy(row->customers, found->customers, found->customers_size);
            row->customers_size = found->customers_size;
        }
    }
    if (!is_kept)
        direction->frames++;
    row->last = number;
    memcpy(row->last_time, time, 8);
    row->octets[octet >> 3] |= (uint8_t)(1u << (octet & 7));
    if (!row->frames++ && is_kept && direction && kind == 0)
        take_part(scanner, direction, row);
    return 1;
}

/* --- records -----------------------------------------------------------------------------------*/

struct walk {
    const uint8_t *data, *kinds; /* kinds: a number for each interface; KINDS and more: none */
    size_t size, interfaces, at;
    uint32_t distance; /* from the time of a frame to its first byte */
    int is_big, is_pcapng, is_full;
    uint64_t number;
};

/* The record at `at`, if it is whole and holds a frame: its size, or 0. */
static size_t next_record(const struct walk *walk, uint32_t longest, size_t *stamp,
                          uint32_t *captured, uint8_t *kind)
{
    size_t have = walk->size - walk->at;
    const uint8_t *record = walk->data + walk->at;
    uint32_t size, interface;
    if (!walk->is_pcapng) {
        if (have < walk->distance)
            return 0;
        *captured = get32(record + 8, walk->is_big);
        if (*captured == 0 || *captured > longest || *captured > have - walk->distance)
            return 0;
        *stamp = walk->at;
        *kind = walk->kinds[0];
        return (size_t)walk->distance + *captured;
    }
    if (have < BLOCK || get32(record, walk->is_big) != ENHANCED_PACKET)
        return 0;
    size = get32(record + 4, walk->is_big);
    interface = get32(record + 8, walk->is_big);
    *captured = get32(record + 20, walk->is_big);
    if (interface >= walk->interfaces || *captured == 0 || *captured > longest)
        return 0;
    if (size > have || size < BLOCK || size % 4 || size - BLOCK < *captured
        || get32(record + size - 4, walk->is_big) != size)
        return 0;
    *stamp = walk->at + BLOCK_TIME;
    *kind = walk->kinds[interface];
    return size;
}

/* Up to the end of the buffer, to something else than a record with a frame, or until the table or
 * the frames that are left have no room.  Without the GIL. */
static void walk_over(Scanner *scanner, struct walk *walk)
{
    size_t stamp, size;
    uint32_t captured;
    uint8_t kind;
    while (scanner->lefts < LEFT) {
        struct plain found;
        enum verdict verdict = LEAVE;
        size = next_record(walk, scanner->longest, &stamp, &captured, &kind);
        if (size == 0)
            return;
        if (kind < scanner->kinds)
            verdict = read_frame(&scanner->kind[kind], walk->data + stamp + walk->distance,
                                 captured, &found);
        if (verdict == NVGRE) {
            if (!count(scanner, &found, kind, walk->data + stamp, walk->number)) {
                walk->is_full = 1;
                return;
            }
        } else if (verdict == LEAVE) {
            struct left *left = &scanner->left[scanner->lefts++];
            left->stamp = (uint32_t)stamp;
            left->length = captured;
            left->number = walk->number;
        }
        scanner->not_gre += verdict == NOT_GRE;
        scanner->vxlan += verdict == VXLAN;
        walk->at += size;
        walk->number++;
    }
}

/* --- what Python sees: _scanner.pyi says what it is ----------------------------------------------*/

static int append(PyObject *list, unsigned long long value)
{
    PyObject *number = PyLong_FromUnsignedLongLong(value);
    int failed = number == NULL || PyList_Append(list, number) < 0;
    Py_XDECREF(number);
    return failed ? -1 : 0;
}

static PyObject *scanner_walk(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    struct walk walk = {0};
    Py_buffer data, kinds;
    PyObject *stamps, *lengths, *numbers, *result = NULL;
    Py_ssize_t at;
    unsigned long long number;
    uint32_t lefts, i;
    if (!PyArg_ParseTuple(args, "y*nKppIy*O!O!O!:walk", &data, &at, &number, &walk.is_big,
                          &walk.is_pcapng, &walk.distance, &kinds, &PyList_Type, &stamps,
                          &PyList_Type, &lengths, &PyList_Type, &numbers))
        return NULL;
    walk.data = data.buf;
    walk.size = (size_t)data.len;
    walk.kinds = kinds.buf;
    walk.interfaces = (size_t)kinds.len;
    walk.at = (size_t)at;
    walk.number = number;
    if (at < 0 || at > data.len || data.len > INT32_MAX || walk.distance < RECORD
        || walk.distance > 64 || (walk.is_pcapng && walk.distance != BLOCK_HEAD - BLOCK_TIME)
        || (!walk.is_pcapng && kinds.len < 1)) {
        PyErr_SetString(PyExc_ValueError, "no such buffer");
        goto done;
    }
    if (scanner->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "this scanner is walking already");
        goto done;
    }
    scanner->is_busy = 1;
    do {
        scanner->lefts = 0;
        Py_BEGIN_ALLOW_THREADS
        walk_over(scanner, &walk);
        Py_END_ALLOW_THREADS
        lefts = scanner->lefts;
        for (i = 0; i < lefts; i++)
            if (append(stamps, scanner->left[i].stamp) || append(lengths, scanner->left[i].length)
                || append(numbers, scanner->left[i].number)) {
                scanner->is_busy = 0;
                goto done;
            }
    } while (lefts == LEFT && !walk.is_full);
    scanner->is_busy = 0;
    result = Py_BuildValue("(nKO)", (Py_ssize_t)walk.at, (unsigned long long)walk.number,
                           walk.is_full ? Py_True : Py_False);
done:
    PyBuffer_Release(&data);
    PyBuffer_Release(&kinds);
    return result;
}

static PyObject *scanner_add_kind(PyObject *self, PyObject *Py_UNUSED(unused))
{
    Scanner *scanner = (Scanner *)self;
    return PyLong_FromLong(scanner->kinds < KINDS ? scanner->kinds++ : KINDS);
}

static PyObject *scanner_add_way(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    struct way way = {0};
    int kind, may_be_tagged;
    const char *value;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "ibbpy#b:add_way", &kind, &way.size, &way.decisive_at,
                          &may_be_tagged, &value, &length, &way.version))
        return NULL;
    if (kind < 0 || kind >= scanner->kinds || length > (Py_ssize_t)sizeof way.value
        || way.decisive_at + length > way.size || (may_be_tagged && length != 2)) {
        PyErr_SetString(PyExc_ValueError, "no such link header");
        return NULL;
    }
    way.may_be_tagged = (uint8_t)may_be_tagged;
    way.decisive = (uint8_t)length;
    memcpy(way.value, value, (size_t)length);
    if (!scanner->is_busy && scanner->kind[kind].ways < WAYS)
        scanner->kind[kind].way[scanner->kind[kind].ways++] = way;
    Py_RETURN_NONE;
}

static PyObject *scanner_keep(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    uint8_t key[KEY] = {0}, mask;
    const char *ends;
    Py_ssize_t size;
    struct row *row;
    if (!PyArg_ParseTuple(args, "y#b:keep", &ends, &size, &mask))
        return NULL;
    if (scanner->is_busy || (size != 8 && size != 32) || scanner->directions >= scanner->most / 4)
        Py_RETURN_NONE;
    memcpy(key, ends, (size_t)size);
    key[size + 15] = (uint8_t)(DIRECTION << 6);
    row = find(scanner, key, (uint8_t)(size + 16), 1);
    if (row) {
        scanner->directions += row->sort != DIRECTION;
        row->sort = DIRECTION;
        row->octets[0] |= mask;
    }
    Py_RETURN_NONE;
}

static PyObject *row_tuple(const struct row *row)
{
    Py_ssize_t ends = row->key_size - 16, octets = 0;
    uint8_t last = row->key[row->key_size - 1];
    char octet[256];
    int i;
    if (row->sort == DIRECTION)
        octet[octets++] = (char)row->octets[0];
    for (i = 0; row->sort != DIRECTION && i < 256; i++)
        if (row->octets[i >> 3] >> (i & 7) & 1)
            octet[octets++] = (char)i;
    return Py_BuildValue(
        "(iiy#y#KKy#Ky#y#y#)", last >> 6, last & 63, (const char *)row->key, ends,
        (const char *)row->key + ends, (Py_ssize_t)15, (unsigned long long)row->frames,
        (unsigned long long)row->first, (const char *)row->first_time, (Py_ssize_t)8,
        (unsigned long long)row->last, (const char *)row->last_time, (Py_ssize_t)8,
        (const char *)row->customers, (Py_ssize_t)row->customers_size, octet, octets);
}

static PyObject *scanner_limit(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    unsigned int most;
    int is_thinned;
    if (!PyArg_ParseTuple(args, "Ip:limit", &most, &is_thinned))
        return NULL;
    if (!scanner->is_busy) {
        scanner->most = most < 1 ? 1 : most < ROWS ? most : ROWS;
        scanner->is_thinned = is_thinned;
    }
    Py_RETURN_NONE;
}

static PyObject *scanner_take(PyObject *self, PyObject *Py_UNUSED(unused))
{
    Scanner *scanner = (Scanner *)self;
    PyObject *rows, *row;
    uint32_t i;
    int failed = 0;
    if (scanner->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "this scanner is walking");
        return NULL;
    }
    rows = PyList_New(0);
    for (i = 0; rows && !failed && i < scanner->rows; i++) {
        if (!scanner->row[i].frames && scanner->row[i].sort != DIRECTION)
            continue;
        row = row_tuple(&scanner->row[i]);
        failed = row == NULL || PyList_Append(rows, row) < 0;
        Py_XDECREF(row);
    }
    if (!rows || failed) {
        Py_XDECREF(rows);
        return NULL;
    }
    row = Py_BuildValue("(NKK)", rows, (unsigned long long)scanner->not_gre,
                        (unsigned long long)scanner->vxlan);
    if (scanner->rows)
        memset(scanner->index, 0, SLOTS * sizeof *scanner->index);
    scanner->rows = scanner->directions = 0;
    scanner->not_gre = scanner->vxlan = 0;
    return row;
}

static PyObject *scanner_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    const char *seed, *spread;
    Py_ssize_t seed_size, spread_size;
    unsigned int longest, kept, most;
    Scanner *scanner;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    if (!PyArg_ParseTuple(args, "y#y#III:Scanner", &seed, &seed_size, &spread,
                          &spread_size, &longest, &kept, &most))
        return NULL;
    if (seed_size != sizeof scanner->seed || spread_size != sizeof scanner->spread) {
        PyErr_SetString(PyExc_ValueError, "a seed of 16 bytes, a table of 256");
        return NULL;
    }
    scanner = (Scanner *)allocate(type, 0); /* filled with zeros */
    if (!scanner)
        return NULL;
    memcpy(scanner->seed, seed, sizeof scanner->seed);
    memcpy(scanner->spread, spread, sizeof scanner->spread);
    scanner->longest = longest;
    scanner->kept = kept;
    scanner->most = most < 1 ? 1 : most < ROWS ? most : ROWS;
    scanner->index = PyMem_Calloc(SLOTS, sizeof *scanner->index);
    scanner->row = PyMem_Calloc(ROWS, sizeof *scanner->row);
    if (!scanner->index || !scanner->row) {
        Py_DECREF(scanner);
        return PyErr_NoMemory();
    }
    return (PyObject *)scanner;
}

static void scanner_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    PyMem_Free(((Scanner *)self)->index);
    PyMem_Free(((Scanner *)self)->row);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef scanner_methods[] = {
    {"walk", scanner_walk, METH_VARARGS, NULL},
    {"add_kind", scanner_add_kind, METH_NOARGS, NULL},
    {"add_way", scanner_add_way, METH_VARARGS, NULL},
    {"keep", scanner_keep, METH_VARARGS, NULL},
    {"limit", scanner_limit, METH_VARARGS, NULL},
    {"take", scanner_take, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_new, (void *)scanner_new},
    {Py_tp_dealloc, (void *)scanner_dealloc},
    {Py_tp_methods, (void *)scanner_methods},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    "nvgre_doctor.scan._scanner.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, scanner_slots};

static int module_exec(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&scanner_spec);
    int failed = type == NULL || PyModule_AddObjectRef(module, "Scanner", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, (void *)module_exec}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_scanner", NULL, 0, NULL, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__scanner(void) { return PyModuleDef_Init(&module); }
