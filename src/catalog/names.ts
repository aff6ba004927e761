/**
 * Names of the numbers inside structs: signals, ways of notification, socket families, control messages. From the
 * uapi headers; what has no name gives null and is shown as its number.
 */

const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

const SIGEV: ReadonlyMap<number, string> = new Map([
  [0, "SIGEV_SIGNAL"],
  [1, "SIGEV_NONE"],
  [2, "SIGEV_THREAD"],
  [4, "SIGEV_THREAD_ID"],
]);

/** include/linux/socket.h; the index is the number. */
const FAMILIES =
  "UNSPEC UNIX INET AX25 IPX APPLETALK NETROM BRIDGE ATMPVC X25 INET6 ROSE DECnet NETBEUI SECURITY KEY NETLINK PACKET ASH ECONET ATMSVC RDS SNA IRDA PPPOX WANPIPE LLC IB MPLS CAN TIPC BLUETOOTH IUCV RXRPC ISDN PHONET IEEE802154 CAIF ALG NFC VSOCK KCM QIPCRTR SMC XDP MCTP".split(
    " ",
  );

const SOCKET_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "SOCK_STREAM"],
  [2, "SOCK_DGRAM"],
  [3, "SOCK_RAW"],
  [4, "SOCK_RDM"],
  [5, "SOCK_SEQPACKET"],
  [6, "SOCK_DCCP"],
  [10, "SOCK_PACKET"],
]);

const CMSG_LEVELS: ReadonlyMap<number, string> = new Map([
  [0, "SOL_IP"],
  [1, "SOL_SOCKET"],
  [6, "SOL_TCP"],
  [17, "SOL_UDP"],
  [41, "SOL_IPV6"],
  [132, "SOL_SCTP"],
  [255, "SOL_RAW"],
  [263, "SOL_PACKET"],
  [270, "SOL_NETLINK"],
  [272, "SOL_RXRPC"],
  [279, "SOL_ALG"],
  [282, "SOL_TLS"],
  [287, "SOL_VSOCK"],
]);

const CMSG_TYPES: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map([
  [
    0,
    new Map([
      [1, "IP_TOS"],
      [2, "IP_TTL"],
      [4, "IP_OPTIONS"],
      [7, "IP_RETOPTS"],
      [8, "IP_PKTINFO"],
      [11, "IP_RECVERR"],
      [18, "IP_PASSSEC"],
      [20, "IP_ORIGDSTADDR"],
      [23, "IP_CHECKSUM"],
      [25, "IP_RECVFRAGSIZE"],
    ]),
  ],
  [
    1,
    new Map([
      [1, "SCM_RIGHTS"],
      [2, "SCM_CREDENTIALS"],
      [3, "SCM_SECURITY"],
      [4, "SCM_PIDFD"],
      [29, "SO_TIMESTAMP_OLD"],
      [35, "SO_TIMESTAMPNS_OLD"],
      [36, "SO_MARK"],
      [37, "SO_TIMESTAMPING_OLD"],
      [40, "SO_RXQ_OVFL"],
      [41, "SCM_WIFI_STATUS"],
      [54, "SCM_TIMESTAMPING_OPT_STATS"],
      [58, "SCM_TIMESTAMPING_PKTINFO"],
      [61, "SCM_TXTIME"],
      [63, "SO_TIMESTAMP_NEW"],
      [64, "SO_TIMESTAMPNS_NEW"],
      [65, "SO_TIMESTAMPING_NEW"],
    ]),
  ],
  [
    17,
    new Map([
      [103, "UDP_SEGMENT"],
      [104, "UDP_GRO"],
    ]),
  ],
  [
    41,
    new Map([
      [8, "IPV6_2292HOPLIMIT"],
      [11, "IPV6_FLOWINFO"],
      [25, "IPV6_RECVERR"],
      [50, "IPV6_PKTINFO"],
      [52, "IPV6_HOPLIMIT"],
      [54, "IPV6_HOPOPTS"],
      [57, "IPV6_RTHDR"],
      [59, "IPV6_DSTOPTS"],
      [62, "IPV6_DONTFRAG"],
      [67, "IPV6_TCLASS"],
      [74, "IPV6_ORIGDSTADDR"],
      [77, "IPV6_RECVFRAGSIZE"],
    ]),
  ],
]);

/** `SIGUSR1`, real-time ones as strace writes them (`SIGRT_1`); null when there is no such signal. */
export function signalName(signal: number): string | null {
  if (signal >= 32 && signal <= 64) return signal === 32 ? "SIGRTMIN" : `SIGRT_${signal - 32}`;
  const name = SIGNALS[signal - 1];
  return name === undefined ? null : `SIG${name}`;
}

/** sigevent.sigev_notify. */
export function sigevName(notify: number): string | null {
  return SIGEV.get(notify) ?? null;
}

/** `AF_INET`. */
export function familyName(family: number): string | null {
  const name = FAMILIES[family];
  return name === undefined ? null : `AF_${name}`;
}

/** `SOCK_DGRAM`, without the flags SOCK_CLOEXEC and SOCK_NONBLOCK. */
export function socketTypeName(type: number): string | null {
  return SOCKET_TYPES.get(type) ?? null;
}

/** cmsghdr.cmsg_level: `SOL_SOCKET`. */
export function cmsgLevelName(level: number): string | null {
  return CMSG_LEVELS.get(level) ?? null;
}

/** cmsghdr.cmsg_type of a level: `SCM_RIGHTS`. */
export function cmsgTypeName(level: number, type: number): string | null {
  return CMSG_TYPES.get(level)?.get(type) ?? null;
}
