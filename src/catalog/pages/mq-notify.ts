/** What `explain` says of mq_notify. */
import type { Page } from "../types.js";

export const MQ_NOTIFY_PAGE: Page = {
  description: [
    {
      id: "notify.once",
      says: "Registers the calling process for one notification: when a message comes into the empty queue and nobody waits in a receive. Firing ends the registration.",
    },
    {
      id: "notify.one-per-queue",
      says: "A queue has one registration, whoever made it. A second is EBUSY, also by the same process or with another method.",
    },
    {
      id: "notify.null",
      says: "With sevp null it takes the caller's own registration away. Of somebody else's it takes no notice: 0, and nothing changed.",
    },
  ],
  useCase:
    "Why a service was not woken: never registered, EBUSY, used up, lost by a close, or a waiting receiver had the message.",
  result: {
    id: "notify.zero",
    says: "0: registered, or with sevp null nothing of the caller's is registered now.",
  },
  behaviour: [
    {
      id: "notify.signal",
      says: "SIGEV_SIGNAL sends signal sigev_signo, with si_code SI_MESGQ, the whole sigev_value as si_value, and the sender's si_pid and si_uid.",
    },
    {
      id: "notify.none",
      says: "SIGEV_NONE tells nobody, takes the queue's one place all the same, and is used up by firing.",
    },
    {
      id: "notify.thread",
      says: "SIGEV_THREAD, as libc makes it: sigev_signo is a netlink socket and sival_ptr leads to a cookie of 32 bytes. The kernel sends the cookie to the socket, its last byte 1 when it fired and 2 when the registration went away.",
    },
    {
      id: "notify.not-empty",
      says: "A message that comes into a queue with messages fires nothing; the registration stays.",
    },
    {
      id: "notify.waiter",
      says: "A message that a waiting receiver gets fires nothing; the registration stays.",
    },
    {
      id: "notify.refill",
      says: "When a receive lets a waiting sender's message in, nothing fires: with mq_maxmsg 1 a queue goes from empty to not empty without notification.",
    },
    {
      id: "notify.exit",
      says: "Exit and exec of the registered process end the registration, since they close the descriptor.",
    },
    {
      id: "notify.exec",
      says: "A descriptor without close-on-exec keeps it over exec; it takes the queue's place, and its signal is dropped.",
    },
  ],
  pitfalls: [
    {
      id: "notify.close-any",
      says: "Any close by the registered process of any descriptor of this queue, also a dup or a second mq_open, ends the registration.",
    },
    {
      id: "notify.close-other",
      says: "A close by another process, such as a forked child, leaves it alone.",
    },
    {
      id: "notify.register-first",
      says: "Messages that are there already fire nothing. Register first, then empty the queue, and do both again after each notification.",
    },
  ],
  kernel: [],
};
