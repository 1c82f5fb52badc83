/* The loop of counting.py for plain frames, in C.  It walks over the records of one buffer of a
 * pcap or pcapng, counts plain frames (plain.py says what these are) by unit, and leaves every
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
 *     Its hash has keys of this run, so nobody can write frames that collide.
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
    SLOTS = 131072,     /* of its index at most: a power of two, well above ROWS */
    FEW_SLOTS = 4096,   /* at first: a small index stays in the nearest cache, a fifth of the time */
    KINDS = 62,         /* linktypes with their clocks */
    WAYS = 16,          /* link headers of one kind */
    LEFT = 4096,        /* frames that are left, before they are handed over */
    KEY = 56,           /* bytes of a key: parts.unit_key, filled up to a multiple of 8 */
    RECORD = 16, BLOCK = 32, BLOCK_HEAD = 28, BLOCK_TIME = 12, ENHANCED_PACKET = 6,
    DROP_COUNT = 4,     /* an option of enhanced packet blocks */
    SILENCE = 20,       /* seconds, as parts.SILENCE_S */
    SURE = 4,           /* in the first byte of a key, beside the net */
    SUBNET = 1, ROUTED = 2,
    ANY_ORDER = 1 << 16 /* of packets, while fewer than two are known */
};
#define SECOND_NS 1000000000

/* How a link header may look, as wire.links.PlainHeader says. */
struct way {
    uint8_t size, decisive_at, decisive, may_be_tagged, bottom_at, version;
    uint8_t value[4]; /* of the decisive bytes */
};

struct kind {
    int are_seconds, ways; /* and the clock: capture.batch.WordClock */
    uint64_t per_second, tick_ns; /* 0: not a whole number */
    int64_t offset_ns;
    struct way way[WAYS];
};

/* UNIT: frames of one unit without a long silence; a new row begins behind one.
 * UNKEPT: the same of VM pairs that are not kept (evidence.sampling), by parts.unkept_key.
 * DIRECTION: by source and destination; it has the frames of VM pairs that are not kept, and as
 * many one bits in `mask` as the level of those that are.  `next` begins the chain of its streams,
 * each a unit, whose `sibling` begins the chain of the others of this VM pair and id. */
enum sort { UNIT, UNKEPT, DIRECTION };

/* Of a frame: it is left to Python, a unit's, or only counted. */
enum verdict { LEAVE, NVGRE, NOT_GRE, VXLAN, ARP, VERDICTS };

struct packet {
    uint64_t digest, frames;
    uint32_t order, conversation;
    uint8_t hop_limit;
};

struct row {
    uint8_t key[KEY]; /* what is needed of every frame comes first: two cache lines */
    uint8_t key_size, sort, customers_size, octet, mask, packets; /* key_size 0: not used */
    uint16_t next, sibling; /* numbers of rows + 1; 0: none */
    uint32_t order;         /* of the second packet */
    uint64_t frames, last;
    int64_t last_ns, earliest, latest; /* the last two in seconds */
    uint64_t first;
    int64_t first_ns;
    struct packet packet[2]; /* by order and digest */
    uint8_t customers[32];   /* of the first frame */
};

struct left {
    uint32_t stamp, length;
    uint64_t number;
};

typedef struct {
    PyObject_HEAD
    int is_busy, kinds;
    uint32_t longest, kept, rows, most, directions, lefts; /* kept: streams; 0: all */
    uint32_t mask, slots; /* of the index: one less than a power of two; how many are used */
    uint16_t unused; /* begins a chain of rows, by `next` */
    uint64_t seed[1 + KEY / 4], counted[VERDICTS];
    uint8_t spread[256]; /* sampling.OCTET_SPREAD */
    uint32_t crc[256];
    struct kind kind[KINDS];
    struct left left[LEFT];
    uint16_t *index; /* numbers of rows + 1; 0: free */
    struct row *row; /* ROWS of them */
} Scanner;

/* --- the table ---------------------------------------------------------------------------------*/

/* Of a key, whose size is a multiple of 4: multilinear hashing (Lemire and Kaser), whose keys nobody
 * knows who writes a capture. */
static size_t hash(const uint64_t *seed, const uint8_t *key, size_t size)
{
    uint64_t sum = *seed;
    uint32_t word;
    size_t at;
    for (at = 0; at < size; at += 4) {
        memcpy(&word, key + at, 4);
        sum += *++seed * word;
    }
    return (size_t)(sum >> 32);
}

/* Whether a row is of this key, behind which there are zeros. */
static int is_of(const struct row *row, const uint8_t *key, uint8_t size, uint8_t sort)
{
    uint64_t one, two, differences = (uint64_t)(row->key_size ^ size) | (row->sort ^ sort);
    int at;
    for (at = 0; at < size; at += 8) {
        memcpy(&one, row->key + at, 8);
        memcpy(&two, key + at, 8);
        differences |= one ^ two;
    }
    return !differences;
}

/* The slot of a key of `size` bytes, behind which there are zeros; it is free, if there is no row
 * of it.  There are always free slots, so the search ends.  A slot may lead to a row that was used
 * again for another key: it is passed by. */
static uint16_t *find(const Scanner *scanner, const uint8_t *key, uint8_t size, uint8_t sort)
{
    size_t slot = hash(scanner->seed, key, (size + 3u) & ~3u) & scanner->mask;
    while (scanner->index[slot] && !is_of(&scanner->row[scanner->index[slot] - 1], key, size, sort))
        slot = (slot + 1) & scanner->mask;
    return &scanner->index[slot];
}

/* Twice as many slots.  Of two rows of one key the later one is found. */
static void grow(Scanner *scanner)
{
    uint32_t i;
    scanner->mask = 2 * scanner->mask + 1;
    memset(scanner->index, 0, ((size_t)scanner->mask + 1) * sizeof *scanner->index);
    scanner->slots = 0;
    for (i = 0; i < scanner->rows; i++) {
        const struct row *row = &scanner->row[i];
        uint16_t *slot;
        if (!row->key_size)
            continue;
        slot = find(scanner, row->key, row->key_size, row->sort);
        scanner->slots += !*slot;
        if (!*slot || scanner->row[*slot - 1].last < row->last)
            *slot = (uint16_t)(i + 1);
    }
}

/* A new row of this key; NULL if there is no room. */
static struct row *add(Scanner *scanner, const uint8_t *key, uint8_t size, uint8_t sort)
{
    uint16_t number = scanner->unused, *slot;
    struct row *row;
    if (!number && scanner->rows >= scanner->most)
        return NULL;
    if (scanner->slots > scanner->mask / 2) {
        if (scanner->mask >= SLOTS - 1)
            return NULL;
        grow(scanner);
    }
    slot = find(scanner, key, size, sort);
    scanner->slots += !*slot;
    if (number)
        scanner->unused = scanner->row[number - 1].next;
    else
        number = (uint16_t)++scanner->rows;
    *slot = number;
    row = &scanner->row[number - 1];
    memset(row, 0, sizeof *row);
    memcpy(row->key, key, KEY);
    row->key_size = size;
    row->sort = sort;
    row->order = ANY_ORDER;
    return row;
}

static uint16_t number_of(const Scanner *scanner, const struct row *row)
{
    return (uint16_t)(row - scanner->row + 1);
}

/* The row for what was seen of a key from one second to another: with a long silence between, a new
 * one.  Without `frames` it is new.  NULL if there is no room. */
static struct row *open_row(Scanner *scanner, const uint8_t *key, uint8_t size, uint8_t sort,
                            int64_t earliest, int64_t latest)
{
    uint16_t *slot = find(scanner, key, size, sort);
    struct row *row = *slot ? &scanner->row[*slot - 1] : NULL;
    if (!row || row->earliest - latest > SILENCE || earliest - row->latest > SILENCE) {
        row = add(scanner, key, size, sort);
        if (!row)
            return NULL;
        row->earliest = earliest;
        row->latest = latest;
    }
    if (earliest < row->earliest)
        row->earliest = earliest;
    if (latest > row->latest)
        row->latest = latest;
    return row;
}

/* --- a packet, as wire.marks and scan.tallies have it --------------------------------------------*/

static uint32_t crc32(const Scanner *scanner, const uint8_t *data, size_t size, int backwards)
{
    uint32_t sum = 0xffffffff;
    size_t i;
    for (i = 0; i < size; i++)
        sum = scanner->crc[(sum ^ data[backwards ? size - 1 - i : i]) & 0xff] ^ sum >> 8;
    return ~sum;
}

static void add_packet(struct row *row, const struct packet *new)
{
    struct packet *packet = row->packet;
    int at = 0, i;
    while (at < row->packets && (packet[at].order < new->order
                                 || (packet[at].order == new->order
                                     && packet[at].digest < new->digest)))
        at++;
    if (at < row->packets && packet[at].order == new->order && packet[at].digest == new->digest) {
        packet[at].frames += new->frames;
        if (new->hop_limit > packet[at].hop_limit)
            packet[at].hop_limit = new->hop_limit;
        if (new->conversation > packet[at].conversation)
            packet[at].conversation = new->conversation;
        return;
    }
    if (at > 1)
        return;
    for (i = 1; i > at; i--)
        packet[i] = packet[i - 1];
    packet[at] = *new;
    row->packets = (uint8_t)(row->packets < 2 ? row->packets + 1 : 2);
    if (row->packets == 2)
        row->order = packet[1].order;
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

struct plain { /* of a frame that is NVGRE: slices of the buffer */
    const uint8_t *addresses, *inner, *customers, *ports;
    size_t inner_size;
    uint8_t ends, customers_size, hop_limit, flags; /* ends: bytes of both addresses together */
    uint32_t order;
    uint8_t gre_key[4];
};

/* As wire.marks.look_quickly: whether an inner frame, `size` bytes from its EtherType on, is no
 * message of a host for certain (SURE), its customer addresses and ports.  0: leave it. */
static int look_quickly(const uint8_t *inner, size_t size, struct plain *found)
{
    const uint8_t *ip = inner + 2;
    unsigned ethertype = get16(inner), header;
    size -= 2;
    found->flags = 0;
    found->customers_size = 0;
    found->customers = found->ports = NULL;
    if (ethertype == 0x0800) {
        if (size < 10 || ip[0] >> 4 != 4 || (header = (ip[0] & 15u) * 4) < 20)
            return 1;
        if (ip[9] == 51)
            return 0;
        found->flags = SURE;
        if (size >= 20) {
            found->customers = ip + 12;
            found->customers_size = 8;
        }
        if (get16(ip + 6) & 0x1fff)
            return 1;
        if (ip[9] == 1)
            return size > header && !is_icmp_error(4, ip[header]);
        if ((ip[9] == 6 || ip[9] == 17) && size >= header + 4)
            found->ports = ip + header;
        return 1;
    }
    if (ethertype == 0x86dd) {
        if (size < 7 || ip[0] >> 4 != 6)
            return 1;
        found->flags = SURE;
        if (size >= 40) {
            found->customers = ip + 8;
            found->customers_size = 32;
        }
        if (ip[6] == 58)
            return size > 40 && !is_icmp_error(6, ip[40]);
        if (size >= 44)
            found->ports = ip + 40;
        return ip[6] == 6 || ip[6] == 17;
    }
    found->flags = SURE;
    return ethertype != 0x0806 && !is_tag(ethertype); /* ARP is for Python to read */
}

/* Whether NVGRE, `size` bytes from the GRE header on, is plain. */
static int read_nvgre(const uint8_t *gre, size_t size, struct plain *found)
{
    const uint8_t *inner = gre + 8;
    uint8_t same;
    if (size < 24 || get16(gre) != 0x2000 || get16(gre + 2) != 0x6558)
        return 0;
    memcpy(found->gre_key, gre + 4, 4);
    if ((gre[5] & gre[6]) == 0xff)
        return 0; /* control traffic, or nearly */
    found->inner = inner;
    found->inner_size = size - 8;
    if (!look_quickly(inner + 12, found->inner_size - 12, found))
        return 0;
    if (!found->order && found->inner_size >= 20)
        found->order = get16(inner + 18);
    if (found->customers_size) {
        same = found->customers_size == 8 ? 3 : 8; /* bytes of a /24, and of a /64 */
        found->flags |= inner[0] & 1 || memcmp(found->customers,
                found->customers + found->customers_size / 2, same) == 0 ? SUBNET : ROUTED;
    }
    return 1;
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
    unsigned protocol, fragment = 0, version = ip[0] >> 4;
    if (version == 4) {
        if (size < 20)
            return LEAVE;
        start = (ip[0] & 15u) * 4;
        length = get16(ip + 2);
        if (start < 20 || (length && length < start))
            return LEAVE;
        fragment = get16(ip + 6) & 0x3fff;
        protocol = ip[9];
        found->addresses = ip + 12;
        found->ends = 8;
        found->order = get16(ip + 4);
        found->hop_limit = ip[8];
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
        found->ends = 32;
        found->order = 0;
        found->hop_limit = ip[7];
        if (protocol != 47 && protocol != 17 && protocol != 58 && protocol != 6 && protocol != 50
            && protocol != 59 && protocol != 89 && protocol != 132)
            return LEAVE; /* it may be an extension header */
    }
    if (length && length < size) /* 0: the adapter was to fill it in */
        size = length;
    if (size < start)
        return LEAVE;
    ip += start;
    size -= start;
    if (protocol == 47)
        return !fragment && read_nvgre(ip, size, found) ? NVGRE : LEAVE;
    if (protocol == 17) {
        if (size < 4)
            return LEAVE;
        if (get16(ip + 2) != 4789)
            return NOT_GRE;
        return fragment || !is_plain_vxlan(ip, size) ? LEAVE : VXLAN;
    }
    if (protocol == (version == 4 ? 1u : 58u))
        return fragment || size < 1 || is_icmp_error((int)version, ip[0]) ? LEAVE : NOT_GRE;
    return NOT_GRE;
}

/* A frame of `size` bytes: ARP, or the IP packet behind one of the link headers of its kind. */
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
        if (way->may_be_tagged && get16(frame + at) == 0x0806 && (frame[0] & 15) != 8)
            return ARP; /* with 8 it may be a frame of 802.11 (wire.links) */
        if (memcmp(frame + at, way->value, way->decisive) == 0 && frame[ip] >> 4 == way->version
            && (!way->bottom_at || frame[way->bottom_at] & 1))
            return read_ip(frame + ip, size - ip, found);
    }
    return LEAVE;
}

/* The packet of a frame, if it may be one of the two smallest of its row. */
static void take_packet(const Scanner *scanner, const struct plain *found, struct row *row)
{
    uint8_t told[32 + 2 + 4 + 64], ends[2][18];
    struct packet packet = {0, 1, found->order, 0, found->hop_limit};
    size_t size = found->ends, most = found->ends == 8 ? 20 : 64, half;
    memcpy(told, found->addresses, size);
    told[size++] = (uint8_t)(found->order >> 8);
    told[size++] = (uint8_t)found->order;
    memcpy(told + size, found->gre_key, 4);
    size += 4;
    if (most > found->inner_size)
        most = found->inner_size;
    memcpy(told + size, found->inner, most);
    size += most;
    packet.digest = (uint64_t)crc32(scanner, told, size, 0) << 32 | crc32(scanner, told, size, 1);
    if (found->customers_size && found->ports) {
        unsigned one = get16(found->ports), two = get16(found->ports + 2);
        half = found->customers_size / 2u;
        memcpy(ends[0], found->customers, half);
        memcpy(ends[0] + half, found->ports, 2);
        memcpy(ends[1], found->customers + half, half);
        memcpy(ends[1] + half, found->ports + 2, 2);
        half += 2;
        if (one != two && (one >= 1024 || two >= 1024)) {
            int swap = memcmp(ends[0], ends[1], half) > 0;
            memcpy(told, ends[swap], half);
            memcpy(told + half, ends[!swap], half);
            packet.conversation = crc32(scanner, told, 2 * half, 0);
            packet.conversation += !packet.conversation;
        }
    }
    add_packet(row, &packet);
}

/* The low 8 bits of sampling.vm_rank, before their zeros are counted. */
static uint8_t spread_of(const Scanner *scanner, const uint8_t *macs)
{
    return scanner->spread[macs[5]] ^ scanner->spread[macs[11]];
}

/* The row of what is not kept, of units with this key. */
static struct row *unkept_row(Scanner *scanner, const uint8_t *unit, uint8_t ends,
                              int64_t earliest, int64_t latest)
{
    uint8_t key[KEY] = {0}, half = ends / 2, octet = unit[ends + 4];
    struct row *row;
    key[0] = unit[0] & SURE;
    memcpy(key + 1, unit + 1, half);
    memcpy(key + 1 + half, unit + 1 + ends, 3);
    key[4 + half] = octet != 0;
    row = open_row(scanner, key, (uint8_t)(5 + half), UNKEPT, earliest, latest);
    if (row && (!row->frames || octet < row->octet))
        row->octet = octet;
    return row;
}

/* Put a unit that is not kept any more together with others.  0: there is no room, it stays. */
static int drop_unit(Scanner *scanner, struct row *direction, struct row *unit)
{
    struct row *sum = unkept_row(scanner, unit->key, (uint8_t)(direction->key_size - 1),
                                 unit->earliest, unit->latest);
    int i;
    if (!sum)
        return 0;
    if (!sum->frames || unit->first < sum->first) {
        sum->first = unit->first;
        sum->first_ns = unit->first_ns;
    }
    if (unit->last > sum->last) {
        sum->last = unit->last;
        sum->last_ns = unit->last_ns;
    }
    sum->frames += unit->frames;
    direction->frames += unit->frames;
    for (i = 0; i < unit->packets; i++)
        add_packet(sum, &unit->packet[i]);
    unit->key_size = 0;
    unit->next = scanner->unused;
    scanner->unused = number_of(scanner, unit);
    return 1;
}

/* Take a new unit of a direction into account.  While more than `kept` streams are of its level or
 * above, that level is too low, whatever else there is: raise it, and drop those below. */
static void take_part(Scanner *scanner, struct row *direction, struct row *unit)
{
    uint8_t macs = (uint8_t)(direction->key_size + 4), *mask = &direction->mask;
    uint16_t *link = &direction->next, number = number_of(scanner, unit);
    uint32_t above;
    struct row *row;
    for (; *link; link = &row->next) {
        row = &scanner->row[*link - 1];
        if (memcmp(row->key + direction->key_size, unit->key + direction->key_size, 3) == 0
            && memcmp(row->key + macs, unit->key + macs, 12) == 0) {
            unit->sibling = row->sibling;
            row->sibling = number;
            return;
        }
    }
    *link = number;
    for (;;) {
        above = 0;
        for (number = direction->next; number; number = row->next) {
            row = &scanner->row[number - 1];
            above += !(spread_of(scanner, row->key + macs) & *mask);
        }
        if (above <= scanner->kept || *mask == 0xff)
            break;
        *mask = (uint8_t)(*mask << 1 | 1);
    }
    for (link = &direction->next; *link;) {
        row = &scanner->row[*link - 1];
        if (!(spread_of(scanner, row->key + macs) & *mask)) {
            link = &row->next;
            continue;
        }
        for (number = row->sibling; number;) {
            uint16_t next = scanner->row[number - 1].sibling;
            drop_unit(scanner, direction, &scanner->row[number - 1]);
            number = next;
        }
        number = row->next;
        drop_unit(scanner, direction, row);
        *link = number; /* nothing leads to those that stay for want of room: the mask does */
    }
}

/* The row of a direction, whose key has `ends` bytes behind the first; NULL if there is no room. */
static struct row *direction_of(Scanner *scanner, const uint8_t *key, uint8_t ends)
{
    uint16_t *slot = find(scanner, key, (uint8_t)(1 + ends), DIRECTION);
    struct row *row = NULL;
    if (*slot)
        return &scanner->row[*slot - 1];
    if (scanner->directions < scanner->most / 4)
        row = add(scanner, key, (uint8_t)(1 + ends), DIRECTION);
    scanner->directions += row != NULL;
    return row;
}

/* Count a frame of NVGRE; 0 if the table is full. */
static int count(Scanner *scanner, const struct plain *found, int64_t ns, uint64_t number)
{
    uint8_t key[KEY] = {0}, ends = found->ends, size = (uint8_t)(17 + ends);
    int64_t second = ns / SECOND_NS;
    struct row *row, *direction = NULL;
    int is_kept = 1;
    memcpy(key + 1, found->addresses, ends);
    if (scanner->kept) {
        direction = direction_of(scanner, key, ends);
        is_kept = !direction || !(spread_of(scanner, found->inner) & direction->mask);
    }
    key[0] = found->flags;
    memcpy(key + 1 + ends, found->gre_key, 4);
    memcpy(key + 5 + ends, found->inner, 12);
    row = is_kept ? open_row(scanner, key, size, UNIT, second, second)
                  : unkept_row(scanner, key, ends, second, second);
    if (!row)
        return 0;
    if (!row->frames) {
        row->first = number;
        row->first_ns = ns;
        if (is_kept && found->customers_size) {  /* without any, their address is NULL */
            memcpy(row->customers, found->customers, found->customers_size);
            row->customers_size = found->customers_size;
        }
    }
    row->frames++;
    row->last = number;
    row->last_ns = ns;
    if (found->order <= row->order)
        take_packet(scanner, found, row);
    if (!is_kept)
        direction->frames++;
    else if (row->frames == 1 && direction)
        take_part(scanner, direction, row);
    return 1;
}

/* The time of a frame in nanoseconds since 1970; 0 for one that Python should look at. */
static int64_t read_time(const struct kind *kind, const uint8_t *stamp, int is_big)
{
    uint64_t one = get32(stamp, is_big), two = get32(stamp + 4, is_big), whole, part;
    uint64_t ticks = kind->are_seconds ? one * kind->per_second + two : one << 32 | two;
    int64_t ns;
    whole = ticks / kind->per_second;
    part = ticks % kind->per_second;
    if (whole > UINT64_C(4000000000))
        return 0;
    part = kind->tick_ns ? part * kind->tick_ns : part * SECOND_NS / kind->per_second;
    ns = (int64_t)(whole * SECOND_NS + part) + kind->offset_ns;
    return ns > 0 ? ns : 0;
}

/* --- records -----------------------------------------------------------------------------------*/

struct walk {
    const uint8_t *data, *kinds; /* kinds: a number for each interface; KINDS and more: none */
    size_t size, interfaces, at;
    uint32_t distance; /* from the time of a frame to its first byte */
    int is_big, is_pcapng, is_full;
    uint64_t number;
    int64_t last; /* the time of the last frame that was walked over, from `data` on; -1: none */
};

/* Whether an enhanced packet block of `size` bytes has the option that counts packets dropped before
 * it, which Python adds up; its options lie from `at` on, before the second length. */
static int tells_drops(const uint8_t *record, size_t size, size_t at, int is_big)
{
    while (size >= 8 && at <= size - 8) {
        unsigned code = get16(record + at), length = get16(record + at + 2);
        if (!is_big) {
            code = (code & 255u) << 8 | code >> 8;
            length = (length & 255u) << 8 | length >> 8;
        }
        if (code == DROP_COUNT)
            return 1;
        if (code == 0)
            return 0;
        at += 4 + ((length + 3) & ~3u);
    }
    return 0;
}

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
    if (tells_drops(record, size, BLOCK_HEAD + (((size_t)*captured + 3) & ~(size_t)3), walk->is_big))
        *kind = KINDS; /* none: the frame is left */
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
            int64_t ns = read_time(&scanner->kind[kind], walk->data + stamp, walk->is_big);
            if (!ns)
                verdict = LEAVE;
            else if (!count(scanner, &found, ns, walk->number)) {
                walk->is_full = 1;
                return;
            }
        }
        if (verdict == LEAVE) {
            struct left *left = &scanner->left[scanner->lefts++];
            left->stamp = (uint32_t)stamp;
            left->length = captured;
            left->number = walk->number;
        }
        scanner->counted[verdict]++;
        walk->at += size;
        walk->number++;
        walk->last = (int64_t)stamp;
    }
}

/* --- what Python sees: _scanner.pyi says what it is ----------------------------------------------*/

/* Put a new object into a list, which has it alone from then on. */
static int append_new(PyObject *list, PyObject *item)
{
    int failed = item == NULL || PyList_Append(list, item) < 0;
    Py_XDECREF(item);
    return failed;
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
    walk.last = -1;
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
            if (append_new(stamps, PyLong_FromUnsignedLong(scanner->left[i].stamp))
                || append_new(lengths, PyLong_FromUnsignedLong(scanner->left[i].length))
                || append_new(numbers, PyLong_FromUnsignedLongLong(scanner->left[i].number))) {
                scanner->is_busy = 0;
                goto done;
            }
    } while (lefts == LEFT && !walk.is_full);
    scanner->is_busy = 0;
    result = Py_BuildValue("(nKLO)", (Py_ssize_t)walk.at, (unsigned long long)walk.number,
                           (long long)walk.last, walk.is_full ? Py_True : Py_False);
done:
    PyBuffer_Release(&data);
    PyBuffer_Release(&kinds);
    return result;
}

static unsigned int within(unsigned int rows) { return rows < 1 ? 1 : rows < ROWS ? rows : ROWS; }

static PyObject *scanner_add_kind(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    struct kind kind = {0};
    unsigned long long per_second;
    long long offset_ns;
    if (!PyArg_ParseTuple(args, "pKL:add_kind", &kind.are_seconds, &per_second, &offset_ns))
        return NULL;
    kind.per_second = per_second;
    kind.offset_ns = offset_ns;
    if (per_second < 1 || per_second >> 33 || (kind.are_seconds && per_second > SECOND_NS)
        || offset_ns < -INT64_C(4000000000) * SECOND_NS
        || offset_ns > INT64_C(4000000000) * SECOND_NS || scanner->kinds >= KINDS)
        return PyLong_FromLong(KINDS);
    kind.tick_ns = SECOND_NS % per_second ? 0 : SECOND_NS / per_second;
    scanner->kind[scanner->kinds] = kind;
    return PyLong_FromLong(scanner->kinds++);
}

static PyObject *scanner_add_way(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    struct way way = {0};
    int kind, may_be_tagged;
    const char *value;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "ibbpby#b:add_way", &kind, &way.size, &way.decisive_at,
                          &may_be_tagged, &way.bottom_at, &value, &length, &way.version))
        return NULL;
    if (kind < 0 || kind >= scanner->kinds || length > (Py_ssize_t)sizeof way.value
        || way.decisive_at + length > way.size || way.bottom_at > way.size
        || (may_be_tagged && (length != 2 || way.bottom_at))) {
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
    if (!scanner->is_busy && (size == 8 || size == 32)) {
        memcpy(key + 1, ends, (size_t)size);
        row = direction_of(scanner, key, (uint8_t)size);
        if (row)
            row->mask |= mask;
    }
    Py_RETURN_NONE;
}

static PyObject *scanner_limit(PyObject *self, PyObject *args)
{
    Scanner *scanner = (Scanner *)self;
    unsigned int most, kept;
    if (!PyArg_ParseTuple(args, "II:limit", &most, &kept))
        return NULL;
    if (!scanner->is_busy) {
        scanner->most = within(most);
        scanner->kept = kept;
    }
    Py_RETURN_NONE;
}

static uint8_t *put(uint8_t *at, uint64_t value, int size)
{
    for (; size; size--, value >>= 8)
        *at++ = (uint8_t)value;
    return at;
}

/* Key and value of a unit, as CaptureEvidence.units has them. */
static PyObject *unit_tuple(const struct row *row)
{
    uint8_t value[1 + sizeof row->customers + 128], *at = value;
    int i, j;
    *at++ = row->sort == UNKEPT ? 1 : row->customers_size;
    if (row->sort == UNKEPT)
        *at++ = row->octet;
    memcpy(at, row->customers, row->customers_size);
    at += row->customers_size;
    at = put(at, (uint64_t)row->earliest, 8);
    at = put(at, (uint64_t)row->latest, 8);
    at = put(at, row->frames, 8);
    at = put(at, row->first, 8);
    at = put(at, (uint64_t)row->first_ns, 8);
    at = put(at, row->last, 8);
    at = put(at, (uint64_t)row->last_ns, 8);
    for (i = 0; i < 2; i++) {
        const struct packet *packet = &row->packet[i];
        at = put(at, packet->order, 2);
        for (j = 56; j >= 0; j -= 8)
            *at++ = (uint8_t)(packet->digest >> j);
        at = put(at, packet->frames, 8);
        *at++ = packet->hop_limit;
        at = put(at, packet->conversation, 4);
    }
    return Py_BuildValue("(y#y#)", (const char *)row->key, (Py_ssize_t)row->key_size,
                         (const char *)value, (Py_ssize_t)(at - value));
}

static PyObject *scanner_take(PyObject *self, PyObject *Py_UNUSED(unused))
{
    Scanner *scanner = (Scanner *)self;
    PyObject *units, *directions, *taken = NULL;
    uint32_t i;
    int failed = 0;
    if (scanner->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "this scanner is walking");
        return NULL;
    }
    units = PyList_New(0);
    directions = PyList_New(0);
    failed = !units || !directions;
    for (i = 0; !failed && i < scanner->rows; i++) {
        const struct row *row = &scanner->row[i];
        int level = 0;
        while (row->mask >> level)
            level++;
        if (row->key_size && row->sort == DIRECTION)
            failed = append_new(directions, Py_BuildValue("(y#iK)", (const char *)row->key + 1,
                                                          (Py_ssize_t)row->key_size - 1, level,
                                                          (unsigned long long)row->frames));
        else if (row->key_size)
            failed = append_new(units, unit_tuple(row));
    }
    if (!failed)
        taken = Py_BuildValue("(OOKKKK)", units, directions,
                              (unsigned long long)scanner->counted[NVGRE],
                              (unsigned long long)scanner->counted[NOT_GRE],
                              (unsigned long long)scanner->counted[VXLAN],
                              (unsigned long long)scanner->counted[ARP]);
    Py_XDECREF(units);
    Py_XDECREF(directions);
    if (!taken)
        return NULL;
    memset(scanner->index, 0, ((size_t)scanner->mask + 1) * sizeof *scanner->index);
    scanner->rows = scanner->directions = scanner->slots = scanner->unused = 0;
    memset(scanner->counted, 0, sizeof scanner->counted);
    return taken;
}

static PyObject *scanner_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    const char *seed, *spread;
    Py_ssize_t seed_size, spread_size;
    unsigned int longest, most, i, bit;
    Scanner *scanner;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    if (!PyArg_ParseTuple(args, "y#y#II:Scanner", &seed, &seed_size, &spread, &spread_size,
                          &longest, &most))
        return NULL;
    if (seed_size != sizeof scanner->seed || spread_size != sizeof scanner->spread) {
        PyErr_SetString(PyExc_ValueError, "a seed of 120 bytes, a table of 256");
        return NULL;
    }
    scanner = (Scanner *)allocate(type, 0); /* filled with zeros */
    if (!scanner)
        return NULL;
    memcpy(scanner->seed, seed, sizeof scanner->seed);
    memcpy(scanner->spread, spread, sizeof scanner->spread);
    scanner->longest = longest;
    scanner->mask = FEW_SLOTS - 1;
    for (i = 0; i < 256; i++)
        for (scanner->crc[i] = i, bit = 0; bit < 8; bit++)
            scanner->crc[i] = scanner->crc[i] >> 1 ^ (scanner->crc[i] & 1 ? 0xedb88320u : 0);
    scanner->most = within(most);
    scanner->index = PyMem_Calloc(SLOTS, sizeof *scanner->index);
    /* Not filled: `add` does it, and of many small captures few rows are ever touched. */
    scanner->row = PyMem_Malloc(ROWS * sizeof *scanner->row);
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
    {"add_kind", scanner_add_kind, METH_VARARGS, NULL},
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
