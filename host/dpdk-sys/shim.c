/* DPDK as functions over opaque handles: what is inline or changes its layout from release to release stays on this side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

enum { BURST = 32, NAME_BYTES = 64, MBUFS_MIN = 4096, CACHE = 256, DESCRIPTORS = 1024 };

_Static_assert(NAME_BYTES >= RTE_ETH_NAME_MAX_LEN, "a name has room");

struct riposte_port {
    uint16_t id;
    struct rte_mempool *pool;
    /* What the last receive gave, until it is freed. */
    struct rte_mbuf *held[BURST];
    unsigned held_count;
};

/* As in lib.rs. */
struct riposte_frame {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t whole_length;
};

struct riposte_counts {
    uint64_t missed;
    uint64_t bad;
    uint64_t unsent;
};

/* 0, or an errno. */
int riposte_dpdk_init(int argc, char **argv) {
    if (rte_eal_init(argc, argv) >= 0) return 0;
    return rte_errno > 0 ? rte_errno : EINVAL;
}

void riposte_dpdk_cleanup(void) { rte_eal_cleanup(); }

const char *riposte_dpdk_runtime_folder(void) { return rte_eal_get_runtime_dir(); }

/* Devices that nobody else owns: how many, and the number and name of the one at `at`, if there is one. */
unsigned riposte_dpdk_device(unsigned at, uint16_t *number, char name[NAME_BYTES]) {
    unsigned count = 0;
    uint16_t id;
    RTE_ETH_FOREACH_DEV(id) {
        if (count++ != at) continue;
        *number = id;
        if (rte_eth_dev_get_name_by_port(id, name) != 0) name[0] = 0;
    }
    return count;
}

static int start(struct riposte_port *port) {
    struct rte_eth_conf configuration;
    struct rte_eth_dev_info info;
    uint16_t received = DESCRIPTORS, sent = DESCRIPTORS;
    int error;
    memset(&configuration, 0, sizeof configuration);
    if ((error = rte_eth_dev_info_get(port->id, &info)) != 0) return error;
    if ((error = rte_eth_dev_configure(port->id, 1, 1, &configuration)) != 0) return error;
    if ((error = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &received, &sent)) != 0) return error;
    if ((error = rte_eth_rx_queue_setup(port->id, 0, received, rte_eth_dev_socket_id(port->id), NULL, port->pool)) != 0) return error;
    if ((error = rte_eth_tx_queue_setup(port->id, 0, sent, rte_eth_dev_socket_id(port->id), NULL)) != 0) return error;
    if ((error = rte_eth_dev_start(port->id)) != 0) return error;
    /* A group is sent to an address of its own. Devices that take everything anyway may not know the word. */
    error = rte_eth_promiscuous_enable(port->id);
    return error == -ENOTSUP ? 0 : error;
}

/* A started device, or NULL with an errno in `error`. */
struct riposte_port *riposte_dpdk_open(uint16_t id, int *error) {
    struct riposte_port *port = calloc(1, sizeof *port);
    char name[RTE_MEMPOOL_NAMESIZE];
    *error = ENOMEM;
    if (port == NULL) return NULL;
    port->id = id;
    snprintf(name, sizeof name, "riposte-%u", id);
    port->pool = rte_pktmbuf_pool_create(name, MBUFS_MIN + 2 * DESCRIPTORS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (port->pool == NULL) {
        *error = rte_errno;
    } else if ((*error = -start(port)) == 0) {
        return port;
    } else {
        rte_eth_dev_close(id);
        rte_mempool_free(port->pool);
    }
    free(port);
    return NULL;
}

/* Lets go of what the last call gave, and gives what has come: at most BURST frames, valid until the next call. */
unsigned riposte_dpdk_receive(struct riposte_port *port, struct riposte_frame frames[BURST]) {
    rte_pktmbuf_free_bulk(port->held, port->held_count);
    port->held_count = rte_eth_rx_burst(port->id, 0, port->held, BURST);
    for (unsigned at = 0; at < port->held_count; at++) {
        const struct rte_mbuf *mbuf = port->held[at];
        frames[at].bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *);
        frames[at].length = rte_pktmbuf_data_len(mbuf);
        frames[at].whole_length = rte_pktmbuf_pkt_len(mbuf);
    }
    return port->held_count;
}

/* 0 if the device has taken a copy, EAGAIN if it has no room now, EMSGSIZE if it never will. */
int riposte_dpdk_transmit(struct riposte_port *port, const uint8_t *bytes, uint16_t length) {
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);
    if (mbuf == NULL) return EAGAIN;
    char *room = rte_pktmbuf_append(mbuf, length);
    int error = EMSGSIZE;
    if (room != NULL) {
        memcpy(room, bytes, length);
        if (rte_eth_tx_burst(port->id, 0, &mbuf, 1) == 1) return 0;
        error = EAGAIN;
    }
    rte_pktmbuf_free(mbuf);
    return error;
}

int riposte_dpdk_counts(struct riposte_port *port, struct riposte_counts *counts) {
    struct rte_eth_stats stats;
    int error = rte_eth_stats_get(port->id, &stats);
    if (error != 0) return -error;
    counts->missed = stats.imissed + stats.rx_nombuf;
    counts->bad = stats.ierrors;
    counts->unsent = stats.oerrors;
    return 0;
}

void riposte_dpdk_close(struct riposte_port *port) {
    rte_pktmbuf_free_bulk(port->held, port->held_count);
    rte_eth_dev_stop(port->id);
    rte_eth_dev_close(port->id);
    rte_mempool_free(port->pool);
    free(port);
}
