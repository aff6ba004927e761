/** What `explain` says of sends to and receives from POSIX queues. The 32-bit time calls share the code, and its facts. */
import type { Fact, Page } from "../types.js";

const ON_IA32: Fact = {
  id: "time32.only-32-bit",
  says: "Only 32-bit programs have this call. It differs in nothing but abs_timeout: two 32-bit numbers in place of two of 64 bits. A 32-bit program with 64-bit time makes the call under the other event's name.",
};

const YEAR_2038: Fact = {
  id: "time32.2038",
  says: "A deadline after 19 January 2038 cannot be written: the seconds turn negative, which is EINVAL at once.",
};

const CLOCK: Fact = {
  id: "mq-deadline.clock-steps",
  says: "A step of the realtime clock moves the deadline of a call that waits.",
  untested: "would step the host's clock",
};

const SEND_BEHAVIOUR: readonly Fact[] = [
  {
    id: "send.order",
    says: "The highest msg_prio is received first, and within one priority the oldest message.",
  },
  {
    id: "send.handover",
    says: "To a receiver that waits the message goes directly: mq_curmsgs stays 0 and mq_notify does not fire.",
  },
  {
    id: "send.completed-by-receive",
    says: "What completes a send that waits is a receive: its task puts the message into the queue in the same step in which it takes its own out. mq_curmsgs never shows the gap.",
  },
  {
    id: "send.deadline-unused",
    says: "abs_timeout matters only when the call must wait: with room in the queue an expired one is no error.",
  },
  {
    id: "send.deadline-invalid",
    says: "It must be valid all the same: tv_nsec outside 0 to 999999999 or a negative tv_sec is EINVAL, with room in the queue too.",
  },
  {
    id: "send.deadline-absolute",
    says: "It is a moment of CLOCK_REALTIME, no duration: 60 seconds is a minute into 1970, long past, and gives ETIMEDOUT at once.",
  },
  {
    id: "send.nonblock",
    says: "With O_NONBLOCK a full queue is EAGAIN at once, whatever abs_timeout says.",
  },
  {
    id: "send.empty",
    says: "An empty message is a message: it takes a place and is received with length 0.",
  },
  {
    id: "send.restart",
    says: "A signal ends the wait with ERESTARTSYS (512) for the tracer. With SA_RESTART the kernel calls again with the same deadline, else user space gets EINTR.",
  },
];

const SEND_PITFALLS: readonly Fact[] = [
  {
    id: "send.nothing-else-wakes",
    says: "mq_unlink, O_NONBLOCK set meanwhile, and another task's close leave a send waiting.",
  },
  {
    id: "send.waiters-by-scheduling",
    says: "Of several waiting senders the task with the best scheduling priority goes first, whatever its msg_prio; equal ones in order of arrival.",
  },
  {
    id: "send.priority-limit",
    says: "msg_prio goes up to 32767. 32768 is EINVAL, also for an empty queue.",
  },
  CLOCK,
];

const SEND: Page = {
  description: [
    {
      id: "send.waits",
      says: "Puts a message with a priority into a POSIX queue. While the queue is full it waits: for ever when abs_timeout is null, else until that moment.",
    },
    {
      id: "send.copied-first",
      says: "The payload is copied before any wait: what the program writes there while the call waits is not sent.",
    },
  ],
  useCase:
    "Where senders wait, for how long and on which queue; what was sent with which priority; whether a buffer changed under the kernel's hands.",
  result: {
    id: "send.zero",
    says: "0: the message is in the queue, or a receiver that waited has it.",
  },
  behaviour: SEND_BEHAVIOUR,
  pitfalls: SEND_PITFALLS,
  kernel: [
    { function: "load_msg", when: "always: the payload is copied, before any wait" },
    {
      function: "msg_insert",
      when: "there is room and no receiver waits; a send that waited: in the receiver's task",
    },
    {
      function: "__do_notify",
      when: "the message was put into the empty queue, and somebody is registered",
    },
    { function: "free_msg", when: "the call fails after the payload was copied" },
  ],
};

export const MQ_SEND_PAGE: Page = {
  ...SEND,
  description: [
    ...SEND.description,
    { id: "send.libc", says: "libc's mq_send is this call with abs_timeout null." },
  ],
  twin: "mq_timedsend_time32",
};

export const MQ_SEND_TIME32_PAGE: Page = {
  ...SEND,
  description: [...SEND.description, ON_IA32],
  pitfalls: [YEAR_2038, ...SEND_PITFALLS],
  twin: "mq_timedsend",
};

const RECEIVE_BEHAVIOUR: readonly Fact[] = [
  {
    id: "receive.empty-waits",
    says: "An empty queue is no timeout: the call waits. EAGAIN comes only with O_NONBLOCK, ETIMEDOUT only when abs_timeout passes, and never before it.",
  },
  {
    id: "receive.expired-succeeds",
    says: "An expired abs_timeout still gets a message that is there.",
  },
  {
    id: "receive.deadline-invalid",
    says: "An invalid abs_timeout is EINVAL, also with a message there, and takes nothing.",
  },
  {
    id: "receive.buffer-first",
    says: "msg_len must be at least mq_msgsize, however short the message: else EMSGSIZE, before the call looks at the queue. An empty queue makes it no different.",
  },
  {
    id: "receive.refills",
    says: "From a full queue with waiting senders the number of messages stays: the first sender's message comes in as this one goes out, and no notification fires.",
  },
  {
    id: "receive.waiters",
    says: "Of several waiting receivers the task with the best scheduling priority gets the message; equal ones in order of arrival.",
  },
  {
    id: "receive.priority-first",
    says: "msg_prio is written before the payload: with EFAULT for msg_ptr it may have been written.",
  },
  {
    id: "receive.restart",
    says: "A signal ends the wait with ERESTARTSYS (512) for the tracer. With SA_RESTART the kernel calls again with the same deadline, else user space gets EINTR.",
  },
  {
    id: "receive.killed",
    says: "A task that is killed while it waits ends its call with ERESTARTSYS too, and takes no message with it.",
  },
];

const RECEIVE_PITFALLS: readonly Fact[] = [
  {
    id: "receive.fault-loses",
    says: "EFAULT for msg_ptr or msg_prio: the message is out of the queue and lost.",
  },
  {
    id: "receive.no-terminator",
    says: "The payload is bytes, not a string: nothing is written behind it, and a NUL inside ends nothing.",
  },
  {
    id: "receive.late",
    says: "Success after abs_timeout is legal: a message that arrives as the wait ends wins.",
    untested: "a race that no test can force",
  },
  {
    id: "receive.no-ebadmsg",
    says: "EBADMSG, of which POSIX speaks, does not come from these queues.",
    untested: "that something never happens cannot be executed",
  },
  CLOCK,
];

const RECEIVE: Page = {
  description: [
    {
      id: "receive.takes",
      says: "Takes the oldest message of the highest priority out of a POSIX queue. While the queue is empty it waits: for ever when abs_timeout is null, else until that moment.",
    },
    {
      id: "receive.output",
      says: "The message goes to msg_ptr, its priority to msg_prio unless that is null.",
    },
  ],
  useCase:
    "Who received what, and how long it waited for it; how long messages lay in the queue; which receive lost a message.",
  result: {
    id: "receive.length",
    says: "The message's length in bytes, which may be 0. Nothing else tells the length.",
  },
  behaviour: RECEIVE_BEHAVIOUR,
  pitfalls: RECEIVE_PITFALLS,
  kernel: [
    {
      function: "store_msg",
      when: "a message was taken and msg_prio could be written: the payload goes to user memory",
    },
    { function: "free_msg", when: "a message was taken; without store_msg before it the message is lost" },
    { function: "msg_insert", when: "the queue was full and a sender waited: its message, in this task" },
  ],
};

export const MQ_RECEIVE_PAGE: Page = {
  ...RECEIVE,
  description: [
    ...RECEIVE.description,
    { id: "receive.libc", says: "libc's mq_receive is this call with abs_timeout null." },
  ],
  twin: "mq_timedreceive_time32",
};

export const MQ_RECEIVE_TIME32_PAGE: Page = {
  ...RECEIVE,
  description: [...RECEIVE.description, ON_IA32],
  pitfalls: [YEAR_2038, ...RECEIVE_PITFALLS],
  twin: "mq_timedreceive",
};
